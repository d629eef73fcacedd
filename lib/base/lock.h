/* SPDX-License-Identifier: MIT */
/*
 * A spin lock of 32 bits that knows its holder by a token: a number that one thread has been given
 * and no other ever has. Held for tens of nanoseconds, never across a call into the target or libc.
 *
 * It can be abandoned, since a handler can leave the allocator by longjmp and a thread can be ended
 * inside of it, and a hung target would be worse than a lost event. So the thread that has left it
 * behind takes it back, one that finds that the holder has ended takes it over, and everybody else
 * gives up after a bounded wait and counts the event as dropped. What a lock protects must
 * therefore be whole after every single store: see docs/internals/events.md.
 *
 * Locks have a rank, and a thread that holds one takes only higher ones: no two threads wait for
 * each other. A build with MEMTRACK_CHECKS traps at a violation, at a release by somebody else, and
 * at one that is taken twice.
 */
#ifndef MT_BASE_LOCK_H
#define MT_BASE_LOCK_H

#include "base/os.h"

/*
 * These are all locks of the recorder, in the order in which they may be taken: what each protects,
 * and who takes it. There is one lock of each rank, except that each region has its own.
 * tests/lint/test_locks.py reads the order from here, and from the sources who takes what.
 */
enum mt_lock_rank {
    MT_RANK_SHARING = 1,    /* the step from one thread to several, taken by the second one */
    MT_RANK_MAPPINGS,       /* the intervals of mappings: each call that maps, unmaps or protects */
    MT_RANK_CLEARING,       /* what is recorded is cleared: memtrack_clear_traces */
    MT_RANK_PROCESS_SCOPES, /* the scopes of the process: their begin and end, and clearing */
    MT_RANK_MODULES,        /* the list of modules: code has come or gone, or is met first */
    MT_RANK_REGION,         /* the live blocks of 64 KiB of addresses: each event, one at a time */
    MT_RANK_BIG,            /* the table of what does not fit there: events of such a block */
    MT_RANK_GROWTH,         /* all that is handed out of the ledger: paths, sites, names, threads */
    MT_RANK_RULES,          /* the table of unwind rules: an address that is met first */
};

struct mt_lock {
    uint32_t holder; /* token, 0: free */
    /* Token of a thread that sleeps until the lock is free and has it next; 0: none. */
    uint32_t next;
};

extern MT_HIDDEN __thread uint32_t mt_lock_token
    __attribute__((tls_model("initial-exec"))); /* 0: none yet */

/* Gives the calling thread its token, and notes which thread that is. */
MT_HIDDEN uint32_t mt_lock_introduce(void);
/* For the child of a fork: its thread is another one, and all locks are free. */
MT_HIDDEN void mt_lock_forked(void);
/* Waits for a lock that is taken. Returns false when it could not be had, within bounds that the
 * lock's header names. */
MT_HIDDEN bool mt_lock_wait(uint32_t *holder, uint32_t me);
/* Does the same for a lock that is promised to a thread that sleeps until the lock is free: that
 * thread has it first. */
MT_HIDDEN bool mt_lock_wait_in_turn(struct mt_lock *lock, uint32_t me);
/* Tells that the calling thread has left the recorder by longjmp. It holds nothing any more,
 * whatever it has left behind. */
MT_HIDDEN void mt_lock_left(void);
/* Returns whether the thread with this token has ended, as far as can be told. Any context. */
MT_HIDDEN bool mt_lock_holder_is_gone(uint32_t token);

#ifdef MEMTRACK_CHECKS
MT_HIDDEN void mt_lock_check_acquired(enum mt_lock_rank rank);
MT_HIDDEN void mt_lock_check_release(const uint32_t *holder, enum mt_lock_rank rank);
#else
static inline void mt_lock_check_acquired(enum mt_lock_rank rank) {
    (void)rank;
}
static inline void mt_lock_check_release(const uint32_t *holder, enum mt_lock_rank rank) {
    (void)holder;
    (void)rank;
}
#endif

static inline uint32_t mt_lock_me(void) {
    return mt_likely(mt_lock_token != 0) ? mt_lock_token : mt_lock_introduce();
}

/* Acquire and release: the next holder sees what one holder has written. */

/* These are the two halves for a lock that is taken at every event and is nothing but the word
 * of its holder. me is the calling thread's token. */
static inline bool mt_lock_acquire_word(uint32_t *holder, enum mt_lock_rank rank, uint32_t me) {
    uint32_t free = 0;
    if (mt_unlikely(!mt_replace_acquire(holder, &free, me)) && !mt_lock_wait(holder, me))
        return false;
    mt_lock_check_acquired(rank);
    return true;
}

static inline void mt_lock_release_word(uint32_t *holder, enum mt_lock_rank rank) {
    mt_lock_check_release(holder, rank);
    mt_store_release(holder, 0);
}

/* Returns false when the lock was not acquired. Any context. */
static inline bool mt_lock_acquire(struct mt_lock *lock, enum mt_lock_rank rank) {
    uint32_t free = 0, me = mt_lock_me();
    /* Relaxed: this is a courtesy to others, and orders nothing. */
    bool is_promised = mt_unlikely(mt_load_relaxed(&lock->next) != 0);
    if ((is_promised || !mt_replace_acquire(&lock->holder, &free, me)) &&
        !mt_lock_wait_in_turn(lock, me))
        return false;
    mt_lock_check_acquired(rank);
    return true;
}

/* Does the same without waiting. It also acquires a lock that this thread, or one that has
 * ended, has left behind. */
MT_HIDDEN bool mt_lock_try(struct mt_lock *lock, enum mt_lock_rank rank);

static inline void mt_lock_release(struct mt_lock *lock, enum mt_lock_rank rank) {
    mt_lock_release_word(&lock->holder, rank);
}

#endif
