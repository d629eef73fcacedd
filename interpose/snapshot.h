/* SPDX-License-Identifier: MIT */
#ifndef MT_INTERPOSE_SNAPSHOT_H
#define MT_INTERPOSE_SNAPSHOT_H

#include "base/os.h"

/* Has the memtrack command write a profile of process pid to path, and waits for it. Returns 0 or
 * -MEMTRACK_EIO. To be called outside of events. */
MT_HIDDEN int mt_snapshot_write(const char *path, int pid);

#endif
