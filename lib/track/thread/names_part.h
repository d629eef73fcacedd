/* SPDX-License-Identifier: MIT */
/* What a thread remembers of names: its part of tables/names.h. Owner thread only. */
#ifndef MT_TRACK_NAMES_PART_H
#define MT_TRACK_NAMES_PART_H

#include "ledger/layout.h"

enum { MT_KNOWN_NAMES_BITS = 8 };

/* A text or function that this thread has met at this address, and the ledger's copy of the text.
 * The address of a function has bit 63 set here. */
struct mt_known_name {
    uint64_t address;
    const char *text;
    uint32_t bytes; /* of text, with its NUL if it has one */
    mt_name_id name;
};

struct mt_names_part {
    struct mt_known_name known[1 << MT_KNOWN_NAMES_BITS]; /* by address */
};

#endif
