/* SPDX-License-Identifier: MIT */
/* What an export is called in the format's own fields. Private to lib/export. */
#ifndef MT_EXPORT_TITLE_H
#define MT_EXPORT_TITLE_H

#include "profile/profile.h"

/* Returns the command line, its words separated by blanks; of another tool's profile, which tool
 * wrote it. Text of unknown origin. malloc'ed; NULL: out of memory. */
char *mt_title_command(const struct mt_profile *profile);

#endif
