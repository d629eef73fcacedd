/* SPDX-License-Identifier: MIT */
/* How much of a process's anonymous memory was recorded, and the note that says what else it holds
 * (unseen.h makes it). */
#ifndef MT_VIEW_SUMMARY_ANONYMOUS_H
#define MT_VIEW_SUMMARY_ANONYMOUS_H

#include "profile/profile.h"

/* What the note begins with. */
#define MT_ANONYMOUS_NOTE "Peak RSS "

/* Returns whether a note is the one that mt_unseen_note makes, and how many bytes of it say the
 * most in one line. */
bool mt_anonymous_is_note(const char *note);
size_t mt_anonymous_brief(const char *note);

/* Returns whether so much is missing that a note has to say it: what was recorded (the highest heap
 * and 32 bytes for each block) is less than half of the highest anonymous memory, and at least
 * 2 MiB less. */
bool mt_anonymous_is_much(const struct mt_anonymous *anonymous);
/* Returns whether so much is not malloc's. Of a recording that was not on all the time, or that
 * began in a fork, nobody knows: false. */
bool mt_anonymous_is_foreign(const struct mt_profile_info *info);
/* Returns whether blocks of malloc are among what was not recorded. */
bool mt_anonymous_has_blocks(const struct mt_profile_info *info);

#endif
