/* SPDX-License-Identifier: MIT */
/*
 * A pid alone names a process only while it runs; with its start time it does so until the next
 * boot. That is why both are in the name of a ledger, and why they are compared before anybody
 * believes that a process still runs.
 */
#include "ledger/filename.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/layout.h"

enum { NS_PER_TICK = 10000000 };

bool mt_ledger_name_parse(const char *text, struct mt_ledger_name *name) {
    int end = 0;
    if (text[0] < '0' || text[0] > '9')
        return false;
    if (sscanf(text, "%9" SCNu32 ".%19" SCNu64 ".%9" SCNu32 "%n", &name->pid, &name->start_ticks,
               &name->counter, &end) != 3)
        return false;
    return strcmp(text + end, MT_LEDGER_SUFFIX) == 0;
}

void mt_ledger_name_format(const struct mt_ledger_name *name, char *out, size_t bytes) {
    snprintf(out, bytes, "%" PRIu32 ".%" PRIu64 ".%" PRIu32 MT_LEDGER_SUFFIX, name->pid,
             name->start_ticks, name->counter);
}

/* A stat file of /proc from the state letter on, behind a name that may contain anything. NULL:
 * there is none. */
static const char *read_stat(const char *path, char *text, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, capacity - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return NULL;
    text[n] = 0;
    const char *at = strrchr(text, ')');
    return at && at[1] == ' ' ? at + 2 : NULL;
}

static const char *read_process_stat(uint32_t pid, char *text, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/stat", pid);
    return read_stat(path, text, capacity);
}

char mt_process_state(uint32_t pid) {
    char text[1024];
    const char *at = read_process_stat(pid, text, sizeof text);
    return at ? *at : 0;
}

char mt_thread_state(uint32_t pid, uint32_t tid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/task/%" PRIu32 "/stat", pid, tid);
    const char *at = read_stat(path, text, sizeof text);
    return at ? *at : 0;
}

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
    if (!is_known)
        read_offsets(&monotonic_ns, &boottime_ns);
    is_known = true;
    return strcmp(clock, "monotonic") == 0 ? monotonic_ns : boottime_ns;
}

uint64_t mt_process_start_ticks(uint32_t pid) {
    char text[1024];
    const char *at = read_process_stat(pid, text, sizeof text);
    if (at && (*at == 'Z' || *at == 'X')) /* ended, but nobody has asked for its status yet */
        return 0;
    for (int field = 3; at && field < 22; field++)
        at = (at = strchr(at, ' ')) ? at + 1 : NULL;
    return at ? strtoull(at, NULL, 10) - (uint64_t)(mt_clock_offset_ns("boottime") / NS_PER_TICK)
              : 0;
}
