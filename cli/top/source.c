/* SPDX-License-Identifier: MIT */
/*
 * Rates are differences over a window, taken sample by sample, so that neither grouping again nor
 * joining with other processes disturbs them.
 */
#include "top/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/saturate.h"
#include "profile/called.h"

enum { FIRST_BATCH = 16 };

/* ---- life ------------------------------------------------------------------------------------ */

int mt_top_source_new(struct mt_ledger *ledger, struct mt_top_source **out,
                      struct mt_error *error) {
    struct mt_top_source *s = calloc(1, sizeof *s);
    if (!s) {
        mt_ledger_close(ledger);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    s->ledger = ledger;
    s->batch = FIRST_BATCH;
    int rc = mt_follow_new(ledger, &s->follow, error);
    if (rc != 0) {
        mt_top_source_free(s);
        return rc;
    }
    s->profile = mt_follow_profile(s->follow);
    if (asprintf(&s->label, "%" PRIu32 " %s", s->profile->info.pid, mt_called_name(s->profile)) <
        0) {
        s->label = NULL;
        mt_top_source_free(s);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    *out = s;
    return 0;
}

int mt_top_source_new_written(struct mt_profile *profile, struct mt_top_source **out,
                              struct mt_error *error) {
    const struct mt_profile_info *info = &profile->info;
    struct mt_top_source *s = calloc(1, sizeof *s);
    if (!s) {
        mt_profile_free(profile);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    s->profile = profile;
    s->batch = FIRST_BATCH;
    s->totals = (struct mt_ledger_totals){
        .live_bytes = mt_saturate_signed(info->totals.live_bytes),
        .peak_bytes = mt_saturate_signed(info->totals.peak_bytes),
        .allocated_blocks = info->totals.total_blocks,
        .failed = info->totals.failed_allocations,
        .unknown_frees = info->coverage.unknown_frees,
        .dropped = info->coverage.dropped_events,
        .lossy_blocks = info->coverage.lossy_blocks,
    };
    *out = s;
    return 0;
}

void mt_top_source_free(struct mt_top_source *s) {
    if (!s)
        return;
    if (!s->follow)
        mt_profile_free(s->profile);
    mt_follow_free(s->follow);
    mt_ledger_close(s->ledger);
    free(s->histories);
    free(s->label);
    free(s->map);
    free(s);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int grow_histories(struct mt_top_source *s) {
    size_t n = s->profile->n_samples;
    if (!mt_array_reserve(&s->histories, &s->history_capacity, n, sizeof *s->histories))
        return -MEMTRACK_ENOMEM;
    memset(s->histories + s->n_histories, 0, (n - s->n_histories) * sizeof *s->histories);
    s->n_histories = n;
    return 0;
}

int mt_top_source_read_totals(struct mt_top_source *s, struct mt_error *error) {
    if (!s->ledger)
        return 0;
    int rc = mt_ledger_refresh(s->ledger, error);
    if (rc == 0 && (rc = mt_ledger_totals(s->ledger, &s->totals)) != 0)
        rc = mt_error_set(error, -rc, "", "%s: cannot be read any more", mt_ledger_path(s->ledger));
    return rc;
}

int mt_top_source_read(struct mt_top_source *s, uint64_t budget_ns, struct mt_error *error) {
    bool complete = false;
    int rc = s->follow ? mt_follow_read(s->follow, budget_ns, &complete, error) : 0;
    if (grow_histories(s) != 0)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    s->is_read = rc == 0 && (complete || !s->follow);
    return rc;
}

/* ---- windows and marks ----------------------------------------------------------------------- */

static int64_t per_second(int64_t difference, double seconds) {
    return difference > 0 ? (int64_t)((double)difference / seconds + 0.5) : 0;
}

void mt_top_source_turn(struct mt_top_source *s, double seconds) {
    for (size_t i = 0; i < s->n_histories; i++) {
        struct mt_top_history *h = &s->histories[i];
        const int64_t *value = s->profile->samples[i].value;
        if (seconds > 0) {
            h->bytes_per_s = per_second(value[MT_VALUE_TOTAL_BYTES] - h->window_bytes, seconds);
            h->blocks_per_s = per_second(value[MT_VALUE_TOTAL_BLOCKS] - h->window_blocks, seconds);
        }
        h->window_bytes = value[MT_VALUE_TOTAL_BYTES];
        h->window_blocks = value[MT_VALUE_TOTAL_BLOCKS];
    }
}

void mt_top_source_mark(struct mt_top_source *s) {
    for (size_t i = 0; i < s->n_histories; i++) {
        s->histories[i].mark_bytes = s->profile->samples[i].value[MT_VALUE_LIVE_BYTES];
        s->histories[i].mark_blocks = s->profile->samples[i].value[MT_VALUE_LIVE_BLOCKS];
    }
}

void mt_top_source_begin(struct mt_top_source *s, bool is_new_in_window, bool is_new) {
    if (!is_new_in_window)
        mt_top_source_turn(s, 0);
    if (!is_new)
        mt_top_source_mark(s);
    s->is_begun = true;
}

/* ---- naming ---------------------------------------------------------------------------------- */

/* Batches grow while they are quick: each opens its files anew unless they are cached. */
int mt_top_source_name(struct mt_top_source *s, const struct mt_symbols_options *symbols,
                       uint64_t budget_ns) {
    uint64_t began = mt_clock_cpu_ns();
    int rc = 0;
    while (s->n_named < s->profile->n_locations && rc == 0) {
        size_t left = s->profile->n_locations - s->n_named,
               n = budget_ns && s->batch < left ? s->batch : left;
        struct mt_symbols_options options = *symbols;
        options.first = s->n_named;
        options.end = s->n_named + n;
        uint64_t before = mt_clock_cpu_ns();
        rc = mt_symbols_resolve(s->profile, &options, NULL);
        s->n_named += n;
        uint64_t after = mt_clock_cpu_ns();
        if (budget_ns && after - before < budget_ns / 4)
            s->batch *= 2;
        else if (budget_ns && after - before > budget_ns && s->batch > FIRST_BATCH)
            s->batch /= 2;
        if (budget_ns && after - began > budget_ns / 2)
            break;
    }
    return rc;
}
