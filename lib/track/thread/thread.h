/* SPDX-License-Identifier: MIT */
/*
 * A thread's record: its working memory, which nobody else reads; the bank beside it is what
 * readers see. Each room declares the part that it keeps here in a header of its own, and its
 * functions take that part where they need no other.
 *
 * The order counts: what every event touches lies side by side in the first lines, and what is only
 * looked up by hash comes behind it.
 */
#ifndef MT_TRACK_THREAD_H
#define MT_TRACK_THREAD_H

#include "base/atomic.h"
#include "ledger/layout.h"
#include "track/thread/journal.h"
#include "track/thread/names_part.h"
#include "track/thread/paths_part.h"
#include "track/thread/plan_part.h"
#include "track/thread/sampling_part.h"
#include "track/thread/scopes_part.h"
#include "track/thread/sites_part.h"
#include "unwind/walk.h"

/* In mt_thread.seen: the thread is inside the recorder, which it entered at the frame whose address
 * the other bits are. No state of the page looks like that. */
#define MT_SEEN_BUSY (UINT64_C(1) << 63)
/* In mt_thread.state: each event begins with the question whether this is a fork. */
#define MT_SEEN_ASKS (UINT64_C(1) << 62)

/* In mt_thread.state: what the page never has, the thread is up to date with nothing. */
#define MT_STATE_NONE (MT_SEEN_BUSY - 1)

struct mt_thread {
    /* The guard (track/guard.h), and the time of the event. */
    uint64_t seen;    /* state, or MT_SEEN_BUSY and where the recorder was entered */
    uint64_t state;   /* mt_page.state that this thread is up to date with */
    uint64_t request; /* mt_control.request as last acted upon: see track/request.h */
    uint32_t cut;     /* not 0: what is changed is to be saved for this cut first */
    /* as of the control line when the event began: all of it is before a memtrack_clear_traces, or
     * all of it after */
    uint32_t era, clear_era;
    uint64_t clear_epoch;
    struct mt_bank *bank; /* NULL: it has not been registered, or not to the end */
    struct mt_control *control;
    int64_t low, high; /* bank->live_bytes outside of this is news: see track/thread/peak.h */

    /* The event. */
    const void *last_block; /* allocated by the last event of this thread, else NULL */
    struct mt_journal journal;
    struct mt_before before;
    struct mt_moved moved;   /* by a realloc that has begun */
    const void *last_before; /* last_block before mt_record_expect */
    const void *freeing;     /* taken out by an operator delete that is still in the allocator */
    uint64_t asked;          /* operator new was asked for so many bytes, and will ask malloc for */
    uint64_t asked_most;     /* up to so many; 0: nothing is pending */
    struct mt_scopes_part scopes;
    int32_t paused;    /* allocations of this thread are not recorded while this is not 0 */
    mt_name_id domain; /* what the present event records belongs to it, 0: malloc */
    struct mt_sampling_part sampling;

    /* Who it is. */
    uint32_t bank_id;
    uint32_t token;         /* of the thread, for locks */
    uint32_t n_unknown;     /* events in a row that may be in the way of another one, or not */
    mt_thread_id thread_id; /* its row, 0: none yet (see track/tables/identities.h) */
    bool shared;            /* several threads record */
    bool used;              /* has recorded before: its caches are not fresh pages */
    struct mt_thread *next;

    /* What it remembers. */
    struct mt_sites_part sites;
    struct mt_names_part names;
    struct mt_totals_part totals;
    struct mt_paths_part paths;
    struct mt_plan plan;
    struct mt_stack stack;
};

/* The calling thread's, NULL: it has none yet. */
MT_HIDDEN extern __thread struct mt_thread *mt_self __attribute__((tls_model("initial-exec")));

/* The frame in which the calling thread registers itself, 0: it does not. */
MT_HIDDEN extern __thread uint64_t mt_thread_registering __attribute__((tls_model("initial-exec")));

static inline bool mt_thread_is_busy(const struct mt_thread *t) {
    return (mt_load_acquire(&t->seen) & MT_SEEN_BUSY) != 0; /* left: what it did is seen */
}

/* The frame in which the calling thread has entered the recorder and is still there; 0: it is not
 * inside. */
MT_HIDDEN uint64_t mt_thread_inside(void);

#endif
