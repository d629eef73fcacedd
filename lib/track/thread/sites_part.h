/* SPDX-License-Identifier: MIT */
/* What a thread remembers of sites: its part of tables/sites.h. Owner thread only. */
#ifndef MT_TRACK_SITES_PART_H
#define MT_TRACK_SITES_PART_H

#include "ledger/layout.h"

enum { MT_SITE_CACHE = 1024, MT_FOREIGN_CACHE = 256 };

struct mt_sites_part {
    uint64_t own[MT_SITE_CACHE];        /* node (28) | class (7) | site (27) */
    uint64_t foreign[MT_FOREIGN_CACHE]; /* site (27) | own record for it (27) */
};

#endif
