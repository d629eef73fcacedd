/* SPDX-License-Identifier: MIT */
/* The clocks of the reading side in nanoseconds. Code in the target has mt_os_clock_ns
 * (base/os.h). */
#ifndef MT_BASE_CLOCK_H
#define MT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t mt_clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CLOCK_MONOTONIC, by which the times of a recording are counted. */
static inline uint64_t mt_clock_now_ns(void) {
    return mt_clock_ns(CLOCK_MONOTONIC);
}

/* Returns the processor time of the calling thread. */
static inline uint64_t mt_clock_cpu_ns(void) {
    return mt_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* What the time namespace of this process adds to a clock: "monotonic" or "boottime". */
int64_t mt_clock_offset_ns(const char *clock);

#endif
