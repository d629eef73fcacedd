/* SPDX-License-Identifier: MIT */
/*
 * What a time namespace adds to a clock (Linux 5.6). It is asked for once: a process cannot change
 * its own.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void read_offsets(int64_t *monotonic_ns, int64_t *boottime_ns) {
    char clock[32];
    long long seconds, ns;
    FILE *file = fopen("/proc/self/timens_offsets", "re"); /* absent before Linux 5.6 */
    while (file && fscanf(file, "%31s %lld %lld", clock, &seconds, &ns) == 3)
        *(strcmp(clock, "monotonic") == 0 ? monotonic_ns : boottime_ns) = seconds * 1000000000 + ns;
    if (file)
        fclose(file);
}

int64_t mt_clock_offset_ns(const char *clock) {
    static int64_t monotonic_ns, boottime_ns;
    static bool is_known;
    if (!is_known) {
        read_offsets(&monotonic_ns, &boottime_ns);
        is_known = true; /* once: threads that come later only read */
    }
    return strcmp(clock, "monotonic") == 0 ? monotonic_ns : boottime_ns;
}
