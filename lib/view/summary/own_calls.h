/* SPDX-License-Identifier: MIT */
/* Programs that call an allocator by names of its own, which are not recorded. */
#ifndef MT_VIEW_SUMMARY_OWN_CALLS_H
#define MT_VIEW_SUMMARY_OWN_CALLS_H

#include "profile/profile.h"

/* Reads the files of the program and its modules; appends a note to the profile for each that does.
 * 0 or -MEMTRACK_ENOMEM. */
int mt_own_calls_note(struct mt_profile *profile);

#endif
