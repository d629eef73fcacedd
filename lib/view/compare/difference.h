/* SPDX-License-Identifier: MIT */
/* A difference by call paths as a profile of its own, for what knows profiles alone. */
#ifndef MT_VIEW_COMPARE_DIFFERENCE_H
#define MT_VIEW_COMPARE_DIFFERENCE_H

#include "profile/profile.h"
#include "view/compare/diff.h"

/*
 * Makes the profile of a difference whose rows are by stack. Each row has two samples of the same
 * call path, which begins at the frame that is charged: what the new side has, and, marked is_base,
 * what the old side has with its sign turned. So each column adds up to its difference; it has those
 * columns that both sides have. Rows of it are those of the difference when they are built by stack
 * with keep_all. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT; *out is the caller's.
 */
int mt_difference_profile(const struct mt_diff *diff, struct mt_profile **out,
                          struct mt_error *error);

#endif
