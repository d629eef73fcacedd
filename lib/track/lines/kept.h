/* SPDX-License-Identifier: MIT */
/* What a thread keeps of lines: records that it has met lately, and its calls of functions whose
 * blocks have hooks. For this room alone. */
#ifndef MT_TRACK_LINES_KEPT_H
#define MT_TRACK_LINES_KEPT_H

#include "ledger/lines.h"
#include "track/thread/thread.h"
#include "unwind/rule.h"

enum { MT_LINES_KNOWN_BITS = 9, MT_LINES_KNOWN = 1 << MT_LINES_KNOWN_BITS, MT_LINES_CALLS = 4096 };

struct mt_known_path {
    mt_node_id node; /* 0: none */
    struct mt_line_record *record;
};

struct mt_known_step {
    uint64_t pc; /* 0: none */
    mt_rule rule;
    struct mt_line_record *record; /* NULL: there was no room */
    uint64_t function;             /* where the function begins, or else the address itself */
};

/* A function that runs, by the block that it is in. */
struct mt_line_call {
    uint64_t cfa, function, since_ns;
    struct mt_line_record *record;
    bool is_outermost; /* no call further out is of the same function */
};

struct mt_lines_kept {
    struct mt_known_path path[MT_LINES_KNOWN]; /* by node */
    struct mt_known_step step[MT_LINES_KNOWN]; /* by address */
    uint32_t depth;
    struct mt_line_call call[MT_LINES_CALLS]; /* outermost first */
};

/* Returns what the thread keeps, or NULL when there is no memory. */
MT_HIDDEN struct mt_lines_kept *mt_lines_kept_of(struct mt_thread *t);
/* Forgets all of it, and counts from the bank's present counters on. */
MT_HIDDEN void mt_lines_kept_reset(struct mt_thread *t);
/* Gives the memory back. */
MT_HIDDEN void mt_lines_kept_free(struct mt_thread *t);

#endif
