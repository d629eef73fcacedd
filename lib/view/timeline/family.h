/* SPDX-License-Identifier: MIT */
/* Which of many profiles are of processes of one run, and of one recording. Pure functions. */
#ifndef MT_VIEW_TIMELINE_FAMILY_H
#define MT_VIEW_TIMELINE_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"

/* The index of the parent of profiles[child]; SIZE_MAX when none of them is of it. */
size_t mt_timeline_family_parent(const struct mt_profile *const *profiles, size_t n, size_t child);

/*
 * Finds which of n profiles belong to the run of the newest process: is_member[i]. These are the
 * processes from that process up to its oldest recorded ancestor, and all that descend from it. A
 * parent is the process with the pid that ppid says and a life that holds the start of the child;
 * another program in the same process follows on the one before.
 */
void mt_timeline_family(const struct mt_profile *const *profiles, size_t n, bool *is_member);

/* Finds which of n profiles are of a recording that another one of them follows further (a
 * snapshot, and what the process left at its end): is_earlier[i]. Returns how many. To add those
 * up would count a process twice. */
size_t mt_timeline_family_earlier(const struct mt_profile *const *profiles, size_t n,
                                  bool *is_earlier);

#endif
