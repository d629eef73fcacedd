/* SPDX-License-Identifier: MIT */
/* What caches have answered and hold, read by the program itself. Any thread, as in
 * track/scopes/read.h. */
#ifndef MT_TRACK_SCOPES_CACHES_H
#define MT_TRACK_SCOPES_CACHES_H

#include "ledger/layout.h"
#include "memtrack.h"

#include "base/os.h"

/* As memtrack_caches_read; hits and misses are the ids of the groups of answers. Returns how many
 * caches there are, or -MEMTRACK_ENOMEM. */
MT_HIDDEN int mt_scopes_caches_read(mt_name_id hits, mt_name_id misses, memtrack_cache_row *rows,
                                    uint32_t capacity);

#endif
