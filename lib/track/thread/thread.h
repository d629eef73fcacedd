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
#include "track/thread/ceiling_part.h"
#include "track/thread/hooks_part.h"
#include "track/thread/journal.h"
#include "track/thread/lines_part.h"
#include "track/thread/names_part.h"
#include "track/thread/paths_part.h"
#include "track/thread/plan_part.h"
#include "track/thread/python_part.h"
#include "track/thread/sampling_part.h"
#include "track/thread/scopes_part.h"
#include "track/thread/sites_part.h"
#include "unwind/walk.h"

/* In mt_thread.seen this bit says that the thread is inside the recorder; the other bits are the
 * address of the frame at which it entered. No state of the page looks like that. */
#define MT_SEEN_BUSY (UINT64_C(1) << 63)
/* In mt_thread.state this bit says that each event begins by asking whether this is a fork. */
#define MT_SEEN_ASKS (UINT64_C(1) << 62)

/* In mt_thread.state this value, which the page never has, says that the thread is up to date with
 * nothing. */
#define MT_STATE_NONE (MT_SEEN_BUSY - 1)

struct mt_thread {
    /* The guard (track/guard.h), and the time of the event. */
    uint64_t seen;    /* state, or MT_SEEN_BUSY and where the recorder was entered */
    uint64_t state;   /* mt_page.state that this thread is up to date with */
    uint64_t request; /* mt_control.request as last acted upon: see track/request.h */
    uint32_t cut;     /* not 0: what is changed is to be saved for this cut first */
    /* These are as in the control line when the event began: all are from before a
     * memtrack_clear_traces, or all from after it. */
    uint32_t era, clear_era;
    uint64_t clear_epoch;
    struct mt_bank *bank; /* NULL: the thread has not been registered, or not to the end */
    struct mt_control *control;
    /* Live bytes of the bank that are outside of these bounds are news: see track/thread/peak.c. */
    int64_t low, high;

    /* The event. */
    const void *last_block; /* the last event of this thread allocated it; else NULL */
    struct mt_journal journal;
    struct mt_before before;
    struct mt_moved moved;   /* the block of a realloc that has begun */
    const void *last_before; /* last_block before mt_record_expect */
    const void *freeing;     /* the block of an operator delete that is still in the allocator */
    uint64_t asked;          /* operator new was asked for so many bytes, */
    uint64_t asked_most;     /* and will ask malloc for up to so many; 0: nothing is pending */
    struct mt_scopes_part scopes;
    int32_t paused; /* allocations of this thread are not recorded while this is not 0 */
    union {
        struct {
            mt_name_id domain;     /* the domain of what the present event records, 0: malloc */
            uint32_t is_in_python; /* the process has an interpreter, whose frames are looked for */
        };
        uint64_t adds; /* 0: neither adds anything to a call path */
    };
    struct mt_sampling_part sampling;

    /* Who it is. */
    uint32_t bank_id;
    uint32_t token;         /* the thread's token for locks */
    uint32_t n_unknown;     /* events in a row that have met another one of unknown fate */
    mt_thread_id thread_id; /* its row, 0: none yet (see track/tables/identities.h) */
    bool shared;            /* several threads record */
    bool used;              /* has recorded before: its caches are not fresh pages */
    struct mt_thread *next;

    /* What it remembers. */
    struct mt_sites_part sites;
    struct mt_names_part names;
    struct mt_hooks_part hooks;
    struct mt_totals_part totals;
    struct mt_paths_part paths;
    struct mt_lines_part lines;
    struct mt_plan plan;
    struct mt_ceiling_part ceiling; /* zero unless there is a limit */
    struct mt_python_part *python;  /* NULL until the thread is met in an interpreter */
    struct mt_stack stack;
};

/* The calling thread's record; NULL: it has none yet. */
MT_HIDDEN extern __thread struct mt_thread *mt_self __attribute__((tls_model("initial-exec")));

/* The frame in which the calling thread registers itself; 0: it is not doing so. */
MT_HIDDEN extern __thread uint64_t mt_thread_registering __attribute__((tls_model("initial-exec")));

/* Tells whether a thread is inside the recorder. */
static inline bool mt_thread_is_busy(const struct mt_thread *t) {
    return (mt_load_acquire(&t->seen) & MT_SEEN_BUSY) != 0; /* if false, what it did is seen */
}

/* Returns the frame in which the calling thread has entered the recorder, or registers itself, and
 * is still there; 0 when it is not inside. */
MT_HIDDEN uint64_t mt_thread_inside(void);

#endif
