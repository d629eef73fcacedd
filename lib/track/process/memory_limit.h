/* SPDX-License-Identifier: MIT */
/* How much memory the process may use. */
#ifndef MT_TRACK_MEMORY_LIMIT_H
#define MT_TRACK_MEMORY_LIMIT_H

#include "base/os.h"

/* Bytes that its control group, or one around it, allows; 0: as many as there are, or it cannot be
 * told. While no other thread starts to record. */
MT_HIDDEN uint64_t mt_memory_limit(void);

#endif
