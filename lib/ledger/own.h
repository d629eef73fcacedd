/* SPDX-License-Identifier: MIT */
/*
 * A part of ledger/layout.h: the program's own figures, and what it says of itself.
 *
 *   header ──► MT_EXTENT_TALLIES   chunk i: struct mt_tally[MT_TALLIES_PER_CHUNK]
 *              MT_EXTENT_METADATA  chunk i: struct mt_metadata[MT_METADATA_PER_CHUNK]
 */
#ifndef MT_LEDGER_OWN_H
#define MT_LEDGER_OWN_H

#include <stdint.h>

enum mt_tally_kind { MT_TALLY_COUNTER = 1, MT_TALLY_CACHE };

/* This is a figure that the program keeps: a counter, or the bytes that a cache has. All threads
 * write it, each word by itself. */
struct mt_tally {
    uint32_t name;                  /* mt_name_id */
    uint32_t kind;                  /* enum mt_tally_kind */
    int64_t value, lowest, highest; /* lowest and highest: of all values since the first change */
    uint64_t changes;               /* how often it was set or added to */
    uint64_t time_ns;               /* of the latest change, since the start of the recording */
    uint64_t event_ns;              /* and of the latest one that is an event */
    uint64_t reserved;
};
enum { MT_TALLIES_PER_CHUNK = 64, MT_MAX_TALLIES = 1 << 16 };

/* What caches have answered are records of scopes, which have times alone, in these groups. */
#define MT_GROUP_HITS   "[cache hits]"
#define MT_GROUP_MISSES "[cache misses]"

/* This is a key of the process, and its value, without NUL. A reader takes it when sequence is even
 * and the same before and after. */
struct mt_metadata {
    uint64_t sequence; /* odd while key and value are written */
    uint32_t key_bytes, value_bytes;
    char key[256], value[256];
};
enum { MT_METADATA_PER_CHUNK = 16, MT_MAX_METADATA = 4096 };

_Static_assert(sizeof(struct mt_tally) == 64, "a tally is a line");

#endif
