/* SPDX-License-Identifier: MIT */
/*
 * A profile without what tells whose it is: for a page or a file that leaves the house.
 *
 *   paths            of source files and modules: the base name. Of two files of one name the second
 *                    is "util(2).c". Fixed roots (/usr/include/c++/, /usr/lib/, /redacted/, …)
 *                    stand before it where else other frames would be charged
 *   command line     the program's name
 *   working folder   gone
 *   notes, marks     without paths, arguments and the user's name (of paths in a home)
 *   names            of functions, threads, scopes, counters, domains: without paths and the like;
 *                    they stay, since the report is about them
 *   values           that the program gave to its scopes: "[redacted]"
 *
 * Figures, lines, addresses, pids, times, build ids and the names of columns stay. A profile never
 * has the host's name or the environment.
 */
#ifndef MT_VIEW_REDACT_REDACT_H
#define MT_VIEW_REDACT_REDACT_H

#include "base/error.h"
#include "profile/profile.h"
#include "view/sources/sources.h"

/*
 * Changes the profile where it is: every report of it has the rows that it had, under other names.
 * To be called when functions have their names (mt_symbols_resolve). Rows and trees made of it
 * before are not valid any more; who has filters of true names notes the samples that pass, and
 * gives them as mt_view_options.among. Patterns of wrappers count when they are stored in the
 * profile (mt_patterns_store). Of sources (NULL: none) the paths are changed likewise; their text
 * stays. Not of a part of a recording (profile->whole). Returns 0, or -MEMTRACK_ENOMEM, after
 * which the profile can only be freed.
 */
int mt_redact(struct mt_profile *profile, struct mt_sources *sources, struct mt_error *error);

#endif
