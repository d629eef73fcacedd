/* SPDX-License-Identifier: MIT */
/* A change that has been written down before it is made: a thread's part of live/plan.h. */
#ifndef MT_TRACK_PLAN_PART_H
#define MT_TRACK_PLAN_PART_H

#include "ledger/layout.h"

enum { MT_PLAN_WORDS = 12, MT_PLAN_ENTRIES = 3 };
struct mt_planned_word {
    uint64_t *word, value;
};
struct mt_planned_entry {
    uint64_t key, bytes;
    uint32_t site, era;
};
struct mt_plan {
    bool is_made; /* all of it is written down, and is to be done */
    uint32_t n_words, n_entries;
    uint32_t site; /* the site whose counters are among the words, 0: none */
    struct mt_planned_word word[MT_PLAN_WORDS];
    struct mt_planned_entry entry[MT_PLAN_ENTRIES];
};

#endif
