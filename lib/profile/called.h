/* SPDX-License-Identifier: MIT */
/* The one name of a process, wherever a person reads it: in file names, tables and labels. */
#ifndef MT_PROFILE_CALLED_H
#define MT_PROFILE_CALLED_H

#include "profile/profile.h"

/* Returns what a person would call the program by, of a profile that memtrack made: the name that
 * it was called by, without directories. Valid until the profile is freed. */
const char *mt_called_name(const struct mt_profile *profile);

/* Returns the name without its directories. The title that a process has given itself ("server: worker
 * of /run/socket") is no path, and stays whole. */
const char *mt_called_base(const char *path);

/* Returns how many bytes of a process's arguments, as the kernel lists them, are not what a title has
 * left behind. */
size_t mt_called_arguments(const char *arguments, size_t bytes);

/* Sets the command to the arguments of a process as the kernel lists them, each with a zero behind
 * it. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_called_take(struct mt_profile *profile, const char *arguments, size_t bytes);

#endif
