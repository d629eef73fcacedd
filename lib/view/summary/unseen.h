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

#endif
