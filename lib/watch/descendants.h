/* SPDX-License-Identifier: MIT */
/* The processes that descend from one, as they come and go; recorded or not. */
#ifndef MT_WATCH_DESCENDANTS_H
#define MT_WATCH_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mt_descendant {
    uint32_t pid, parent_pid; /* the parent when it was found */
    uint64_t start_ticks;     /* field 22 of its stat: by it and the pid a process is known */
    bool has_ended;
};

struct mt_descendants {          /* zero-initialized is none */
    struct mt_descendant *items; /* in the order in which they were found; the first is the root */
    size_t n;
    uint32_t last_pid; /* the newest of the machine at the last look; 0: not looked yet */
    uint32_t not_pid;  /* whoever looks */
};

/* Begins with a running process, or one that has not been waited for. Returns false when there is
 * no such process, it may not be seen, or there is no memory. */
bool mt_descendants_begin(struct mt_descendants *descendants, uint32_t root);
void mt_descendants_free(struct mt_descendants *descendants);

/*
 * Finds those that have been started since the last look: a read of a small file when there are
 * none. The first look is at all processes of the machine. A process is found when its parent is
 * one of these, or when one of these leads its session; one whose parent ended before anybody
 * looked, and that has no session of its own family, is not. Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_descendants_look(struct mt_descendants *descendants);

#endif
