/* SPDX-License-Identifier: MIT */
/* What scopes of one name come to: sums, maxima and histograms in the ledger, per thread. */
#ifndef MT_TRACK_TOTALS_H
#define MT_TRACK_TOTALS_H

#include "base/atomic.h"
#include "track/thread/thread.h"

struct mt_scope_result {
    bool is_misuse, is_failed, is_recursive, is_sure; /* is_sure: see struct mt_scope_sure */
    int64_t value[MT_N_SCOPE_VALUES], own[MT_N_SCOPE_VALUES];
    int64_t before_bytes, after_bytes; /* live bytes of the process at its two ends */
    uint64_t end_ns;
};

/* Forgets all totals, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_scopes_totals_start(void);
/* Forgets what a thread remembers of totals, which may not be so any more. */
MT_HIDDEN void mt_scopes_totals_forget(struct mt_totals_part *part);
/* Returns control.scopes_epoch of when the scopes of a group were forgotten last. */
MT_HIDDEN uint64_t mt_scopes_totals_epoch(mt_name_id group);
/* Counts a scope, or a part of one, that there is no room for. */
MT_HIDDEN void mt_scopes_totals_drop(void);

/* ---- the record of a name, which only its thread writes -------------------------------------- */

static inline uint64_t mt_scopes_totals_key(mt_name_id name, mt_name_id group) {
    return (uint64_t)group << 32 | name;
}
/* Returns the place in which a thread remembers the record of a key. */
static inline struct mt_known_scope *mt_scopes_totals_known(struct mt_thread *t, mt_name_id name,
                                                            mt_name_id group) {
    return &t->totals.known[(name + group * 37) % MT_SCOPE_CACHE];
}
/* Returns the record of a thread's scopes of this name in this group; NULL: there is no room. */
MT_HIDDEN struct mt_scope_totals *mt_scopes_totals_learn(struct mt_thread *t, mt_name_id name,
                                                         mt_name_id group);
static inline struct mt_scope_totals *mt_scopes_totals_find(struct mt_thread *t, mt_name_id name,
                                                            mt_name_id group) {
    uint64_t key = mt_scopes_totals_key(name, group);
    const struct mt_known_scope *known = mt_scopes_totals_known(t, name, group);
    return mt_likely(known->key == key) ? known->totals : mt_scopes_totals_learn(t, name, group);
}
/* The same without a call: NULL, too, where one would be needed. */
static inline struct mt_scope_totals *mt_scopes_totals_peek(struct mt_thread *t, mt_name_id name,
                                                            mt_name_id group) {
    const struct mt_known_scope *known = mt_scopes_totals_known(t, name, group);
    return mt_likely(known->key == mt_scopes_totals_key(name, group)) ? known->totals : NULL;
}
/* Does the same for scopes of the process that this thread ends. */
MT_HIDDEN struct mt_scope_totals *
mt_scopes_totals_find_of_process(struct mt_thread *t, mt_name_id name, mt_name_id group);
/* Says where scopes of the record begin. */
MT_HIDDEN void mt_scopes_totals_place(struct mt_thread *t, struct mt_scope_totals *r,
                                      const char *file, uint32_t line);
/* Keeps what the program says of a scope that has failed. */
MT_HIDDEN void mt_scopes_totals_keep_error(const struct mt_thread *t, struct mt_scope_totals *r,
                                           const char *why, uint64_t now_ns);

/* Adds a scope that has ended to its record; NULL: it had no room. See totals-local.h for the usual ones. */
MT_HIDDEN void mt_scopes_totals_add(struct mt_thread *t, struct mt_scope_totals *r,
                                    const struct mt_scope_result *result);
/* Adds a time that was measured elsewhere. */
MT_HIDDEN void mt_scopes_totals_add_time(struct mt_thread *t, struct mt_scope_totals *r,
                                         int64_t duration_ns);

/* Brings a record up to date: with what has been forgotten, and with the thread that has the bank
 * now, which is counted in it once. */
MT_HIDDEN void mt_scopes_totals_renew(const struct mt_thread *t, struct mt_scope_totals *r);
/* The same for one that is counted now and has failed. begin_ns: CLOCK_MONOTONIC; 0: not known. */
MT_HIDDEN void mt_scopes_totals_look_failed(const struct mt_thread *t, struct mt_scope_totals *r,
                                            uint64_t begin_ns);
/* Makes a bucket of a histogram that nothing has fallen into yet. Returns NULL when there is no
 * room. */
MT_HIDDEN uint64_t *mt_scopes_totals_new_word(struct mt_scope_totals *r, uint64_t key);

/* Returns what the process holds, as far as this thread knows. */
static inline int64_t mt_scopes_totals_live(const struct mt_thread *t) {
    const struct mt_bank *b = t->bank;
    int64_t others = 0;
    if (mt_unlikely(t->shared)) /* relaxed: a figure as of some moment of the event */
        others = mt_load_relaxed(&t->control->current_bytes) - b->published_bytes;
    return b->counters.live_bytes + others;
}

/* ---- all records ----------------------------------------------------------------------------- */

/* Returns record id, 1 to header.n_scopes - 1. */
MT_HIDDEN const struct mt_scope_totals *mt_scopes_totals_at(uint32_t id);
/* Tells whether what the record says has not been forgotten since. */
MT_HIDDEN bool mt_scopes_totals_is_current(const struct mt_scope_totals *r);
/* Forget what has ended: of a group, or everything there is. Each thread makes its records zero
 * when it comes by. */
MT_HIDDEN int mt_scopes_totals_reset(mt_name_id group);
MT_HIDDEN void mt_scopes_totals_clear(void);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_scopes_totals_check(bool alone);
#endif

#endif
