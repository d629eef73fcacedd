/* SPDX-License-Identifier: MIT */
/* How much memory the process may use. */
#ifndef MT_TRACK_MEMORY_LIMIT_H
#define MT_TRACK_MEMORY_LIMIT_H

#include "base/os.h"

/* Returns how many bytes the process's control group, or one around it, allows; 0 when there is no
 * limit, or none can be found. To be called while no other thread starts to record. */
MT_HIDDEN uint64_t mt_memory_limit(void);

#endif
