/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a tree did over time, and measured of themselves, as one: the part of a
 * merge (profile/merge.h) that has the time axis, the scopes and the threads. Apart from it because
 * few views ask for them, and the page does not.
 *
 * All times are put on the clock of the process that began first: the recording of the result begins
 * with it, and lasts until the last one ends.
 */
#ifndef MT_PROFILE_JOIN_H
#define MT_PROFILE_JOIN_H

#include "profile/merge.h"

/*
 * mt_merge_new, with what keep asks for beside the samples.
 *
 * times: ticks become ticks of the sum (a process counts from its first tick to its end, with what
 * was read of it last), marks keep their names, and changes of call paths add up: what was live at a
 * moment in all processes that ran then. A process of which no composition was kept is counted, and
 * a note says so.
 *
 * scopes: totals and what follows of them keep their threads, so that a view can tell them apart or
 * add them up; counters of another process than the program itself have it behind their names. The
 * table of threads is that of all processes. scopes_apart: the names of scopes have the process
 * behind them, so that there is a row for each name and process.
 *
 * Returns NULL when out of memory.
 */
struct mt_merge *mt_join_new(const struct mt_merge_keep *keep);

#endif
