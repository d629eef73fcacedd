/* SPDX-License-Identifier: MIT */
/* What the kernel says a process uses, read cheaply and again and again. */
#ifndef MT_WATCH_USAGE_H
#define MT_WATCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Returns a descriptor of /proc/PID/statm, or -1. As long as it is open it belongs to that process,
 * whoever gets the pid next. */
int mt_usage_open(uint32_t pid);
/* Returns RSS in bytes; 0: the process is gone (a zombie has no memory either). */
uint64_t mt_usage_rss(int statm_fd);
/* Reads RSS, and how much of it is anonymous: neither of files nor shared (RssAnon), in bytes.
 * Returns false, with zeros, when the process is gone. */
bool mt_usage_read(int statm_fd, uint64_t *rss_bytes, uint64_t *anon_bytes);

/* What smaps_rollup and status say of a process, in bytes. */
struct mt_usage {
    uint64_t rss_bytes, pss_bytes, uss_bytes, swap_bytes;
    uint64_t peak_rss_bytes; /* VmHWM: of the program that it executes now */
};

/* Reads RSS, PSS, USS and swap from smaps_rollup, or from smaps where that is all there is (is_old;
 * it costs several times as much). Returns false, and changes nothing, when it may not be read, or
 * the process has ended. */
bool mt_usage_pages(uint32_t pid, bool is_old, struct mt_usage *usage);
/* Reads RSS, swap and peak RSS from status, which every user may. Returns false, and changes
 * nothing, when the process has ended. */
bool mt_usage_status(uint32_t pid, struct mt_usage *usage);

/* Reads PSS and swap of the process, in bytes, from smaps_rollup. That holds up the target's own
 * mmap meanwhile, so it is not for every tick. Returns false, and changes nothing, when it may not
 * be read. */
bool mt_usage_pss(uint32_t pid, uint64_t *pss_bytes, uint64_t *swap_bytes);
/* Returns when to read it again, after a read that began at began_ns and ended at ended_ns. All
 * three are of the same clock. */
uint64_t mt_usage_pss_next(uint64_t began_ns, uint64_t ended_ns);

#endif
