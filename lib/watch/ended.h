/* SPDX-License-Identifier: MIT */
/* How a process ended that is nobody's child here. */
#ifndef MT_WATCH_ENDED_H
#define MT_WATCH_ENDED_H

#include <stdbool.h>
#include <stdint.h>

/* Returns a descriptor that names this process for good, close-on-exec; -1 when there is none. */
int mt_ended_open(uint32_t pid);

/* Finds the wait status of a process that has ended, as its parent gets it. Returns false when it
 * is not known: it has not ended or not been waited for, or the kernel (before 6.15) does not
 * tell. */
bool mt_ended_status(int fd, int *wait_status);

#endif
