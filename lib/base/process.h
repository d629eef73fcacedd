/* SPDX-License-Identifier: MIT */
/* Other processes, and their threads, as /proc tells of them. For the reading side; any thread. */
#ifndef MT_BASE_PROCESS_H
#define MT_BASE_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns field 22 of /proc/PID/stat, as it is outside of all time namespaces; 0 when there is
 * no such process, or it is a zombie. */
uint64_t mt_process_start_ticks(uint32_t pid);

/* Returns the pid of its parent; 0 when there is no such process, or it has none here. */
uint32_t mt_process_parent(uint32_t pid);

/* Returns the letter that /proc/PID/stat says ('R', 'S', 'T', 'Z', ...); 0 when there is no such
 * process. */
char mt_process_state(uint32_t pid);
/* Returns the same for one of its threads. */
char mt_process_thread_state(uint32_t pid, uint32_t tid);

/* Reads /proc/PID/NAME, or as much of it as there is room for, and ends it with a NUL. Returns the
 * bytes that were read; -1 when there is no such file, or it may not be read. */
ssize_t mt_process_read(uint32_t pid, const char *name, char *text, size_t capacity);

/* Returns the pid that was given out last; 0: not known. */
uint32_t mt_process_newest(void);

#endif
