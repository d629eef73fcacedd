/* SPDX-License-Identifier: MIT */
#ifndef MT_INTERPOSE_SNAPSHOT_H
#define MT_INTERPOSE_SNAPSHOT_H

#include "base/os.h"

/* Have the memtrack command write a profile of process pid to path and wait for it. 0 or
 * -MEMTRACK_EIO. Outside of events. */
MT_HIDDEN int mt_snapshot_write(const char *path, int pid);

#endif
