/* SPDX-License-Identifier: MIT */
/*
 * A spin lock of 32 bits that knows its holder. Held for tens of nanoseconds, never across a call into the target or
 * libc. It can be abandoned (a signal handler that jumps out of the allocator with longjmp), and a hung target would
 * be worse than a lost event: the thread that left it behind takes it back, the others give up after a bounded wait
 * and count the event as dropped. The wait is long, since a holder can be kept off its processor on a loaded machine;
 * once it has been in vain, it is short ever after.
 */
#ifndef MT_BASE_LOCK_H
#define MT_BASE_LOCK_H

#include "base/os.h"

enum { MT_LOCK_SPINS = 200, MT_LOCK_YIELDS = 20000 };
MT_HIDDEN bool mt_lock_wait_longer(const uint32_t *lock); /* naps until the lock is free; false: it will not be */

static inline bool mt_lock_try(uint32_t *lock, uint32_t me) {
    for (uint32_t i = 0; i < MT_LOCK_SPINS + MT_LOCK_YIELDS; i++) {
        uint32_t holder = __atomic_load_n(lock, __ATOMIC_RELAXED);
        if (holder == me)
            return true; /* we left it behind: the guard of the hooks keeps a thread from nesting */
        if (holder == 0 && __atomic_compare_exchange_n(lock, &holder, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
        if (i < MT_LOCK_SPINS)
            mt_os_pause();
        else
            mt_os_yield();
    }
    return false;
}

/* me: non-zero, unique among live threads. False: not acquired. Any context. */
static inline bool mt_lock_acquire(uint32_t *lock, uint32_t me) {
    while (!mt_lock_try(lock, me))
        if (!mt_lock_wait_longer(lock))
            return false;
    return true;
}

static inline void mt_lock_release(uint32_t *lock) {
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
