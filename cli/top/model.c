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
 * ("pending").
 *
 * A row that is opened is remembered by one of its samples: rows come and go with each grouping,
 * samples stay.
 *
 * Of a tree of processes a pass is over all of them; a window and the mark are the same for all. A
 * process that ends while others go on keeps what it has allocated and has nothing live any more.
 * Of more than MOST_LEFT such processes the first become one sum, so that a build of ten thousand
 * compilers can be looked at.
 */
#include "top/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/saturate.h"
#include "top/joined.h"
#include "top/source.h"

enum { NAMED_ROWS = 1000, MAX_TICKS = 4000, PASSES_PER_WINDOW = 5, MOST_LEFT = 64 };
#define NS_PER_S 1e9

struct mt_top_model {
    struct mt_top_source **sources; /* one, unless is_tree */
    size_t n_sources, n_left;
    struct mt_top_source *main; /* one of them */
    bool is_tree;
    struct mt_top_joined *joined; /* of a tree, since the first grouping */
    struct mt_merge_keep kept;    /* in it */
    struct mt_top_options options;
    struct mt_ledger_totals totals;
    struct mt_axis axis;
    uint64_t start_ns;                  /* CLOCK_MONOTONIC, of the recording that began first */
    uint64_t window_ns, last_window_ns; /* when it began, 0: not yet; how long the one before was */
    uint64_t marked_ns;
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
    struct mt_top_line earlier;     /* of sources that were let go, */
    struct mt_ledger_totals folded; /* and what their ledgers counted */
};

/* ---- life ------------------------------------------------------------------------------------ */

static struct mt_top_model *new_model(const struct mt_top_options *options,
                                      struct mt_error *error) {
    struct mt_top_model *m = calloc(1, sizeof *m);
    if (!m)
        goto no_memory;
    m->options = *options;
    m->open_sample = UINT32_MAX;
    m->must_group = true;
    m->start_ns = UINT64_MAX;
    mt_axis_init(&m->axis, MAX_TICKS);
    if (!m->options.symbols.cache && !(m->options.symbols.cache = mt_symbols_cache_new()))
        goto no_memory;
    return m;
no_memory:
    mt_top_model_free(m);
    mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    return NULL;
}

int mt_top_model_new(struct mt_ledger *ledger, const struct mt_top_options *options,
                     struct mt_top_model **out, struct mt_error *error) {
    struct mt_top_source *source;
    struct mt_top_model *m = new_model(options, error);
    if (!m) {
        mt_ledger_close(ledger);
        return -MEMTRACK_ENOMEM;
    }
    int rc = mt_top_model_add(m, ledger, true, &source, error);
    if (rc != 0) {
        mt_top_model_free(m);
        return rc;
    }
    *out = m;
    return 0;
}

static int add_source(struct mt_top_model *m, struct mt_top_source *s, struct mt_error *error) {
    if (!mt_array_grow(&m->sources, m->n_sources, sizeof(struct mt_top_source *))) {
        mt_top_source_free(s);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    m->sources[m->n_sources++] = s;
    return 0;
}

int mt_top_model_new_written(struct mt_profile *profile, const struct mt_top_options *options,
                             struct mt_top_model **out, struct mt_error *error) {
    struct mt_top_source *source = NULL;
    uint64_t now = mt_clock_now_ns(), lasted_ns = profile->info.duration_ns;
    int rc = mt_top_source_new_written(profile, &source, error);
    if (rc != 0)
        return rc;
    struct mt_top_model *m = new_model(options, error);
    if (!m) {
        mt_top_source_free(source);
        return -MEMTRACK_ENOMEM;
    }
    rc = add_source(m, source, error);
    if (rc != 0) {
        mt_top_model_free(m);
        return rc;
    }
    m->start_ns = lasted_ns < now ? now - lasted_ns : 0;
    m->main = source;
    *out = m;
    return 0;
}

int mt_top_model_new_tree(const struct mt_top_options *options, struct mt_top_model **out,
                          struct mt_error *error) {
    struct mt_top_model *m = new_model(options, error);
    if (!m)
        return -MEMTRACK_ENOMEM;
    m->is_tree = true;
    *out = m;
    return 0;
}

void mt_top_model_free(struct mt_top_model *m) {
    if (!m)
        return;
    mt_rows_free(m->rows);
    mt_rows_free(m->paths);
    mt_top_joined_free(m->joined);
    for (size_t i = 0; i < m->n_sources; i++)
        mt_top_source_free(m->sources[i]);
    free(m->sources);
    mt_symbols_cache_free(m->options.symbols.cache);
    mt_axis_free(&m->axis);
    free(m->lines);
    free(m);
}

/* ---- sources --------------------------------------------------------------------------------- */

int mt_top_model_add(struct mt_top_model *m, struct mt_ledger *ledger, bool is_main,
                     struct mt_top_source **out, struct mt_error *error) {
    struct mt_top_source *s;
    int rc = mt_top_source_new(ledger, &s, error);
    if (rc != 0)
        return rc;
    rc = add_source(m, s, error);
    if (rc != 0)
        return rc;
    uint64_t start = mt_ledger_info(ledger)->start_monotonic_ns;
    m->start_ns = start < m->start_ns ? start : m->start_ns;
    s->is_main = is_main;
    if (is_main || !m->main)
        m->main = s;
    *out = s;
    return 0;
}

static void add_totals(struct mt_ledger_totals *sum, const struct mt_top_source *s) {
    const struct mt_ledger_totals *t = &s->totals;
    if (!s->has_left)
        mt_saturate_add(&sum->live_bytes, t->live_bytes);
    mt_saturate_add(&sum->peak_bytes, t->peak_bytes);
    mt_saturate_add_count(&sum->allocated_blocks, t->allocated_blocks);
    mt_saturate_add_count(&sum->failed, t->failed);
    mt_saturate_add_count(&sum->unknown_frees, t->unknown_frees);
    mt_saturate_add_count(&sum->dropped, t->dropped);
    mt_saturate_add_count(&sum->interrupted, t->interrupted);
    mt_saturate_add_count(&sum->lossy_blocks, t->lossy_blocks);
}

/* What ended long ago is of one sum, and its ledger is let go. */
static void fold_one(struct mt_top_model *m) {
    size_t at = 0;
    while (at < m->n_sources && (!m->sources[at]->has_left || m->sources[at] == m->main))
        at++;
    if (at == m->n_sources)
        return;
    struct mt_top_source *s = m->sources[at];
    for (size_t i = 0; i < s->profile->n_samples; i++) {
        const int64_t *value = s->profile->samples[i].value;
        mt_saturate_add(&m->earlier.value[MT_TOP_TOTAL], value[MT_VALUE_TOTAL_BYTES]);
        mt_saturate_add(&m->earlier.value[MT_TOP_TOTAL_BLOCKS], value[MT_VALUE_TOTAL_BLOCKS]);
        mt_saturate_add(&m->earlier.value[MT_TOP_CHANGE], -s->histories[i].mark_bytes);
        mt_saturate_add(&m->earlier.value[MT_TOP_CHANGE_BLOCKS], -s->histories[i].mark_blocks);
    }
    add_totals(&m->folded, s);
    mt_top_source_free(s);
    m->n_sources--;
    memmove(&m->sources[at], &m->sources[at + 1], (m->n_sources - at) * sizeof(void *));
    m->n_left--;
    m->must_group = true; /* its places are empty */
}

int64_t mt_top_model_leave(struct mt_top_model *m, struct mt_top_source *s) {
    struct mt_error error;
    int64_t live = 0;
    if (mt_top_source_read_totals(s, &error) == 0)
        mt_top_source_read(s, 0, &error);
    for (size_t i = 0; i < s->profile->n_samples; i++)
        mt_saturate_add(&live, s->profile->samples[i].value[MT_VALUE_LIVE_BYTES]);
    s->is_read = s->has_left = true;
    if (++m->n_left > MOST_LEFT)
        fold_one(m);
    return live;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Closes the window if it is long enough, compared with a pass as well, and begins the next. The
 * first call only begins one. */
static void turn_window(struct mt_top_model *m, uint64_t now_ns) {
    bool is_first = m->window_ns == 0;
    uint64_t least = m->pass_ns * PASSES_PER_WINDOW;
    if (!is_first &&
        now_ns - m->window_ns < (least > m->options.window_ns ? least : m->options.window_ns))
        return;
    double seconds = is_first ? 0 : (double)(now_ns - m->window_ns) / NS_PER_S;
    for (size_t i = 0; i < m->n_sources; i++)
        mt_top_source_turn(m->sources[i], seconds);
    if (!is_first)
        m->last_window_ns = now_ns - m->window_ns;
    m->window_ns = now_ns;
}

/* A process that was found while others are followed is new if it began meanwhile. */
static void begin_sources(struct mt_top_model *m) {
    for (size_t i = 0; i < m->n_sources; i++) {
        struct mt_top_source *s = m->sources[i];
        uint64_t start = s->ledger ? mt_ledger_info(s->ledger)->start_monotonic_ns : 0;
        if (!s->is_begun)
            mt_top_source_begin(s, m->window_ns && start > m->window_ns,
                                m->marked_ns && start > m->marked_ns);
    }
}

void mt_top_model_mark(struct mt_top_model *m, uint64_t now_ns) {
    for (size_t i = 0; i < m->n_sources; i++)
        mt_top_source_mark(m->sources[i]);
    m->earlier.value[MT_TOP_CHANGE] = m->earlier.value[MT_TOP_CHANGE_BLOCKS] = 0;
    m->marked_ns = now_ns;
}

uint64_t mt_top_model_time_ns(const struct mt_top_model *m, uint64_t now_ns) {
    return m->start_ns <= now_ns ? now_ns - m->start_ns
                                 : now_ns; /* a later start: another time namespace */
}

/* Of a tree, one that cannot be read any more stays as it is; else that is the caller's to know. */
static int read_totals(struct mt_top_model *m, struct mt_error *error) {
    int rc = 0;
    m->totals = m->folded;
    for (size_t i = 0; rc == 0 && i < m->n_sources; i++) {
        if (!m->sources[i]->has_left)
            rc = mt_top_source_read_totals(m->sources[i], error);
        rc = m->is_tree ? 0 : rc;
        add_totals(&m->totals, m->sources[i]);
    }
    return rc;
}

static int read_records(struct mt_top_model *m, uint64_t budget_ns, bool *complete,
                        struct mt_error *error) {
    int rc = 0;
    size_t n_due = 0;
    for (size_t i = 0; i < m->n_sources; i++)
        n_due += !m->sources[i]->is_read;
    *complete = true;
    for (size_t i = 0; rc == 0 && i < m->n_sources; i++) {
        struct mt_top_source *s = m->sources[i];
        if (s->is_read)
            continue;
        rc = mt_top_source_read(s, budget_ns ? budget_ns / n_due + 1 : 0, error);
        if (m->is_tree && rc != -MEMTRACK_ENOMEM && rc != 0)
            s->is_read = true, rc = 0;
        *complete = *complete && s->is_read;
    }
    return rc;
}

int mt_top_model_read(struct mt_top_model *m, uint64_t now_ns, uint64_t rss_bytes,
                      uint64_t budget_ns, struct mt_error *error) {
    bool complete;
    int rc = read_totals(m, error);
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
    rc = read_records(m, budget_ns, &complete, error);
    if (rc != 0 || !complete)
        return rc;
    for (size_t i = 0; i < m->n_sources; i++)
        m->sources[i]->is_read = m->sources[i]->has_left;
    m->is_inside_pass = false;
    m->pass_ns = now_ns - m->pass_began_ns;
    begin_sources(m);
    turn_window(m, now_ns);
    if (m->marked_ns == 0)
        mt_top_model_mark(m, now_ns);
    return 0;
}

/* ---- naming ---------------------------------------------------------------------------------- */

void mt_top_model_named(struct mt_top_model *m, size_t *n_named, size_t *n) {
    *n_named = *n = 0;
    for (size_t i = 0; i < m->n_sources; i++) {
        *n_named += m->sources[i]->n_named;
        *n += m->sources[i]->profile->n_locations;
    }
}

bool mt_top_model_name(struct mt_top_model *m, uint64_t budget_ns, int *status) {
    uint64_t began = mt_clock_cpu_ns();
    size_t n_named, n;
    *status = 0;
    for (size_t i = 0; *status == 0 && i < m->n_sources; i++) {
        uint64_t spent = mt_clock_cpu_ns() - began;
        if (budget_ns && spent > budget_ns / 2)
            break;
        *status = mt_top_source_name(m->sources[i], &m->options.symbols,
                                     budget_ns ? budget_ns - spent : 0);
    }
    mt_top_model_named(m, &n_named, &n);
    return n_named < n;
}

/* ---- grouping -------------------------------------------------------------------------------- */

static uint64_t generation_of(const struct mt_top_model *m) {
    uint64_t generation = 0;
    for (size_t i = 0; i < m->n_sources; i++)
        generation += m->sources[i]->follow ? mt_follow_generation(m->sources[i]->follow) : 0;
    return generation;
}

bool mt_top_model_is_stale(const struct mt_top_model *m) {
    bool lacks = false;
    for (size_t i = 0; m->is_tree && i < m->n_sources; i++)
        lacks |= mt_top_joined_lacks(m->sources[i]);
    if (m->is_tree || m->must_group)
        return lacks || m->must_group;
    return m->grouped_generation != generation_of(m) || m->grouped_named != m->main->n_named;
}

static bool has_pattern_of(const struct mt_filter *filter, const char *kind) {
    bool has = false;
    for (size_t i = 0; i < filter->n_include; i++)
        has |= strncmp(filter->include[i], kind, strlen(kind)) == 0;
    for (size_t i = 0; i < filter->n_exclude; i++)
        has |= strncmp(filter->exclude[i], kind, strlen(kind)) == 0;
    return has;
}

/* Returns a sample of a source that the open row has, as the number of the source. */
static size_t find_open(const struct mt_top_model *m, size_t *sample) {
    for (size_t i = 0; m->open_sample != UINT32_MAX && i < m->n_sources; i++)
        for (size_t s = 0; s < m->sources[i]->n_mapped; s++)
            if (m->sources[i]->map[s] == m->open_sample) {
                *sample = s;
                return i;
            }
    return SIZE_MAX;
}

static void forget_joined(struct mt_top_model *m) {
    mt_rows_free(m->rows);
    mt_rows_free(m->paths);
    m->rows = m->paths = NULL;
    m->n_lines = 0;
    mt_top_joined_free(m->joined);
    m->joined = NULL;
    for (size_t i = 0; i < m->n_sources; i++)
        m->sources[i]->joined_generation = m->sources[i]->n_mapped = 0;
}

/* Gives every source its places, in a new profile when other things have to stay apart than
 * before. */
static int join_sources(struct mt_top_model *m) {
    const struct mt_filter *filter = &m->options.filter;
    struct mt_merge_keep keep = {
        .processes = m->options.by == MT_BY_PROCESS || has_pattern_of(filter, "process:"),
        .threads = m->options.by == MT_BY_THREAD || has_pattern_of(filter, "thread:")};
    size_t sample = 0, opened = SIZE_MAX;
    if (m->joined && (keep.processes != m->kept.processes || keep.threads != m->kept.threads)) {
        opened = find_open(m, &sample);
        forget_joined(m);
    }
    m->kept = keep;
    if (!m->joined && !(m->joined = mt_top_joined_new(&keep)))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < m->n_sources; i++) {
        int rc =
            mt_top_joined_lacks(m->sources[i]) ? mt_top_joined_add(m->joined, m->sources[i]) : 0;
        if (rc != 0) {
            forget_joined(m);
            return rc;
        }
    }
    if (opened != SIZE_MAX)
        m->open_sample =
            sample < m->sources[opened]->n_mapped ? m->sources[opened]->map[sample] : UINT32_MAX;
    mt_top_joined_sum(m->joined, m->sources, m->n_sources);
    return 0;
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
static int group_paths(struct mt_top_model *m, const struct mt_rows *rows, struct mt_rows **paths,
                       struct mt_error *error) {
    size_t n;
    const uint32_t *row_of_sample = mt_rows_of_samples(rows, &n);
    *paths = NULL;
    if (m->open_sample >= n || row_of_sample[m->open_sample] == UINT32_MAX)
        return 0;
    struct mt_view_options view = view_options(m);
    view.by = MT_BY_STACK;
    view.among = row_of_sample;
    view.among_value = row_of_sample[m->open_sample];
    return mt_rows_build(mt_top_model_profile(m), &view, paths, error);
}

int mt_top_model_group(struct mt_top_model *m, struct mt_error *error) {
    struct mt_view_options view = view_options(m);
    struct mt_rows *rows, *paths;
    uint64_t generation = generation_of(m);
    int rc = m->is_tree ? join_sources(m) : 0;
    if (rc != 0)
        return mt_error_set(error, -rc, "", "%s while adding up processes",
                            rc == -MEMTRACK_ENOMEM ? "out of memory" : "too much for one profile");
    rc = mt_rows_build(mt_top_model_profile(m), &view, &rows, error);
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
    m->grouped_named = m->main->n_named;
    m->must_group = false;
    return 0;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_sample(struct mt_top_line *line, const struct mt_sample *sample,
                       const struct mt_top_history *h, bool has_left) {
    const int64_t *value = sample->value;
    int64_t live_bytes = has_left ? 0 : value[MT_VALUE_LIVE_BYTES],
            live_blocks = has_left ? 0 : value[MT_VALUE_LIVE_BLOCKS];
    const int64_t add[MT_TOP_N_VALUES] = {
        [MT_TOP_LIVE] = live_bytes,
        [MT_TOP_CHANGE] = live_bytes - h->mark_bytes,
        [MT_TOP_RATE] = h->bytes_per_s,
        [MT_TOP_ALLOCATIONS] = h->blocks_per_s,
        [MT_TOP_BLOCKS] = live_blocks,
        [MT_TOP_TOTAL] = value[MT_VALUE_TOTAL_BYTES],
        [MT_TOP_TOTAL_BLOCKS] = value[MT_VALUE_TOTAL_BLOCKS],
        [MT_TOP_CHANGE_BLOCKS] = live_blocks - h->mark_blocks,
    };
    for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
        mt_saturate_add(&line->value[v], add[v]);
}

static void add_line(struct mt_top_line *sum, const struct mt_top_line *line) {
    for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
        mt_saturate_add(&sum->value[v], line->value[v]);
}

/* Adds its samples to their lines; the first n of the profile have been grouped. */
static void sum_source(struct mt_top_model *m, const struct mt_top_source *source,
                       const uint32_t *row_of_sample, size_t n, struct mt_top_line *filtered_out) {
    size_t n_placed = m->is_tree ? source->n_mapped : source->n_histories;
    for (size_t s = 0; s < source->n_histories; s++) {
        size_t at = s >= n_placed ? SIZE_MAX : m->is_tree ? source->map[s] : s;
        uint32_t row = at < n ? row_of_sample[at] : UINT32_MAX;
        struct mt_top_line *line = row != UINT32_MAX ? &m->lines[row]
                                   : at < n          ? filtered_out
                                                     : &m->pending;
        add_sample(line, &source->profile->samples[s], &source->histories[s], source->has_left);
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
    for (size_t i = 0; i < m->n_sources; i++)
        sum_source(m, m->sources[i], row_of_sample, n, &filtered_out);
    for (size_t i = 0; i < m->n_lines; i++)
        add_line(&m->passed, &m->lines[i]);
    m->all = m->passed;
    add_line(&m->all, &filtered_out);
    add_line(&m->all, &m->pending);
    add_line(&m->all, &m->earlier);
    mt_top_order(m->lines, m->n_lines, n_sorted, m->options.sort);
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

const struct mt_top_line *mt_top_model_earlier(const struct mt_top_model *m) {
    return &m->earlier;
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
    return m->main->ledger;
}

struct mt_profile *mt_top_model_profile(struct mt_top_model *m) {
    struct mt_profile *joined = m->joined ? mt_top_joined_profile(m->joined) : NULL;
    return joined ? joined : m->main->profile;
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
