/* SPDX-License-Identifier: MIT */
/* A thread's scopes: its part of scopes/. Owner thread only. */
#ifndef MT_TRACK_SCOPES_PART_H
#define MT_TRACK_SCOPES_PART_H

#include "ledger/layout.h"

struct mt_scope_stack;

struct mt_scopes_part {
    mt_name_id name;              /* the name of the innermost scope, 0: none is open */
    struct mt_scope_stack *stack; /* made with the first scope */
    uint64_t random;              /* what chooses the scopes that are measured; 0: not seeded */
    uint64_t until;               /* scopes until the next one that is; 0: not drawn */
    uint32_t root;                /* node of the function that was called last by none; 0: none */
};

enum { MT_SCOPE_CACHE = 128 };

/* The totals of a name's scopes in this bank. */
struct mt_known_scope {
    uint64_t key; /* see mt_scopes_totals_key; 0: none */
    struct mt_scope_totals *totals;
};

struct mt_totals_part {
    struct mt_known_scope known[MT_SCOPE_CACHE];
};

#endif
