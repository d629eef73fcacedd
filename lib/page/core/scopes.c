/* SPDX-License-Identifier: MIT */
/*
 * The rows of `memtrack scopes`.
 */
#include "view/scopes/rows.h"

#include <stdlib.h>

#include "ledger/own.h"
#include "page/core/core.h"
#include "page/core/exports.h"
#include "page/core/records.h"
#include "view/format/format.h"
#include "view/scopes/caches.h"

struct mt_scopes_rows *MT_CORE_EXPORT(mt_core_scopes_new)(const struct mt_core_profile *profile,
                                                          const char *sort) {
    enum mt_scopes_sort by = MT_SCOPE_BY_PEAK;
    struct mt_scopes_rows *rows = NULL;
    mt_scopes_sort_parse(sort, &by);
    mt_scopes_rows_build(profile->profile, by, &rows, &mt_core_error);
    return rows;
}

void MT_CORE_EXPORT(mt_core_scopes_free)(struct mt_scopes_rows *rows) {
    mt_scopes_rows_free(rows);
}

uint32_t MT_CORE_EXPORT(mt_core_scopes_count)(const struct mt_scopes_rows *rows) {
    return (uint32_t)rows->n;
}

/* Each text of a row stays until the next row: mt_core_text has one at a time. */
enum text { NAME, GROUP, FILE_NAME, ERROR, N_TEXTS };

static const char *text_of(const struct mt_scopes_rows *rows, enum text which, mt_string text) {
    static char *texts[N_TEXTS];
    free(texts[which]);
    texts[which] = mt_format_utf8(mt_profile_text(rows->profile, text));
    return texts[which] ? texts[which] : "";
}

const struct mt_core_scope *MT_CORE_EXPORT(mt_core_scopes_at)(const struct mt_scopes_rows *rows,
                                                              uint32_t i) {
    static struct mt_core_scope out;
    const struct mt_scope_row *row = &rows->items[i];
    out = (struct mt_core_scope){.count = (double)row->count,
                                 .errors = (double)row->errors,
                                 .recursive = (double)row->recursive,
                                 .misuses = (double)row->misuses,
                                 .line = row->line,
                                 .latest_before_bytes = (double)row->latest_before_bytes,
                                 .latest_after_bytes = (double)row->latest_after_bytes,
                                 .unmeasured = (double)row->unmeasured,
                                 .name = text_of(rows, NAME, row->name),
                                 .is_process = row->is_process,
                                 .n_threads = row->n_threads,
                                 .group = text_of(rows, GROUP, row->group),
                                 .file = text_of(rows, FILE_NAME, row->file),
                                 .error = text_of(rows, ERROR, row->error),
                                 .has_spread = row->has_spread,
                                 .has_latest = row->has_latest};
    for (enum mt_scope_value v = 0; v < MT_N_SCOPE_VALUES; v++) {
        const struct mt_scope_statistic *s = &row->value[v];
        double *to = out.value[v];
        to[0] = (double)s->sum;
        to[1] = s->mean;
        to[2] = (double)s->p50;
        to[3] = (double)s->p95;
        to[4] = (double)s->max;
        to[5] = (double)row->own[v];
        to[6] = (double)s->min;
        to[7] = s->stddev;
        out.sum_margin[v] = mt_scopes_rows_is_estimate(rows, v)
                                ? (double)mt_scopes_rows_margin(rows, row, v, s->sum)
                                : -1;
    }
    return &out;
}

/* ---- figures of the program's own ------------------------------------------------------------ */

static void put_counters(const struct mt_profile *profile) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    for (size_t i = 0; i < scopes->n_tallies; i++) {
        const struct mt_scope_tally *tally = &scopes->tallies[i];
        if (tally->kind != MT_TALLY_COUNTER)
            continue;
        mt_core_pairs_text("counter", mt_profile_text(profile, tally->name));
        mt_core_pairs_number("value", (double)tally->value);
        mt_core_pairs_number("lowest", (double)tally->lowest);
        mt_core_pairs_number("highest", (double)tally->highest);
        mt_core_pairs_number("changes", (double)tally->changes);
    }
}

static void put_times(const char *key, const struct mt_scope_statistic *s) {
    mt_core_pairs_text(key, "");
    mt_core_pairs_number("sum", (double)s->sum);
    mt_core_pairs_real("mean", s->mean);
    mt_core_pairs_number("p50", (double)s->p50);
    mt_core_pairs_number("p95", (double)s->p95);
    mt_core_pairs_number("max", (double)s->max);
    mt_core_pairs_number("min", (double)s->min);
    mt_core_pairs_real("stddev", s->stddev);
}

static void put_size(const char *key, const struct mt_cache_row *row, int64_t bytes) {
    if (row->has_size)
        mt_core_pairs_number(key, (double)bytes);
    else
        mt_core_pairs_text(key, "");
}

static void put_cache(const struct mt_profile *profile, const struct mt_cache_row *row) {
    mt_core_pairs_text("cache", mt_profile_text(profile, row->name));
    mt_core_pairs_number("hits", (double)row->hits);
    mt_core_pairs_number("misses", (double)row->misses);
    mt_core_pairs_real("hit_rate", mt_caches_hit_rate(row));
    put_times("hit_ns", &row->hit_ns);
    put_times("miss_ns", &row->miss_ns);
    put_size("size_bytes", row, row->size_bytes);
    put_size("highest_bytes", row, row->highest_bytes);
}

const char *MT_CORE_EXPORT(mt_core_scopes_figures)(const struct mt_scopes_rows *rows) {
    struct mt_cache_row *caches = NULL;
    int64_t n = mt_caches_build(rows, &caches);
    mt_core_pairs_begin();
    put_counters(rows->profile);
    for (int64_t i = 0; i < n; i++)
        put_cache(rows->profile, &caches[i]);
    free(caches);
    return mt_core_pairs_end();
}
