/* SPDX-License-Identifier: MIT */
/*
 * Every thread has records of its own, so a row is the sum of several:
 *
 *   records 1 .. n_scopes-1 ──► those of the group, by name ──► a list for each row
 *                                                                  │ copied one by one
 *                                         sums, least, largest ◄───┤
 *   percentiles ◄── weights ◄── one array of all buckets ◄─────────┘ histograms
 *
 * A record is copied as it was when its thread was in no event: the same before and after a look at
 * the bank's sequence. So a thread that is busy with other scopes does not keep the reader waiting;
 * a record that changes all the time is taken as it is after some tries. The memory that is needed
 * is mapped for the call. This file is compiled with floating point, unlike the rest.
 */
#include "track/scopes/read.h"

#include "base/atomic.h"
#include "base/pages.h"
#include "ledger/estimate.h"
#include "ledger/statistics.h"
#include "memtrack/error.h"
#include "track/ground/state.h"
#include "track/scopes/totals.h"
#include "track/tables/banks.h"
#include "track/tables/names.h"

enum { BUCKETS = 1 << MT_BUCKET_BITS, MOST_TRIES = 200 };

struct weighing {
    struct mt_scope_totals record; /* a copy */
    /* Of magnitudes of each value, from 0 on, and below. */
    uint64_t count[MT_N_SCOPE_VALUES][2][BUCKETS];
    uint32_t end[MT_N_SCOPE_VALUES][2]; /* one more than the highest bucket that has any; 0: none */
    struct mt_weight weight[2 * BUCKETS];
};

/* For each name and kind: the first record and the last one of its list; 0: none. */
struct ends {
    uint32_t first, last;
};

struct reading {
    uint32_t n_records, n_rows;
    struct ends *of_name; /* by name, and by whether they are of the process */
    uint32_t *next;       /* by record: the next one of the list */
    uint32_t *row;        /* the first record of each row */
    struct weighing *weighing;
    void *memory;
    size_t bytes;
};

/* ---- lists ----------------------------------------------------------------------------------- */

static bool start(struct reading *r) {
    const struct mt_ledger_header *h = mt_state.header;
    /* Acquire: the records are there, and after them their names. */
    size_t n = r->n_records = mt_load_acquire(&h->n_scopes), names = mt_load_acquire(&h->n_names);
    size_t of_name = names * 2 * sizeof *r->of_name, of_record = n * sizeof *r->next;
    r->bytes = sizeof *r->weighing + of_name + 2 * of_record;
    char *memory = r->memory = mt_pages_new(r->bytes);
    if (memory == NULL)
        return false;
    r->weighing = (struct weighing *)memory;
    r->of_name = (struct ends *)(memory + sizeof *r->weighing);
    r->next = (uint32_t *)(memory + sizeof *r->weighing + of_name);
    r->row = (uint32_t *)(memory + sizeof *r->weighing + of_name + of_record);
    return true;
}

static void list_records(struct reading *r, mt_name_id group) {
    for (uint32_t id = 1; id < r->n_records; id++) {
        const struct mt_scope_totals *t = mt_scopes_totals_at(id);
        /* Relaxed: it is looked at again when it is copied. */
        if (t->group != group || mt_load_relaxed(&t->count) == 0 || !mt_scopes_totals_is_current(t))
            continue;
        struct ends *e = &r->of_name[(size_t)t->name * 2 + (t->is_process != 0)];
        if (e->first == 0)
            r->row[r->n_rows++] = e->first = id;
        else
            r->next[e->last] = id;
        e->last = id;
    }
}

/* ---- a record -------------------------------------------------------------------------------- */

static void copy_words(uint64_t *to, const uint64_t *from, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = mt_load_relaxed(&from[i]); /* whole words; see copy */
}

_Static_assert(sizeof(struct mt_scope_totals) % sizeof(uint64_t) == 0, "it is copied by words");

static bool are_words(const uint64_t *copy, const uint64_t *from, size_t n) {
    size_t i = 0;
    while (i < n && copy[i] == mt_load_relaxed(&from[i])) /* see copy_once */
        i++;
    return i == n;
}

static bool copy_once(struct mt_scope_totals *to, const struct mt_scope_totals *from) {
    const uint64_t *words = (const uint64_t *)from;
    enum { WORDS = sizeof *to / sizeof(uint64_t) };
    copy_words((uint64_t *)to, words, WORDS);
    mt_fence_acquire(); /* the copy is from before this look */
    if (mt_load_acquire(&mt_banks_at(from->bank)->sequence) % 2 !=
        0) /* the rest is from after it */
        return false;
    return are_words((const uint64_t *)to, words, WORDS);
}

/* Returns false when it has been forgotten meanwhile. */
static bool copy(struct mt_scope_totals *to, const struct mt_scope_totals *from) {
    for (int tries = 0; tries < MOST_TRIES && !copy_once(to, from); tries++)
        ;
    bool is_there = to->count != 0 && mt_scopes_totals_is_current(from) && to->epoch == from->epoch;
    mt_estimate_totals(to);
    return is_there;
}

/* ---- a row ----------------------------------------------------------------------------------- */

/* What is added up of a row's records. */
struct sums {
    uint64_t idle, latest_ns, error_ns;
    struct mt_scope_sums value[MT_N_SCOPE_VALUES];
};

static void add_value(struct mt_scope_sums *sum, const struct mt_scope_sums *value) {
    if (__builtin_add_overflow(sum->sum, value->sum, &sum->sum))
        sum->sum = value->sum < 0 ? INT64_MIN : INT64_MAX;
    sum->own = (int64_t)((uint64_t)sum->own + (uint64_t)value->own);
    sum->max = value->max > sum->max ? value->max : sum->max;
    sum->min = value->min < sum->min ? value->min : sum->min;
    sum->square_high +=
        value->square_high +
        __builtin_add_overflow(sum->square_low, value->square_low, &sum->square_low);
}

static void add_record(memtrack_scope_row *row, struct sums *sums,
                       const struct mt_scope_totals *t) {
    row->count += t->count;
    row->errors += t->errors;
    row->misuses += t->misuses;
    row->recursive += t->recursive;
    row->unmeasured += t->unmeasured;
    sums->idle += t->idle;
    if (row->file == NULL && t->file != 0) {
        row->file = mt_names_text(t->file);
        row->line = t->line;
    }
    if (t->latest_ns > sums->latest_ns) {
        sums->latest_ns = t->latest_ns;
        row->latest_before_bytes = t->latest_before_bytes;
        row->latest_after_bytes = t->latest_after_bytes;
    }
    if (t->error_text != 0 && t->error_ns > sums->error_ns) {
        sums->error_ns = t->error_ns;
        row->latest_error = (const char *)t->error_text;
    }
    for (int v = 0; v < MT_N_SCOPE_VALUES; v++)
        add_value(&sums->value[v], &t->value[v]);
}

static void weigh(struct weighing *w, int value, bool is_negative, uint32_t bucket, uint64_t n) {
    w->count[value][is_negative][bucket] += n;
    if (w->end[value][is_negative] <= bucket)
        w->end[value][is_negative] = bucket + 1;
}

/* Adds a histogram's counts. A table that has been outgrown meanwhile stays. */
static void weigh_table(struct weighing *w, const struct mt_scope_totals *t) {
    const uint64_t *table = (const uint64_t *)t->histogram;
    for (uint32_t i = 0; i < t->capacity; i++) {
        uint64_t word = mt_load_relaxed(&table[i]); /* a count as of some moment of the call */
        uint64_t n = word & ((UINT64_C(1) << MT_BUCKET_COUNT_BITS) - 1);
        int value = (int)(word >> MT_BUCKET_VALUE_SHIFT);
        if (n != 0 && value < MT_N_SCOPE_VALUES)
            weigh(w, value, (word & MT_BUCKET_NEGATIVE) != 0,
                  (uint32_t)(word >> MT_BUCKET_SHIFT) & (BUCKETS - 1), n);
    }
}

/* Makes sorted weights of a value's counts, which are zero afterwards. Returns how many there are. */
static size_t sort_weights(struct weighing *w, int value) {
    size_t n = 0;
    for (int sign = 1; sign >= 0; sign--) {
        uint32_t end = w->end[value][sign];
        w->end[value][sign] = 0;
        for (uint32_t i = 0; i < end; i++) {
            uint32_t bucket = sign != 0 ? end - 1 - i : i;
            uint64_t *count = &w->count[value][sign][bucket];
            if (*count != 0)
                w->weight[n++] = (struct mt_weight){mt_weight_value(bucket, sign != 0), *count};
            mt_store_relaxed(count, 0); /* relaxed: so that it is no loop for memset */
        }
    }
    return n;
}

static memtrack_statistic statistic_of(const struct mt_scope_sums *s, uint64_t n,
                                       const struct mt_weight *weights, size_t n_weights) {
    uint64_t total = mt_weights_total(weights, n_weights);
    bool all_max = mt_statistic_are_all(n, s->sum, s->max);
    int64_t p50 = mt_weights_percentile(weights, n_weights, total, 50),
            p95 = mt_weights_percentile(weights, n_weights, total, 95);
    if (n == 0 || s->max < s->min) /* none has been measured */
        return (memtrack_statistic){0};
    return (memtrack_statistic){
        .sum = (double)s->sum,
        .mean = mt_statistic_mean(n, s->sum),
        .stddev = memtrack_histogram_deviation(n, s->sum, s->square_low, s->square_high),
        .min = (double)s->min,
        .p50 = (double)mt_statistic_bounded(p50, s->min, s->max, all_max),
        .p95 = (double)mt_statistic_bounded(p95, s->min, s->max, all_max),
        .max = (double)s->max,
    };
}

static memtrack_statistic *statistic_at(memtrack_scope_row *row, int value) {
    memtrack_statistic *const at[MT_N_SCOPE_VALUES] = {
        [MT_SCOPE_NET_BYTES] = &row->net_bytes,
        [MT_SCOPE_PEAK_BYTES] = &row->peak_bytes,
        [MT_SCOPE_ALLOCATED_BYTES] = &row->allocated_bytes,
        [MT_SCOPE_ALLOCATED_BLOCKS] = &row->allocated_blocks,
        [MT_SCOPE_FREED_BYTES] = &row->freed_bytes,
        [MT_SCOPE_DURATION_NS] = &row->duration_ns,
        [MT_SCOPE_CPU_NS] = &row->cpu_ns,
    };
    return at[value];
}

/* Fills in the statistics of a row from the sums and from what the histograms have counted. */
static void fill_statistics(struct weighing *w, memtrack_scope_row *row, const struct sums *sums) {
    uint64_t n = row->count > row->recursive ? row->count - row->recursive : 0;
    for (int v = 0; v < MT_N_SCOPE_VALUES; v++) {
        if (v != MT_SCOPE_DURATION_NS && v != MT_SCOPE_CPU_NS)
            weigh(w, v, false, 0, sums->idle);
        size_t n_weights = sort_weights(w, v);
        *statistic_at(row, v) = statistic_of(&sums->value[v], n, w->weight, n_weights);
    }
    row->own_allocated_bytes =
        mt_estimate_own(MT_SCOPE_ALLOCATED_BYTES, sums->value[MT_SCOPE_ALLOCATED_BYTES].own);
    row->own_duration_ns =
        mt_estimate_own(MT_SCOPE_DURATION_NS, sums->value[MT_SCOPE_DURATION_NS].own);
}

static void fill_row(const struct reading *r, uint32_t first, memtrack_scope_row *row) {
    const struct mt_scope_totals *t = mt_scopes_totals_at(first);
    struct sums sums = {0};
    *row = (memtrack_scope_row){.name = mt_names_text(t->name),
                                .function = (const void *)mt_names_function(t->name),
                                .is_process = t->is_process != 0};
    for (int v = 0; v < MT_N_SCOPE_VALUES; v++)
        sums.value[v] = (struct mt_scope_sums){.max = INT64_MIN, .min = INT64_MAX};
    for (uint32_t id = first; id != 0; id = r->next[id]) {
        if (!copy(&r->weighing->record, mt_scopes_totals_at(id)))
            continue;
        add_record(row, &sums, &r->weighing->record);
        weigh_table(r->weighing, &r->weighing->record);
    }
    fill_statistics(r->weighing, row, &sums);
}

int mt_scopes_read(uint32_t group, memtrack_scope_row *rows, uint32_t capacity) {
    struct reading r = {0};
    if (!start(&r))
        return -MEMTRACK_ENOMEM;
    list_records(&r, group);
    for (uint32_t i = 0; i < r.n_rows && i < capacity; i++)
        fill_row(&r, r.row[i], &rows[i]);
    mt_pages_unmap(r.memory, r.bytes);
    return (int)r.n_rows;
}

void mt_scopes_read_rate(uint64_t part, uint64_t all, double *out) {
    *out = all != 0 ? (double)part / (double)all : 0;
}
