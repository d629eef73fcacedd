/* SPDX-License-Identifier: MIT */
/* The long wait for a lock. A confined process may not sleep: there the yields have to do. */
#include "base/lock.h"

#include <time.h>

enum { NAP_NS = 100000, NAPS = 20000 };

bool mt_lock_wait_longer(const uint32_t *lock) {
    static bool was_in_vain;
    struct timespec nap = {.tv_nsec = NAP_NS};
    if (!mt_os_may(SYS_nanosleep) || __atomic_load_n(&was_in_vain, __ATOMIC_RELAXED))
        return false;
    for (int i = 0; i < NAPS; i++) {
        if (__atomic_load_n(lock, __ATOMIC_RELAXED) == 0)
            return true;
        mt_os_call(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
    }
    __atomic_store_n(&was_in_vain, true, __ATOMIC_RELAXED);
    return false;
}
