/* SPDX-License-Identifier: MIT */
/*
 * What scopes come to, read by the program itself. Any thread, any context but a handler that has
 * interrupted the recorder; no lock is taken, and others go on counting meanwhile.
 */
#ifndef MT_TRACK_SCOPES_READ_H
#define MT_TRACK_SCOPES_READ_H

#include "base/os.h"
#include "memtrack.h"

/* As memtrack_group_read. Returns how many names there are, or -MEMTRACK_ENOMEM. */
MT_HIDDEN int mt_scopes_read(uint32_t group, memtrack_scope_row *rows, uint32_t capacity);
/* Sets *out to part of all, from 0 to 1; 0 of nothing. For code that has no floating point. */
MT_HIDDEN void mt_scopes_read_rate(uint64_t part, uint64_t all, double *out);
/* As memtrack_group_print: 0, -MEMTRACK_EUSAGE, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
MT_HIDDEN int mt_scopes_print(uint32_t group, int fd, const char *sort, uint32_t n);

#endif
