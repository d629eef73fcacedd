/* SPDX-License-Identifier: MIT */
/* The one name of a process, wherever a person reads it: in file names, tables and labels. */
#ifndef MT_PROFILE_CALLED_H
#define MT_PROFILE_CALLED_H

#include "profile/profile.h"

/* Returns what a person would call the program by, of a profile that memtrack made: the name that
 * it was called by, without directories. Valid until the profile is freed. */
const char *mt_called_name(const struct mt_profile *profile);

#endif
