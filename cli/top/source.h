/* SPDX-License-Identifier: MIT */
/*
 * One ledger that the model of `memtrack top` follows: its profile, and of each sample what it was
 * when the window and the mark began. Of a tree of processes the model has several (top/joined.h).
 */
#ifndef MT_CLI_TOP_SOURCE_H
#define MT_CLI_TOP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/ledger/follow.h"
#include "view/symbols/symbols.h"

struct mt_top_history { /* of one sample */
    int64_t mark_bytes, mark_blocks;
    int64_t window_bytes, window_blocks; /* totals when the window began */
    int64_t bytes_per_s, blocks_per_s;
};

struct mt_top_source {
    struct mt_ledger *ledger;   /* NULL: of a profile that was written */
    struct mt_follow *follow;   /* the same */
    struct mt_profile *profile; /* belongs to follow, if there is one */
    struct mt_ledger_totals totals;
    struct mt_top_history *histories;
    size_t n_histories, history_capacity;
    size_t n_named, batch;
    char *label; /* "1234 worker" */
    bool is_main;
    bool is_read;  /* in the pass that goes on, or for good */
    bool has_left; /* its process has ended, and others go on: nothing of it is live */
    bool is_begun; /* it has been in a window */
    /* where its samples are in the joined profile, as far as they are there: */
    uint32_t *map;
    size_t n_mapped;
    uint64_t joined_generation; /* of follow, + 1; 0: it was not joined yet */
};

/* Begins to follow a ledger, which belongs to the source from now on, also when this fails. Returns
 * 0 or -MEMTRACK_E…. */
int mt_top_source_new(struct mt_ledger *ledger, struct mt_top_source **out, struct mt_error *error);
/* Makes one of a profile, which nothing is added to and belongs to the source as the ledger does. */
int mt_top_source_new_written(struct mt_profile *profile, struct mt_top_source **out,
                              struct mt_error *error);
void mt_top_source_free(struct mt_top_source *source); /* NULL is fine */

/* Reads totals and records (budget_ns as mt_follow_read); is_read is set when a pass is complete.
 * The first reads totals alone. Return 0 or -MEMTRACK_E…; what was read stays. */
int mt_top_source_read_totals(struct mt_top_source *source, struct mt_error *error);
int mt_top_source_read(struct mt_top_source *source, uint64_t budget_ns, struct mt_error *error);

/* Names new addresses for about budget_ns of processor time (0: all of them). Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_top_source_name(struct mt_top_source *source, const struct mt_symbols_options *symbols,
                       uint64_t budget_ns);

/* Ends a window of so many seconds (0: none has begun) and begins the next. */
void mt_top_source_turn(struct mt_top_source *source, double seconds);
/* Everything that it has counts as new in this window, and since the mark (is_new), or nothing. */
void mt_top_source_begin(struct mt_top_source *source, bool is_new_in_window, bool is_new);
void mt_top_source_mark(struct mt_top_source *source);

#endif
