/* SPDX-License-Identifier: MIT */
/*
 * A change of several things at once, written down before it is made: entries of the table of live
 * blocks, and counters of the calling thread's own records. It can be left at any point, and is
 * then carried out, once more or for the first time, when the thread (or who gets its bank) comes
 * to the recorder again. For what is too rare for a journal of its own.
 *
 * Inside an event; owner thread only. No lock may be held that is taken by the table of live
 * blocks.
 */
#ifndef MT_TRACK_PLAN_H
#define MT_TRACK_PLAN_H

#include "track/live/live.h"

/* Begins a new plan, for a site of the calling thread's (0: for none). */
MT_HIDDEN void mt_plan_begin(struct mt_thread *t, mt_site_id site);

/* Plans that *word, which this thread alone writes, is larger by change. */
MT_HIDDEN void mt_plan_add(struct mt_thread *t, uint64_t *word, uint64_t change);

/* Plans that what is entered under key is this entry, with site 0 nothing. */
MT_HIDDEN void mt_plan_enter(struct mt_thread *t, uint64_t key, struct mt_live_entry entry);

/* Carries the plan out. A block that finds no room counts as freed, and as dropped. */
MT_HIDDEN void mt_plan_carry_out(struct mt_thread *t);

/* Carries out the plan of an event that was left, if all of the plan had been written down. Returns
 * whether that was so. */
MT_HIDDEN bool mt_plan_recover(struct mt_thread *t);

#endif
