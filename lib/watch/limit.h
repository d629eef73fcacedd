/* SPDX-License-Identifier: MIT */
/* How much memory a process may use: what the percentages of --when are of. */
#ifndef MT_WATCH_LIMIT_H
#define MT_WATCH_LIMIT_H

#include <stdint.h>
#include <sys/types.h>

struct mt_limit {
    uint64_t bytes;   /* 0: nothing could be read */
    char source[400]; /* where it comes from: a path of the cgroup file system, or "the machine's
                         memory" */
};

/*
 * Finds the smallest limit of the process's memory cgroup and those around it (v2: memory.max, v1:
 * memory.limit_in_bytes), as far as they can be seen from here; MemTotal when none is smaller. root
 * is "", and in tests a directory to which the paths of /proc and the mount points are relative.
 */
void mt_limit_of(const char *root, pid_t pid, struct mt_limit *limit);

#endif
