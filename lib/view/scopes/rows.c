/* SPDX-License-Identifier: MIT */
/*
 * Totals by name and thread become rows by name: sorted by name once, each run of equal names is a
 * row. Its percentiles come from the buckets of the run, sorted by what they stand for, with the
 * scopes in which nothing was allocated as zeros among them; the p-th percentile is the smallest
 * value that p of all values do not exceed (nearest rank), as the median of two values has to be
 * one that occurred.
 *
 * Sums saturate: a profile may hold any number.
 */
#include "view/scopes/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "ledger/estimate.h"
#include "ledger/own.h"
#include "ledger/statistics.h"
#include "view/margin.h"

const char *mt_scopes_rows_value_key(enum mt_scope_value value) {
    static const char *const keys[MT_N_SCOPE_VALUES] = {
        [MT_SCOPE_NET_BYTES] = "net_bytes",
        [MT_SCOPE_PEAK_BYTES] = "peak_bytes",
        [MT_SCOPE_ALLOCATED_BYTES] = "allocated_bytes",
        [MT_SCOPE_ALLOCATED_BLOCKS] = "allocated_blocks",
        [MT_SCOPE_FREED_BYTES] = "freed_bytes",
        [MT_SCOPE_DURATION_NS] = "duration_ns",
        [MT_SCOPE_CPU_NS] = "cpu_ns",
    };
    return value < MT_N_SCOPE_VALUES ? keys[value] : "";
}

/* ---- adding up ------------------------------------------------------------------------------- */

static struct mt_weight weight_of(const struct mt_scope_bucket *bucket) {
    return (struct mt_weight){mt_weight_value(bucket->bucket, bucket->is_negative), bucket->count};
}

static int compare_weights(const void *a, const void *b) {
    const struct mt_weight *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Makes the sorted weights of one value over a run of totals. Returns how many there are; room
 * holds all buckets and one more. */
static size_t weights_of(const struct mt_scopes *scopes, const struct mt_scope *const *run,
                         size_t n, enum mt_scope_value value, struct mt_weight *room) {
    bool is_time = value == MT_SCOPE_DURATION_NS || value == MT_SCOPE_CPU_NS;
    size_t n_weights = 1;
    room[0] = (struct mt_weight){0, 0};
    for (size_t i = 0; i < n; i++) {
        if (!is_time)
            mt_saturate_add_count(&room[0].count, run[i]->idle);
        for (size_t k = 0; k < run[i]->n_buckets; k++) {
            const struct mt_scope_bucket *bucket = &scopes->buckets[run[i]->first_bucket + k];
            if (bucket->value == value)
                room[n_weights++] = weight_of(bucket);
        }
    }
    qsort(room, n_weights, sizeof *room, compare_weights);
    return n_weights;
}

/* Adds up the squares of a run. Returns false when they were not measured in all of it. */
static bool squares_of(const struct mt_scope *const *run, size_t n, size_t value,
                       struct mt_scope_squares *out) {
    bool has_spread = true;
    *out = (struct mt_scope_squares){0, 0};
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_squares *s = &run[i]->squares[value];
        has_spread &= run[i]->has_spread;
        out->high += s->high + __builtin_add_overflow(out->low, s->low, &out->low);
    }
    return has_spread;
}

static void fill_statistics(struct mt_scope_row *row, const struct mt_scopes *scopes,
                            const struct mt_scope *const *run, size_t n, struct mt_weight *room) {
    uint64_t count = mt_scopes_rows_measured(row);
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        struct mt_scope_statistic *s = &row->value[v];
        struct mt_scope_squares squares;
        size_t n_weights = weights_of(scopes, run, n, (enum mt_scope_value)v, room);
        uint64_t total = mt_weights_total(room, n_weights);
        bool all_max = mt_statistic_are_all(count, s->sum, s->max);
        row->has_spread = squares_of(run, n, v, &squares);
        int64_t min = row->has_spread && s->min < s->max ? s->min : INT64_MIN;
        s->p50 = mt_statistic_bounded(mt_weights_percentile(room, n_weights, total, 50), min,
                                      s->max, all_max);
        s->p95 = mt_statistic_bounded(mt_weights_percentile(room, n_weights, total, 95), min,
                                      s->max, all_max);
        s->mean = mt_statistic_mean(count, s->sum);
        s->stddev = memtrack_histogram_deviation(count, s->sum, squares.low, squares.high);
    }
}

static void fill_latest(struct mt_scope_row *row, const struct mt_scope *const *run, size_t n) {
    uint64_t latest_ns = 0, error_ns = 0;
    for (size_t i = 0; i < n; i++) {
        if (row->file == 0) {
            row->file = run[i]->file;
            row->line = run[i]->line;
        }
        if (run[i]->latest_ns > latest_ns) {
            latest_ns = run[i]->latest_ns;
            row->latest_before_bytes = run[i]->latest_before_bytes;
            row->latest_after_bytes = run[i]->latest_after_bytes;
        }
        if (run[i]->error_ns > error_ns) {
            error_ns = run[i]->error_ns;
            row->error = run[i]->error;
        }
    }
    row->has_latest = latest_ns != 0;
}

static void fill_row(struct mt_scope_row *row, const struct mt_scope *const *run, size_t n) {
    *row = (struct mt_scope_row){
        .name = run[0]->name, .group = run[0]->group, .is_process = run[0]->is_process};
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        row->value[v] = (struct mt_scope_statistic){.max = run[0]->max[v], .min = run[0]->min[v]};
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || run[i]->thread != run[i - 1]->thread)
            row->n_threads += run[i]->n_threads != 0 ? run[i]->n_threads : 1;
        mt_saturate_add_count(&row->count, run[i]->count);
        mt_saturate_add_count(&row->recursive, run[i]->recursive);
        mt_saturate_add_count(&row->unmeasured, run[i]->unmeasured);
        mt_saturate_add_count(&row->errors, run[i]->errors);
        mt_saturate_add_count(&row->misuses, run[i]->misuses);
        for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
            struct mt_scope_statistic *s = &row->value[v];
            mt_saturate_add(&s->sum, run[i]->sum[v]);
            mt_saturate_add(&row->own[v], run[i]->own[v]);
            s->max = run[i]->max[v] > s->max ? run[i]->max[v] : s->max;
            s->min = run[i]->min[v] < s->min ? run[i]->min[v] : s->min;
        }
    }
    for (int v = 0; v < MT_N_SCOPE_VALUES; v++) {
        row->own[v] = mt_estimate_own(v, row->own[v]);
        if (row->unmeasured && row->value[v].max < row->value[v].min) /* none has been measured */
            row->value[v].max = row->value[v].min = 0;
    }
    fill_latest(row, run, n);
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_totals(const void *a, const void *b) {
    const struct mt_scope *x = *(const struct mt_scope *const *)a,
                          *y = *(const struct mt_scope *const *)b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->is_process != y->is_process)
        return x->is_process ? 1 : -1;
    return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static bool same_row(const struct mt_scope *x, const struct mt_scope *y) {
    return x->name == y->name && x->group == y->group && x->is_process == y->is_process;
}

static int64_t sort_key(const struct mt_scope_row *row, enum mt_scopes_sort sort) {
    switch (sort) {
    case MT_SCOPE_BY_PEAK:
        return row->value[MT_SCOPE_PEAK_BYTES].max;
    case MT_SCOPE_BY_NET:
        return row->value[MT_SCOPE_NET_BYTES].sum;
    case MT_SCOPE_BY_ALLOCATED:
        return row->value[MT_SCOPE_ALLOCATED_BYTES].sum;
    case MT_SCOPE_BY_BLOCKS:
        return row->value[MT_SCOPE_ALLOCATED_BLOCKS].sum;
    case MT_SCOPE_BY_FREED:
        return row->value[MT_SCOPE_FREED_BYTES].sum;
    case MT_SCOPE_BY_SELF:
        return row->own[MT_SCOPE_ALLOCATED_BYTES];
    case MT_SCOPE_BY_TIME:
        return row->value[MT_SCOPE_DURATION_NS].sum;
    case MT_SCOPE_BY_SELF_TIME:
        return row->own[MT_SCOPE_DURATION_NS];
    case MT_SCOPE_BY_CPU:
        return row->value[MT_SCOPE_CPU_NS].sum;
    case MT_SCOPE_BY_COUNT:
        return mt_saturate_signed(row->count);
    case MT_SCOPE_BY_ERRORS:
        return mt_saturate_signed(row->errors);
    case MT_SCOPE_BY_MISUSES:
        return mt_saturate_signed(row->misuses);
    default:
        return 0;
    }
}

static int compare_rows(const void *a, const void *b, void *context) {
    const struct mt_scopes_rows *rows = context;
    const struct mt_scope_row *x = a, *y = b;
    int64_t left = sort_key(x, rows->sort), right = sort_key(y, rows->sort);
    if (left != right)
        return left > right ? -1 : 1;
    int order =
        strcmp(mt_profile_text(rows->profile, x->name), mt_profile_text(rows->profile, y->name));
    if (!order)
        order = strcmp(mt_profile_text(rows->profile, x->group),
                       mt_profile_text(rows->profile, y->group));
    return order ? order : (int)x->is_process - (int)y->is_process;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_of_cache(const struct mt_profile *profile, const struct mt_scope *totals) {
    const char *group = mt_profile_text(profile, totals->group);
    return strcmp(group, MT_GROUP_HITS) == 0 || strcmp(group, MT_GROUP_MISSES) == 0;
}

static int build(struct mt_scopes_rows *rows) {
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    size_t n = scopes->n_totals;
    const struct mt_scope **ordered = malloc((n + 1) * sizeof *ordered);
    struct mt_weight *room = malloc((scopes->n_buckets + 1) * sizeof *room);
    rows->items = malloc((n + 1) * sizeof *rows->items);
    rows->answers = malloc((n + 1) * sizeof *rows->answers);
    bool made = ordered && room && rows->items && rows->answers;
    for (size_t i = 0; made && i < n; i++)
        ordered[i] = &scopes->totals[i];
    if (made)
        qsort(ordered, n, sizeof *ordered, compare_totals);
    for (size_t first = 0, end; made && first < n; first = end) {
        for (end = first + 1; end < n && same_row(ordered[first], ordered[end]);)
            end++;
        struct mt_scope_row *row = is_of_cache(rows->profile, ordered[first])
                                       ? &rows->answers[rows->n_answers++]
                                       : &rows->items[rows->n++];
        fill_row(row, ordered + first, end - first);
        fill_statistics(row, scopes, ordered + first, end - first, room);
    }
    if (made)
        qsort_r(rows->items, rows->n, sizeof *rows->items, compare_rows, rows);
    free(ordered);
    free(room);
    return made ? 0 : -MEMTRACK_ENOMEM;
}

int mt_scopes_rows_build(const struct mt_profile *profile, enum mt_scopes_sort sort,
                         struct mt_scopes_rows **out, struct mt_error *error) {
    struct mt_scopes_rows *rows = calloc(1, sizeof *rows);
    if (rows) {
        rows->profile = profile;
        rows->sort = sort;
    }
    if (!rows || build(rows) != 0) {
        mt_scopes_rows_free(rows);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while adding up scopes");
    }
    *out = rows;
    return 0;
}

void mt_scopes_rows_free(struct mt_scopes_rows *rows) {
    if (!rows)
        return;
    free(rows->items);
    free(rows->answers);
    free(rows);
}

/* For net, all that was allocated and freed is uncertain, however little is left. */
int64_t mt_scopes_rows_margin(const struct mt_scopes_rows *rows, const struct mt_scope_row *row,
                              enum mt_scope_value value, int64_t amount) {
    uint64_t period = rows->profile->info.sample_bytes;
    double bytes = (double)row->value[MT_SCOPE_ALLOCATED_BYTES].sum,
           blocks = (double)row->value[MT_SCOPE_ALLOCATED_BLOCKS].sum;
    if (period == 0 || value == MT_SCOPE_DURATION_NS || value == MT_SCOPE_CPU_NS || amount == 0)
        return 0;
    if (value == MT_SCOPE_ALLOCATED_BLOCKS)
        return mt_margin_of(
            (double)amount,
            mt_margin_most_of_blocks((double)amount, blocks > 0 ? bytes / blocks : 1, period));
    double whole = value == MT_SCOPE_NET_BYTES
                       ? bytes + (double)row->value[MT_SCOPE_FREED_BYTES].sum
                       : (double)amount;
    return mt_margin_of(whole, mt_margin_most_of_bytes(whole, period));
}

bool mt_scopes_rows_is_estimate(const struct mt_scopes_rows *rows, enum mt_scope_value value) {
    return rows->profile->info.sample_bytes && value != MT_SCOPE_DURATION_NS &&
           value != MT_SCOPE_CPU_NS;
}
