/* SPDX-License-Identifier: MIT */
/* What the kernel says a process uses, read cheaply and again and again. */
#ifndef MT_WATCH_USAGE_H
#define MT_WATCH_USAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Descriptor of /proc/PID/statm. Kept open it belongs to that process for good, whoever gets the
 * pid next; -1: none. */
int mt_usage_open(uint32_t pid);
/* RSS in bytes; 0: the process is gone (a zombie has no memory either). */
uint64_t mt_usage_rss(int statm_fd);
/* The same, and how much of it is anonymous: neither of files nor shared (RssAnon). False, and
 * zeros: it is gone. */
bool mt_usage_read(int statm_fd, uint64_t *rss_bytes, uint64_t *anon_bytes);

/* PSS and swap of the process from smaps_rollup, which holds up the target's own mmap while it is
 * read: so not at every tick. False, and nothing changed, when it may not be read. */
bool mt_usage_pss(uint32_t pid, uint64_t *pss_bytes, uint64_t *swap_bytes);
/* When to read it again, after one that began at began_ns and ended at ended_ns (same clock). */
uint64_t mt_usage_pss_next(uint64_t began_ns, uint64_t ended_ns);

#endif
