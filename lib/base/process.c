/* SPDX-License-Identifier: MIT */
/*
 * A pid alone names a process only while it runs; with its start time it does so until the next
 * boot. That is why both are compared before anybody believes that a process still runs.
 */
#include "base/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { NS_PER_TICK = 10000000 };

static ssize_t read_path(const char *path, char *text, size_t capacity) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, capacity - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

ssize_t mt_process_read(uint32_t pid, const char *name, char *text, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/%s", pid, name);
    return read_path(path, text, capacity);
}

uint32_t mt_process_newest(void) {
    char text[128];
    uint32_t pid;
    return read_path("/proc/loadavg", text, sizeof text) > 0 &&
                   sscanf(text, "%*s %*s %*s %*s %" SCNu32, &pid) == 1
               ? pid
               : 0;
}

/* Returns a stat file of /proc from the state letter on, behind a name that may contain
 * anything; NULL when there is none. */
static const char *state_of(const char *text) {
    const char *at = strrchr(text, ')');
    return at && at[1] == ' ' ? at + 2 : NULL;
}

static const char *read_process_stat(uint32_t pid, char *text, size_t capacity) {
    return mt_process_read(pid, "stat", text, capacity) > 0 ? state_of(text) : NULL;
}

uint32_t mt_process_parent(uint32_t pid) {
    char text[1024];
    const char *at = read_process_stat(pid, text, sizeof text);
    return at && (at = strchr(at, ' ')) ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
}

char mt_process_state(uint32_t pid) {
    char text[1024];
    const char *at = read_process_stat(pid, text, sizeof text);
    return at ? *at : 0;
}

char mt_process_thread_state(uint32_t pid, uint32_t tid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/task/%" PRIu32 "/stat", pid, tid);
    const char *at = read_path(path, text, sizeof text) > 0 ? state_of(text) : NULL;
    return at ? *at : 0;
}

uint64_t mt_process_start_ticks(uint32_t pid) {
    char text[1024];
    const char *at = read_process_stat(pid, text, sizeof text);
    /* It has ended, but nobody has asked for its status yet. */
    if (at && (*at == 'Z' || *at == 'X'))
        return 0;
    for (int field = 3; at && field < 22; field++)
        at = (at = strchr(at, ' ')) ? at + 1 : NULL;
    return at ? strtoull(at, NULL, 10) - (uint64_t)(mt_clock_offset_ns("boottime") / NS_PER_TICK)
              : 0;
}
