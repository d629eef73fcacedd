/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a lock, and who holds it.
 *
 * A holder that runs gives the lock back within the spins. One that does not run needs the
 * processor: a yield gives it to threads of the same priority, but never to one below a real-time
 * thread that waits, so the naps begin early. They are short at first, for the sake of that thread,
 * and longer later, for the sake of the others. The wait is long, since a holder can be kept off
 * its processor on a loaded machine. When it was in vain, the holder is stopped or waits for
 * something in a signal handler: waits for that one are short until it has moved. A confined
 * process may not sleep, and has to do with more spins.
 *
 * Which thread a token stands for is kept for the latest few thousand threads. A thread number
 * passes to a later thread: then the older of two tokens with one number is of a thread that has
 * ended.
 */
#include "base/lock.h"

enum { SPINS = 100, CONFINED_SPINS = 100000, YIELDS = 8, OWNERS = 1 << 13 };
enum {
    FIRST_NAP_NS = 20000,
    LAST_NAP_NS = 200000,
    PATIENCE_NS = 500000000,
    LITTLE_PATIENCE_NS = 500000
};
enum { TURN_NAP_NS = 50000, MOST_TURN_NAPS = 100 };
#define MOST_PATIENCE_NS UINT64_C(4000000000)

__thread uint32_t mt_lock_token __attribute__((tls_model("initial-exec")));

static uint64_t owner[OWNERS]; /* token (32) | thread number (32), at token % OWNERS */
static uint32_t n_tokens;
/* Token of a holder for whom a thread has waited in vain. Relaxed: it only shortens waits. */
static uint32_t stuck;

/* ---- who ------------------------------------------------------------------------------------- */

uint32_t mt_lock_introduce(void) {
    uint32_t token;
    do
        token = mt_add_relaxed(&n_tokens, 1) + 1; /* all that matters is that nobody else gets it */
    while (token == 0);
    mt_store_relaxed(&owner[token % OWNERS],
                     (uint64_t)token << 32 | (uint32_t)mt_os_tid()); /* one word holds both */
    mt_lock_token = token;
    return token;
}

void mt_lock_forked(void) {
    mt_lock_token = 0;
    stuck = 0;
    mt_lock_left();
    /* These are threads of the parent, and none of them is here. */
    for (uint32_t i = 0; i < OWNERS; i++)
        if (owner[i] != 0)
            owner[i] = 0;
}

static bool has_successor(uint64_t entry) {
    for (uint32_t i = 0; i < OWNERS; i++) {
        /* The word is whole; a thread that comes later is found the next time. */
        uint64_t other = mt_load_relaxed(&owner[i]);
        if ((uint32_t)other == (uint32_t)entry &&
            (int32_t)((uint32_t)(other >> 32) - (uint32_t)(entry >> 32)) > 0)
            return true;
    }
    return false;
}

bool mt_lock_holder_is_gone(uint32_t token) {
    /* The word still has the token if it is the thread's. */
    uint64_t entry = mt_load_relaxed(&owner[token % OWNERS]);
    int tid = (int)(uint32_t)entry;
    if (entry >> 32 != token || tid == 0 || !mt_os_may(SYS_tgkill))
        return false;
    return has_successor(entry) || !mt_os_thread_lives(mt_os_pid(), tid);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Acquire: this thread sees what the holder before it wrote. */
static bool take(uint32_t *lock, uint32_t from, uint32_t me) {
    return mt_replace_acquire(lock, &from, me);
}

/* Takes the lock if it is free or ours. Otherwise sets *holder to whose it is. */
static bool take_free(uint32_t *lock, uint32_t me, uint32_t *holder) {
    /* Relaxed: it is only compared, and taking the lock is what orders. */
    *holder = mt_load_relaxed(lock);
    return *holder == me || (*holder == 0 && take(lock, 0, me));
}

static bool spin(uint32_t *lock, uint32_t me, uint32_t *holder) {
    for (int i = 0; i < (mt_os_may(SYS_nanosleep) ? SPINS : CONFINED_SPINS); i++) {
        if (take_free(lock, me, holder))
            return true;
        mt_os_pause();
    }
    return false;
}

static bool yield_and_spin(uint32_t *lock, uint32_t me, uint32_t *holder) {
    for (int i = 0; i < YIELDS && mt_os_may(SYS_sched_yield); i++) {
        mt_os_yield();
        if (take_free(lock, me, holder))
            return true;
    }
    return spin(lock, me, holder);
}

/* Locks become free again, whichever thread was stuck. */
static void forget_stuck(uint32_t was) {
    if (was != 0)
        mt_replace_relaxed(&stuck, &was, 0);
}

/* next is where to say that we are the next to have the lock, or NULL. */
static bool sleep_until_free(uint32_t *lock, uint32_t *next, uint32_t me, uint32_t holder) {
    uint32_t was_stuck = mt_load_relaxed(&stuck), first = holder;
    uint64_t patience_ns = holder == was_stuck ? LITTLE_PATIENCE_NS : PATIENCE_NS;
    for (uint64_t waited_ns = 0, nap_ns = FIRST_NAP_NS; waited_ns < patience_ns;
         waited_ns += nap_ns) {
        if (mt_lock_holder_is_gone(holder) && take(lock, holder, me))
            return true;
        if (next != NULL)
            take(next, 0, me);
        if (!mt_os_nap(nap_ns))
            return false;
        if (spin(lock, me, &holder)) {
            forget_stuck(was_stuck);
            return true;
        }
        if (nap_ns < LAST_NAP_NS)
            nap_ns += nap_ns / 4;
        if (holder != first) { /* the lock goes from hand to hand */
            first = holder;
            patience_ns = PATIENCE_NS + waited_ns < MOST_PATIENCE_NS ? PATIENCE_NS + waited_ns
                                                                     : MOST_PATIENCE_NS;
        }
    }
    mt_store_relaxed(&stuck, holder);
    return false;
}

bool mt_lock_wait(uint32_t *lock, uint32_t me) {
    uint32_t holder;
    return spin(lock, me, &holder) || yield_and_spin(lock, me, &holder) ||
           sleep_until_free(lock, NULL, me, holder);
}

/* A thread that has just given the lock back would have it again before any thread that sleeps
 * has seen that it was free. A thread that does not come for the lock in time is not waited for
 * again. */
static void let_next_have_it(struct mt_lock *lock, uint32_t me) {
    /* Relaxed: this word only says whose turn it is, and the lock is the other word. */
    uint32_t next = mt_load_relaxed(&lock->next);
    for (int i = 0; next != 0 && next != me && i < MOST_TURN_NAPS; i++) {
        if (!mt_os_nap(TURN_NAP_NS))
            return;
        if (mt_load_relaxed(&lock->next) != next)
            return;
    }
    take(&lock->next, next, 0);
}

bool mt_lock_wait_in_turn(struct mt_lock *lock, uint32_t me) {
    uint32_t holder =
        mt_load_relaxed(&lock->holder); /* if this is the thread, it wrote the word itself */
    if (holder == me)
        return true;
    let_next_have_it(lock, me);
    bool done = spin(&lock->holder, me, &holder) || yield_and_spin(&lock->holder, me, &holder) ||
                sleep_until_free(&lock->holder, &lock->next, me, holder);
    take(&lock->next, me, 0);
    return done;
}

bool mt_lock_try(struct mt_lock *lock, enum mt_lock_rank rank) {
    uint32_t me = mt_lock_me(), holder;
    if (!take_free(&lock->holder, me, &holder) &&
        !(mt_lock_holder_is_gone(holder) && take(&lock->holder, holder, me)))
        return false;
    mt_lock_check_acquired(rank);
    return true;
}

/* ---- checks ---------------------------------------------------------------------------------- */

#ifdef MEMTRACK_CHECKS
/* Has a bit for each rank. */
static __thread uint32_t held __attribute__((tls_model("initial-exec")));

void mt_lock_check_acquired(enum mt_lock_rank rank) {
    if (held >> rank != 0)
        __builtin_trap();
    held |= 1u << rank;
}

void mt_lock_check_release(const uint32_t *holder, enum mt_lock_rank rank) {
    if ((held & 1u << rank) == 0 || mt_load_relaxed(holder) != mt_lock_token)
        __builtin_trap();
    held &= ~(1u << rank);
}
#endif

void mt_lock_left(void) {
#ifdef MEMTRACK_CHECKS
    held = 0;
#endif
}
