/* SPDX-License-Identifier: MIT */
/*
 * Three things at three speeds:
 *
 *   ledger ──read──► samples ──sum──► lines, in order    every tick: a pass over what is there
 *                      │                 ▲
 *                      ├──name──► lines of locations      when there are new addresses
 *                      └──group─► row of each sample      when there are new samples or names,
 *                                                         or the user asks
 *
 * A sample that came after the last grouping has no row; it is counted in a line of its own
 * ("pending"). Rates are differences over a window, taken sample by sample, so that grouping again
 * does not disturb them.
 *
 * A row that is opened is remembered by one of its samples: rows come and go with each grouping,
 * samples stay.
 *
 * Only as many lines are put in order as can be seen: a selection, then a sort of what was
 * selected.
 */
#include "top/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"

enum { FIRST_BATCH = 16, NAMED_ROWS = 1000, MAX_TICKS = 4000, PASSES_PER_WINDOW = 5 };
#define NS_PER_S 1e9

struct history { /* of one sample */
    int64_t mark_bytes, mark_blocks;
    int64_t window_bytes, window_blocks; /* totals when the window began */
    int64_t bytes_per_s, blocks_per_s;
};

struct mt_top_model {
    struct mt_ledger *ledger;
    struct mt_follow *follow;
    struct mt_profile *profile; /* belongs to follow */
    struct mt_top_options options;
    struct mt_ledger_totals totals;
    struct mt_axis axis;
    struct history *histories;
    size_t n_histories, history_capacity;
    uint64_t window_ns, last_window_ns; /* when it began, 0: not yet; how long the one before was */
    uint64_t marked_ns;
    size_t n_named, batch;
    bool is_inside_pass;
    uint64_t pass_began_ns,
        pass_ns; /* how long the last one took: its records are of different instants */
    /* what grouping has made: */
    struct mt_rows *rows, *paths; /* paths are those of the open row */
    uint32_t open_sample;
    uint64_t grouped_generation;
    size_t grouped_named;
    bool must_group;
    struct mt_top_line *lines;
    size_t n_lines;
    struct mt_top_line all, passed, pending;
};

/* ---- life ------------------------------------------------------------------------------------ */

int mt_top_model_new(struct mt_ledger *ledger, const struct mt_top_options *options,
                     struct mt_top_model **out, struct mt_error *error) {
    struct mt_top_model *m = calloc(1, sizeof *m);
    if (!m) {
        mt_ledger_close(ledger);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    m->ledger = ledger;
    m->options = *options;
    m->batch = FIRST_BATCH;
    m->open_sample = UINT32_MAX;
    m->must_group = true;
    mt_axis_init(&m->axis, MAX_TICKS);
    int rc = mt_follow_new(ledger, &m->follow, error);
    if (rc == 0 && !m->options.symbols.cache &&
        !(m->options.symbols.cache = mt_symbols_cache_new()))
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc != 0) {
        mt_top_model_free(m);
        return rc;
    }
    m->profile = mt_follow_profile(m->follow);
    *out = m;
    return 0;
}

void mt_top_model_free(struct mt_top_model *m) {
    if (!m)
        return;
    mt_rows_free(m->rows);
    mt_rows_free(m->paths);
    mt_follow_free(m->follow);
    mt_ledger_close(m->ledger);
    mt_symbols_cache_free(m->options.symbols.cache);
    mt_axis_free(&m->axis);
    free(m->histories);
    free(m->lines);
    free(m);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int grow_histories(struct mt_top_model *m) {
    size_t n = m->profile->n_samples;
    if (!mt_array_reserve(&m->histories, &m->history_capacity, n, sizeof *m->histories))
        return -MEMTRACK_ENOMEM;
    memset(m->histories + m->n_histories, 0, (n - m->n_histories) * sizeof *m->histories);
    m->n_histories = n;
    return 0;
}

static int64_t per_second(int64_t difference, double seconds) {
    return difference > 0 ? (int64_t)((double)difference / seconds + 0.5) : 0;
}

/* Closes the window if it is long enough, compared with a pass as well, and begins the next. The
 * first call only begins one. */
static void turn_window(struct mt_top_model *m, uint64_t now_ns) {
    bool is_first = m->window_ns == 0;
    uint64_t least = m->pass_ns * PASSES_PER_WINDOW;
    if (!is_first &&
        now_ns - m->window_ns < (least > m->options.window_ns ? least : m->options.window_ns))
        return;
    double seconds = (double)(now_ns - m->window_ns) / NS_PER_S;
    for (size_t s = 0; s < m->n_histories; s++) {
        struct history *h = &m->histories[s];
        const int64_t *value = m->profile->samples[s].value;
        if (!is_first) {
            h->bytes_per_s = per_second(value[MT_VALUE_TOTAL_BYTES] - h->window_bytes, seconds);
            h->blocks_per_s = per_second(value[MT_VALUE_TOTAL_BLOCKS] - h->window_blocks, seconds);
        }
        h->window_bytes = value[MT_VALUE_TOTAL_BYTES];
        h->window_blocks = value[MT_VALUE_TOTAL_BLOCKS];
    }
    if (!is_first)
        m->last_window_ns = now_ns - m->window_ns;
    m->window_ns = now_ns;
}

void mt_top_model_mark(struct mt_top_model *m, uint64_t now_ns) {
    for (size_t s = 0; s < m->n_histories; s++) {
        m->histories[s].mark_bytes = m->profile->samples[s].value[MT_VALUE_LIVE_BYTES];
        m->histories[s].mark_blocks = m->profile->samples[s].value[MT_VALUE_LIVE_BLOCKS];
    }
    m->marked_ns = now_ns;
}

uint64_t mt_top_model_time_ns(const struct mt_top_model *m, uint64_t now_ns) {
    uint64_t start = mt_ledger_info(m->ledger)->start_monotonic_ns;
    return start <= now_ns ? now_ns - start : now_ns; /* a later start: another time namespace */
}

int mt_top_model_read(struct mt_top_model *m, uint64_t now_ns, uint64_t rss_bytes,
                      uint64_t budget_ns, struct mt_error *error) {
    bool complete;
    int rc = mt_ledger_refresh(m->ledger, error);
    if (rc == 0 && (rc = mt_ledger_totals(m->ledger, &m->totals)) != 0)
        rc = mt_error_set(error, -rc, "", "%s: cannot be read any more", mt_ledger_path(m->ledger));
    if (rc != 0)
        return rc;
    struct mt_tick tick = {
        .time_ns = mt_top_model_time_ns(m, now_ns),
        .live_bytes = m->totals.live_bytes > 0 ? m->totals.live_bytes : 0,
        .total_blocks = m->totals.allocated_blocks,
        .rss_bytes = rss_bytes,
    };
    mt_axis_add(&m->axis, &tick); /* without memory a tick is missing */
    if (!m->is_inside_pass)
        m->pass_began_ns = now_ns;
    m->is_inside_pass = true;
    rc = mt_follow_read(m->follow, budget_ns, &complete, error);
    if (grow_histories(m) != 0)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc != 0 || !complete)
        return rc;
    m->is_inside_pass = false;
    m->pass_ns = now_ns - m->pass_began_ns;
    turn_window(m, now_ns);
    if (m->marked_ns == 0)
        mt_top_model_mark(m, now_ns);
    return 0;
}

/* ---- naming ---------------------------------------------------------------------------------- */

/* Batches grow while they are quick: each opens its files anew unless they are cached. */
bool mt_top_model_name(struct mt_top_model *m, uint64_t budget_ns, int *status) {
    uint64_t began = mt_clock_cpu_ns();
    *status = 0;
    while (m->n_named < m->profile->n_locations && *status == 0) {
        size_t left = m->profile->n_locations - m->n_named,
               n = budget_ns && m->batch < left ? m->batch : left;
        struct mt_symbols_options options = m->options.symbols;
        options.first = m->n_named;
        options.end = m->n_named + n;
        uint64_t before = mt_clock_cpu_ns();
        *status = mt_symbols_resolve(m->profile, &options, NULL);
        m->n_named += n;
        uint64_t after = mt_clock_cpu_ns();
        if (budget_ns && after - before < budget_ns / 4)
            m->batch *= 2;
        else if (budget_ns && after - before > budget_ns && m->batch > FIRST_BATCH)
            m->batch /= 2;
        if (budget_ns && after - began > budget_ns / 2)
            break;
    }
    return m->n_named < m->profile->n_locations;
}

void mt_top_model_named(struct mt_top_model *m, size_t *n_named, size_t *n) {
    *n_named = m->n_named;
    *n = m->profile->n_locations;
}

/* ---- grouping -------------------------------------------------------------------------------- */

bool mt_top_model_is_stale(const struct mt_top_model *m) {
    return m->must_group || m->grouped_generation != mt_follow_generation(m->follow) ||
           m->grouped_named != m->n_named;
}

static struct mt_view_options view_options(const struct mt_top_model *m) {
    return (struct mt_view_options){
        .by = m->options.by,
        .sort = MT_VALUE_LIVE_BYTES,
        .wrappers = m->options.wrappers,
        .filter = m->options.filter,
        .keeps_samples = true,
        .n_named = NAMED_ROWS,
    };
}

/* Makes rows of the call paths of the open row. *paths is NULL when no row is open. */
static int group_paths(const struct mt_top_model *m, const struct mt_rows *rows,
                       struct mt_rows **paths, struct mt_error *error) {
    size_t n;
    const uint32_t *row_of_sample = mt_rows_of_samples(rows, &n);
    *paths = NULL;
    if (m->open_sample >= n || row_of_sample[m->open_sample] == UINT32_MAX)
        return 0;
    struct mt_view_options view = view_options(m);
    view.by = MT_BY_STACK;
    view.among = row_of_sample;
    view.among_value = row_of_sample[m->open_sample];
    return mt_rows_build(m->profile, &view, paths, error);
}

int mt_top_model_group(struct mt_top_model *m, struct mt_error *error) {
    struct mt_view_options view = view_options(m);
    struct mt_rows *rows, *paths;
    uint64_t generation = mt_follow_generation(m->follow);
    int rc = mt_rows_build(m->profile, &view, &rows, error);
    if (rc == 0 && (rc = group_paths(m, rows, &paths, error)) != 0)
        mt_rows_free(rows);
    if (rc != 0)
        return rc;
    size_t n = mt_rows_count(paths ? paths : rows);
    if (!mt_array_resize(&m->lines, n + 1, sizeof *m->lines)) {
        mt_rows_free(rows);
        mt_rows_free(paths);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    mt_rows_free(m->rows);
    mt_rows_free(m->paths);
    m->n_lines = 0;
    m->rows = rows;
    m->paths = paths;
    m->grouped_generation = generation;
    m->grouped_named = m->n_named;
    m->must_group = false;
    return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_saturating(int64_t *to, int64_t value) {
    if (__builtin_add_overflow(*to, value, to))
        *to = value < 0 ? INT64_MIN : INT64_MAX;
}

static void add_sample(struct mt_top_line *line, const struct mt_sample *sample,
                       const struct history *h) {
    const int64_t *value = sample->value;
    const int64_t add[MT_TOP_N_VALUES] = {
        [MT_TOP_LIVE] = value[MT_VALUE_LIVE_BYTES],
        [MT_TOP_CHANGE] = value[MT_VALUE_LIVE_BYTES] - h->mark_bytes,
        [MT_TOP_RATE] = h->bytes_per_s,
        [MT_TOP_ALLOCATIONS] = h->blocks_per_s,
        [MT_TOP_BLOCKS] = value[MT_VALUE_LIVE_BLOCKS],
        [MT_TOP_TOTAL] = value[MT_VALUE_TOTAL_BYTES],
        [MT_TOP_TOTAL_BLOCKS] = value[MT_VALUE_TOTAL_BLOCKS],
        [MT_TOP_CHANGE_BLOCKS] = value[MT_VALUE_LIVE_BLOCKS] - h->mark_blocks,
    };
    for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
        add_saturating(&line->value[v], add[v]);
}

static void add_line(struct mt_top_line *sum, const struct mt_top_line *line) {
    for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
        add_saturating(&sum->value[v], line->value[v]);
}

/* Puts the largest first, and a change by its size, in whichever direction. Equals keep the order
 * of the rows, which is by name. */
static bool comes_before(const struct mt_top_line *a, const struct mt_top_line *b,
                         enum mt_top_column sort) {
    int64_t x = a->value[sort], y = b->value[sort];
    if (sort == MT_TOP_CHANGE) {
        x = x < 0 ? -(x + 1) : x;
        y = y < 0 ? -(y + 1) : y;
    }
    if (x != y)
        return x > y;
    if (a->value[MT_TOP_LIVE] != b->value[MT_TOP_LIVE])
        return a->value[MT_TOP_LIVE] > b->value[MT_TOP_LIVE];
    return a->row < b->row;
}

static int compare_lines(const void *a, const void *b, void *sort) {
    return comes_before(a, b, *(enum mt_top_column *)sort) ? -1 : 1;
}

static void swap_lines(struct mt_top_line *a, struct mt_top_line *b) {
    struct mt_top_line kept = *a;
    *a = *b;
    *b = kept;
}

/* Moves the first n of them to the front, in any order (Hoare's selection; no two lines are
 * equal). */
static void select_first(struct mt_top_line *lines, size_t count, size_t n,
                         enum mt_top_column sort) {
    size_t low = 0, high = count;
    while (high - low > 1 && n > low && n < high) {
        struct mt_top_line pivot = lines[low + (high - low) / 2];
        size_t i = low, j = high - 1;
        for (;; i++, j--) {
            while (comes_before(&lines[i], &pivot, sort))
                i++;
            while (comes_before(&pivot, &lines[j], sort))
                j--;
            if (i >= j)
                break;
            swap_lines(&lines[i], &lines[j]);
        }
        if (n <= i)
            high = i;
        else
            low = i;
        if (low == high)
            break;
    }
}

void mt_top_model_sum(struct mt_top_model *m, size_t n_sorted) {
    const struct mt_rows *rows = m->paths ? m->paths : m->rows;
    size_t n = 0;
    if (!rows)
        return;
    const uint32_t *row_of_sample = mt_rows_of_samples(rows, &n);
    m->n_lines = mt_rows_count(rows);
    memset(m->lines, 0, m->n_lines * sizeof *m->lines);
    m->all = m->passed = m->pending = (struct mt_top_line){.row = UINT32_MAX};
    for (size_t i = 0; i < m->n_lines; i++)
        m->lines[i].row = (uint32_t)i;
    struct mt_top_line filtered_out = {{0}, 0};
    for (size_t s = 0; s < m->n_histories; s++) {
        uint32_t row = s < n ? row_of_sample[s] : UINT32_MAX;
        struct mt_top_line *line = row != UINT32_MAX ? &m->lines[row]
                                   : s < n           ? &filtered_out
                                                     : &m->pending;
        add_sample(line, &m->profile->samples[s], &m->histories[s]);
    }
    for (size_t i = 0; i < m->n_lines; i++)
        add_line(&m->passed, &m->lines[i]);
    m->all = m->passed;
    add_line(&m->all, &filtered_out);
    add_line(&m->all, &m->pending);
    if (n_sorted && n_sorted < m->n_lines)
        select_first(m->lines, m->n_lines, n_sorted, m->options.sort);
    else
        n_sorted = m->n_lines;
    qsort_r(m->lines, n_sorted, sizeof *m->lines, compare_lines, &m->options.sort);
}

/* ---- choices --------------------------------------------------------------------------------- */

void mt_top_model_set_by(struct mt_top_model *m, enum mt_group_by by) {
    m->options.by = by;
    m->open_sample = UINT32_MAX;
    m->must_group = true;
}

void mt_top_model_set_sort(struct mt_top_model *m, enum mt_top_column sort) {
    m->options.sort = sort;
}

void mt_top_model_set_filter(struct mt_top_model *m, const struct mt_filter *filter) {
    m->options.filter = *filter;
    m->must_group = true;
}

void mt_top_model_open(struct mt_top_model *m, uint32_t sample) {
    m->open_sample = sample;
    m->must_group = true;
}

/* ---- reading the model ----------------------------------------------------------------------- */

const struct mt_top_options *mt_top_model_options(const struct mt_top_model *m) {
    return &m->options;
}

enum mt_group_by mt_top_model_by(const struct mt_top_model *m) {
    return m->paths ? MT_BY_STACK : m->options.by;
}

bool mt_top_model_is_open(const struct mt_top_model *m) {
    return m->paths != NULL;
}

const struct mt_rows *mt_top_model_rows(const struct mt_top_model *m) {
    return m->paths ? m->paths : m->rows;
}

const struct mt_row *mt_top_model_opened(const struct mt_top_model *m,
                                         const struct mt_rows **rows) {
    *rows = m->rows;
    return m->paths ? mt_rows_with_sample(m->rows, m->open_sample) : NULL;
}

size_t mt_top_model_count(const struct mt_top_model *m) {
    return m->n_lines;
}

const struct mt_top_line *mt_top_model_line(const struct mt_top_model *m, size_t i) {
    return &m->lines[i];
}

const struct mt_top_line *mt_top_model_all(const struct mt_top_model *m) {
    return &m->all;
}

const struct mt_top_line *mt_top_model_passed(const struct mt_top_model *m) {
    return &m->passed;
}

const struct mt_top_line *mt_top_model_pending(const struct mt_top_model *m) {
    return &m->pending;
}

size_t mt_top_model_find(const struct mt_top_model *m, uint32_t sample) {
    const struct mt_rows *rows = mt_top_model_rows(m);
    const struct mt_row *row = rows ? mt_rows_with_sample(rows, sample) : NULL;
    for (size_t i = 0; row && i < m->n_lines; i++)
        if (mt_rows_at(rows, m->lines[i].row) == row)
            return i;
    return SIZE_MAX;
}

struct mt_ledger *mt_top_model_ledger(struct mt_top_model *m) {
    return m->ledger;
}

struct mt_profile *mt_top_model_profile(struct mt_top_model *m) {
    return m->profile;
}

const struct mt_ledger_totals *mt_top_model_totals(const struct mt_top_model *m) {
    return &m->totals;
}

uint64_t mt_top_model_marked_ns(const struct mt_top_model *m) {
    return m->marked_ns;
}

bool mt_top_model_has_rates(const struct mt_top_model *m) {
    return m->last_window_ns > 0;
}

uint64_t mt_top_model_window_ns(const struct mt_top_model *m) {
    return m->last_window_ns;
}

const struct mt_axis *mt_top_model_axis(const struct mt_top_model *m) {
    return &m->axis;
}
