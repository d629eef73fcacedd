/* SPDX-License-Identifier: MIT */
/*
 * The recorder's own state inside the target, and how it begins: at the first hook of a process,
 * again at the first hook after a fork.
 *
 * One word, mt_page.state, answers at every event whether everything is as this thread last saw it:
 * recording, in the same process, with the same modules, with as many threads. The page is wiped on
 * fork (MADV_WIPEONFORK), so a child finds MT_STATE_UNKNOWN there, which is also what a process
 * begins with. Where that is refused (a filter, an old kernel), a fork can be told by its number
 * alone: then every event takes the slow way in and asks, and a process that is not the one that
 * began records nothing and counts itself. It may be a vfork, whose memory is its parent's, or a
 * clone that no function of libc has made, so nothing is kept but that it was counted.
 */
#ifndef MT_TRACK_STATE_H
#define MT_TRACK_STATE_H

#include "base/lock.h"
#include "ledger/writer/writer.h"
#include "track/ground/options.h"

/* OFF means off for good; DORMANT means that recording has not been switched on yet. */
enum { MT_STATE_UNKNOWN = 0, MT_STATE_OFF = 1, MT_STATE_DORMANT = 2, MT_STATE_FIRST = 3 };

struct mt_page {
    uint64_t state; /* MT_STATE_* or, while recording, a number that grows with each change */
    /* The thread-local block of the thread that has begun to start; 0: none has. */
    uint64_t starter;
    uint64_t starting;  /* the frame in which it entered */
    uint64_t has_begun; /* the memory below has been made this process's own */
    char rest[MT_OS_PAGE - 32];
};

struct mt_thread;

struct mt_state {
    struct mt_writer ledger;
    struct mt_ledger_header *header; /* = ledger.header */
    struct mt_options options;
    int pid; /* process of the ledger; 0: not started yet */
    bool options_read;
    bool is_forked; /* this process was forked, or a parent of it was */
    /* The program's calls do not come here: no ledger is better than one without any allocation. */
    bool is_bypassed;
    /* The hot path leaves something to record_unusual: an option, recording off, a dlclose. */
    bool unusual;
    bool off;          /* allocations are not recorded now */
    bool has_pauses;   /* some thread has been paused */
    bool many_threads; /* a second one has come: the table is locked */
    bool is_shared;    /* everything is ready for several threads: see track/threads.c */
    /* This is a fork that goes on in a copy of its parent's ledger, at which nobody looks: see
     * track/fork.c. */
    bool is_copied;
    /* An event has been left: what was appended then may be there twice, or not be found. */
    bool was_left;
    uint32_t n_replaced;        /* times that a thread has got other memory: see track/enter.c */
    uint64_t missed;            /* events that came while there was no place to count them in */
    struct mt_lock growth_lock; /* everything that allocates from the ledger */
    size_t (*usable_size)(void *);
    enum mt_allocator allocator;
    const char *allocator_path;
    /* Not NULL: this object comes before us and has a malloc of its own; "": it is the program. */
    const char *preceding;
    /* The process that has counted itself as one that is not recorded; 1: nobody knows which. */
    uint64_t counted_pid;
    /* The process whose ledger records nothing, and says why: see mt_start_say_preceded. */
    int said_by;

    /* This process, and those that it was forked from, one from another: pids can be used again. */
    uint32_t n_processes;
    /* Not NULL: a handler which has interrupted an event of this thread has forked this process:
     * see track/fork.c. While that lasts it is counted in its parent as one without a ledger. */
    const struct mt_thread *interrupted;
    bool is_unrecorded;

    /* The clear_epoch of the last clear that all threads have been told of. */
    uint64_t completed_clear;
};

MT_HIDDEN extern struct mt_page mt_page;
MT_HIDDEN extern struct mt_state mt_state;

/* Lets every thread look again: modules have gone, or a second thread has come. */
MT_HIDDEN void mt_state_changed(void);

/* Adds a flag to the ledger's header, if there is one. */
MT_HIDDEN void mt_state_flag(enum mt_flag flag);

/* Sets mt_state.unusual anew, when something that makes events unusual has changed. */
MT_HIDDEN void mt_state_note_unusual(void);

/* Behaves from now on as if a second thread had come, since the barrier that it needs may not be
 * issued. To be called while no other thread records. */
MT_HIDDEN void mt_state_share_early(void);

/* Tells whether recording has not been switched on yet, which every hook asks first. Relaxed: to
 * learn of it late does no harm. */
static inline bool mt_state_is_dormant(void) {
    return mt_load_relaxed(&mt_page.state) == MT_STATE_DORMANT &&
           mt_load_relaxed(&mt_state.header->control.request.off) != 0;
}

/* Return false in a fork that has inherited the ledger: nothing there may be touched. The page is
 * to be looked at before: in a fork whose page was wiped it says MT_STATE_UNKNOWN. */
MT_HIDDEN bool mt_state_is_our_process(void);
static inline bool mt_state_is_ours(void) {
    return mt_likely(!mt_state.ledger.is_in_forks) || mt_state_is_our_process();
}
/* Tells whether this process records. It may be called inside an event or outside of one. */
static inline bool mt_state_is_recording(void) {
    return mt_page.state >= MT_STATE_FIRST && mt_state_is_ours();
}

/* Tells whether no other thread is recording now, or begins to before this one leaves the recorder.
 * Relaxed: a second thread makes this one see it, see begin_sharing in track/threads.c. */
static inline bool mt_state_is_alone(void) {
    return !mt_load_relaxed(&mt_state.many_threads);
}

static inline bool mt_state_lock_growth(void) {
    return mt_lock_acquire(&mt_state.growth_lock, MT_RANK_GROWTH);
}
static inline void mt_state_unlock_growth(void) {
    mt_lock_release(&mt_state.growth_lock, MT_RANK_GROWTH);
}

#ifdef MEMTRACK_CHECKS
/* For walkers (track/check.h): returns false when something that has to be there once cannot be
 * found, or is there twice. After an event was left it may be so, and true is returned. */
static inline bool mt_state_once(bool holds) {
    return holds || mt_state.was_left;
}
#endif

#endif
