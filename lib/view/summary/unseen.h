/* SPDX-License-Identifier: MIT */
/* Memory that a process had and that was not recorded: how much, and whose it probably is. */
#ifndef MT_VIEW_SUMMARY_UNSEEN_H
#define MT_VIEW_SUMMARY_UNSEEN_H

#include "profile/profile.h"

/*
 * Looks at info.anonymous. When what was recorded is less than half of it, appends a note to the
 * profile that says how much it is, what else in the program's files keeps memory, and how to see
 * that. Reads those files. Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_unseen_note(struct mt_profile *profile);

/* Returns whether a note is the one that mt_unseen_note makes, and how many bytes of it say the
 * most in one line. */
bool mt_unseen_is_note(const char *note);
size_t mt_unseen_brief(const char *note);

/* Returns whether so much is missing that a note has to say it: what was recorded (the highest heap
 * and 32 bytes for each block) is less than half of the highest anonymous memory, and at least
 * 2 MiB less. */
bool mt_unseen_is_much(const struct mt_anonymous *anonymous);

#endif
