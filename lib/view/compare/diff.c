/* SPDX-License-Identifier: MIT */
/*
 * Both profiles are grouped by rows/build.c; then every row gets the number of its identity in a
 * table that both sides share (match.h), and rows of one number make one row of the difference. Old
 * rows may meet in one (two lines have become one): their values add up, so that nothing is counted
 * twice or lost.
 *
 * A call path is numbered by folding its frames from the outer end inwards, a pair of numbers at a
 * time: exact, and paths share what they have in common.
 *
 * Threads have other ids in every process. In two recordings the k-th thread of a name is compared
 * with the k-th of that name, and the main thread with the main thread.
 *
 * What two recordings of one process have not in common by name is not compared: merging the
 * profiles first and grouping the union was rejected, because filters and wrappers must see each
 * side's own names.
 */
#include "view/compare/diff.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/compare/match.h"
#include "view/margin.h"
#include "view/rows/rows-local.h"

struct mt_diff {
    struct mt_rows *rows[MT_N_SIDES];
    enum mt_value sort;
    size_t n_named;
    struct mt_diff_row *items;
    size_t n, capacity;
    struct mt_diff_row passed, all;
    struct mt_match match;
};

/* ---- identities ------------------------------------------------------------------------------ */

struct pairing {
    struct mt_diff *diff;
    struct mt_identities ids, path_ids;
    uint32_t *ordinal[MT_N_SIDES]; /* by thread: per shared id, which one of its name; NULL: texts
                                      are compared */
    uint32_t *bare_name;           /* by thread: per shared id, its text without the thread id */
    struct mt_row_frame *path;
    size_t path_capacity;
};

static int64_t path_id(struct pairing *p, enum mt_side side, const struct mt_row *row) {
    const struct mt_rows *rows = p->diff->rows[side];
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated);
    if (!mt_array_reserve(&p->path, &p->path_capacity, n, sizeof *p->path))
        return -MEMTRACK_ENOMEM;
    mt_rows_stack(rows, row, p->path, n, &truncated);
    int64_t id = truncated ? INT64_MAX - 1 : INT64_MAX;
    for (size_t i = n; i-- > 0 && id >= 0;) {
        int64_t frame =
            mt_identity_id(&p->path_ids, mt_match_frame(&p->diff->match, side, p->path[i].id));
        struct mt_identity pair = {.tag = MT_ID_PAIR, .a = (uint64_t)frame, .b = (uint64_t)id};
        id = frame < 0 ? frame : mt_identity_id(&p->path_ids, pair);
    }
    return id;
}

static struct mt_identity label_identity(const struct pairing *p, enum mt_side side,
                                         const struct mt_sample *sample) {
    enum mt_group_by by = p->diff->rows[side]->options.by;
    struct mt_identity identity = mt_identity_of_label(sample, by);
    if (by == MT_BY_SIZE)
        return identity;
    identity.a = mt_match_text(&p->diff->match, side, (mt_string)identity.a);
    if (by == MT_BY_THREAD && p->ordinal[side]) {
        identity.b = p->ordinal[side][identity.a];
        identity.a = p->bare_name[identity.a];
    }
    return identity;
}

static int64_t row_id(struct pairing *p, enum mt_side side, const struct mt_row *row) {
    const struct mt_rows *rows = p->diff->rows[side];
    enum mt_group_by by = rows->options.by;
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    struct mt_identity identity;
    if (!mt_group_by_is_frame(by) && by != MT_BY_STACK) {
        identity = label_identity(p, side, sample);
    } else if (row->entry == MT_NO_ENTRY) {
        identity = mt_identity_of_nothing(sample);
    } else if (by == MT_BY_STACK) {
        int64_t id = path_id(p, side, row);
        if (id < 0)
            return id;
        identity = (struct mt_identity){.tag = MT_ID_PAIR, .a = (uint64_t)id};
    } else {
        identity = mt_match_entry(&p->diff->match, side, row->entry, by);
    }
    return mt_identity_id(&p->ids, identity);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct thread_name {
    uint32_t text, bare; /* shared ids */
    uint64_t tid;        /* 0: the main thread, or not known: first of its name */
};

static int compare_threads(const void *left, const void *right) {
    const struct thread_name *x = left, *y = right;
    if (x->bare != y->bare)
        return x->bare < y->bare ? -1 : 1;
    return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* "1234 worker": the main thread has its process's id and no name of its own. */
static struct thread_name split_thread(struct pairing *p, enum mt_side side, mt_string thread) {
    const struct mt_profile *profile = p->diff->rows[side]->profile;
    const char *text = mt_profile_text(profile, thread);
    struct thread_name name = {.text = mt_match_text(&p->diff->match, side, thread)};
    char *end;
    name.bare = name.text;
    if (!isdigit((unsigned char)*text))
        return name;
    name.tid = strtoull(text, &end, 10);
    const char *bare = *end == ' ' ? end + 1 : end;
    if (name.tid == profile->info.pid) {
        name.tid = 0;
        bare = "main";
    }
    name.bare = mt_strings_intern(p->diff->match.strings, bare, strlen(bare));
    return name;
}

static int number_threads(struct pairing *p, enum mt_side side, size_t n_texts) {
    const struct mt_rows *rows = p->diff->rows[side];
    struct thread_name *names = calloc(rows->n + 1, sizeof *names);
    p->ordinal[side] = calloc(n_texts + 1, sizeof *p->ordinal[side]);
    bool failed = !names || !p->ordinal[side];
    for (size_t i = 0; i < rows->n && !failed; i++) {
        names[i] = split_thread(p, side, rows->profile->samples[rows->items[i].sample].thread);
        failed = names[i].bare == UINT32_MAX;
    }
    if (!failed && rows->n)
        qsort(names, rows->n, sizeof *names, compare_threads);
    for (size_t i = 0; i < rows->n && !failed; i++) {
        bool same = i > 0 && names[i - 1].bare == names[i].bare;
        p->bare_name[names[i].text] = names[i].bare;
        p->ordinal[side][names[i].text] = same ? p->ordinal[side][names[i - 1].text] + 1 : 0;
    }
    free(names);
    return failed ? -MEMTRACK_ENOMEM : 0;
}

static int prepare_threads(struct pairing *p) {
    if (p->diff->rows[MT_OLD]->options.by != MT_BY_THREAD || p->diff->match.is_same_process)
        return 0;
    size_t n_texts = mt_strings_count(p->diff->match.strings);
    p->bare_name = calloc(n_texts + 1, sizeof *p->bare_name);
    int status = p->bare_name ? 0 : -MEMTRACK_ENOMEM;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++)
        status = number_threads(p, side, n_texts);
    return status;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static int64_t saturated(int64_t new, int64_t old) {
    int64_t difference;
    return __builtin_sub_overflow(new, old, &difference) ? (new < 0 ? INT64_MIN : INT64_MAX)
                                                         : difference;
}

static void add_value(int64_t sum[MT_N_VALUES], const int64_t value[MT_N_VALUES]) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (__builtin_add_overflow(sum[v], value[v], &sum[v]))
            sum[v] = value[v] < 0 ? INT64_MIN : INT64_MAX;
}

static void add_variance(double sum[MT_N_VALUES], const double variance[MT_N_VALUES]) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        sum[v] += variance[v];
}

static void subtract(struct mt_diff_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        row->diff[v] = saturated(row->value[MT_NEW][v], row->value[MT_OLD][v]);
}

static struct mt_diff_row *row_of_id(struct mt_diff *diff, size_t id) {
    if (!mt_array_reserve(&diff->items, &diff->capacity, id + 1, sizeof *diff->items))
        return NULL;
    if (id == diff->n)
        memset(&diff->items[diff->n++], 0, sizeof *diff->items);
    return &diff->items[id];
}

/* By function, two that have changed their file (or their file's name) but not their own, which is
 * unique on each side. */
static int merge_moved_functions(struct mt_diff *diff) {
    struct mt_identities names = {0};
    uint32_t(*first)[MT_N_SIDES] =
        calloc(diff->n + 1, sizeof *first); /* per name: row + 1, UINT32_MAX: several */
    int status = first ? 0 : -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < diff->n && status == 0; i++) {
        const struct mt_diff_row *row = &diff->items[i];
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
            if (!row->row[side] || !row->row[side]->function)
                continue;
            uint32_t name = mt_match_text(&diff->match, side, row->row[side]->function);
            int64_t id = mt_identity_id(&names, (struct mt_identity){.tag = MT_ID_NAME, .a = name});
            if (id < 0)
                status = -MEMTRACK_ENOMEM;
            else
                first[id][side] = first[id][side] ? UINT32_MAX : i + 1;
        }
    }
    for (size_t id = 0; id < names.n && status == 0; id++) {
        uint32_t old = first[id][MT_OLD], new = first[id][MT_NEW];
        if (!old || !new || old == UINT32_MAX || new == UINT32_MAX || old == new)
            continue;
        struct mt_diff_row *from = &diff->items[old - 1], *to = &diff->items[new - 1];
        if (from->row[MT_NEW] || to->row[MT_OLD])
            continue;
        to->row[MT_OLD] = from->row[MT_OLD];
        add_value(to->value[MT_OLD], from->value[MT_OLD]);
        add_variance(to->variance, from->variance);
        from->row[MT_OLD] = NULL; /* left without a side: dropped by drop_empty */
    }
    free(first);
    mt_identity_free(&names);
    return status;
}

static void drop_empty(struct mt_diff *diff) {
    size_t kept = 0;
    for (size_t i = 0; i < diff->n; i++)
        if (diff->items[i].row[MT_OLD] || diff->items[i].row[MT_NEW])
            diff->items[kept++] = diff->items[i];
    diff->n = kept;
}

static int pair_rows(struct pairing *p) {
    struct mt_diff *diff = p->diff;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        for (size_t i = 0; i < diff->rows[side]->n; i++) {
            const struct mt_row *row = &diff->rows[side]->items[i];
            int64_t id = row_id(p, side, row);
            struct mt_diff_row *both = id < 0 ? NULL : row_of_id(diff, (size_t)id);
            if (!both)
                return -MEMTRACK_ENOMEM;
            if (!both->row[side]) /* rows come largest first */
                both->row[side] = row;
            add_value(both->value[side], row->value);
            if (row->variance)
                add_variance(both->variance, row->variance);
        }
    if (diff->rows[MT_OLD]->options.by != MT_BY_FUNCTION)
        return 0;
    int status = merge_moved_functions(diff);
    drop_empty(diff);
    return status;
}

/* ---- what a row says ------------------------------------------------------------------------- */

static bool has_anything(const struct mt_diff *diff, const struct mt_diff_row *row,
                         enum mt_side side) {
    for (enum mt_value v = 0; v < MT_N_VALUES; v++)
        if (mt_diff_has(diff, v) && row->value[side][v] != 0)
            return true;
    return false;
}

static void describe(const struct mt_diff *diff, struct mt_diff_row *row) {
    const struct mt_row *old = row->row[MT_OLD], *new = row->row[MT_NEW];
    bool has_old = has_anything(diff, row, MT_OLD), has_new = has_anything(diff, row, MT_NEW);
    subtract(row);
    row->state = !old || (!has_old && has_new)   ? MT_DIFF_NEW
                 : !new || (!has_new && has_old) ? MT_DIFF_VANISHED
                                                 : MT_DIFF_BOTH;
    enum mt_side side = mt_diff_named_by(row);
    uint32_t entry = row->row[side]->entry;
    row->is_rebuilt = entry != MT_NO_ENTRY && mt_match_is_rebuilt(&diff->match, side, entry);
    char was[32];
    row->has_moved = *mt_diff_was(diff, row, was) != '\0';
}

const char *mt_diff_was(const struct mt_diff *diff, const struct mt_diff_row *row,
                        char buffer[32]) {
    struct mt_row_frame old, new;
    *buffer = '\0';
    if (diff->rows[MT_OLD]->options.by != MT_BY_LINE || !row->row[MT_OLD] || !row->row[MT_NEW] ||
        !mt_rows_frame(diff->rows[MT_OLD], row->row[MT_OLD], &old) ||
        !mt_rows_frame(diff->rows[MT_NEW], row->row[MT_NEW], &new))
        return buffer;
    if (old.file && old.line) {
        if (old.line != new.line)
            snprintf(buffer, 32, ":%" PRId64, old.line);
    } else if (old.function_offset != UINT64_MAX && old.function_offset != new.function_offset) {
        snprintf(buffer, 32, "+0x%" PRIx64, old.function_offset);
    }
    return buffer;
}

enum mt_side mt_diff_named_by(const struct mt_diff_row *row) {
    return row->row[MT_NEW] ? MT_NEW : MT_OLD;
}

/* ---- order ----------------------------------------------------------------------------------- */

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static int descending(int64_t x, int64_t y) {
    return x > y ? -1 : x < y;
}

static int descending_magnitude(int64_t x, int64_t y) {
    uint64_t a = magnitude(x), b = magnitude(y);
    return a > b ? -1 : a < b;
}

enum mt_value mt_diff_companion(enum mt_value value) {
    static const enum mt_value companions[MT_N_VALUES] = {
        [MT_VALUE_TOTAL_BLOCKS] = MT_VALUE_TOTAL_BYTES,
        [MT_VALUE_TOTAL_BYTES] = MT_VALUE_TOTAL_BLOCKS,
        [MT_VALUE_LIVE_BLOCKS] = MT_VALUE_LIVE_BYTES,
        [MT_VALUE_LIVE_BYTES] = MT_VALUE_LIVE_BLOCKS,
        [MT_VALUE_PEAK_BLOCKS] = MT_VALUE_PEAK_BYTES,
        [MT_VALUE_PEAK_BYTES] = MT_VALUE_PEAK_BLOCKS,
        [MT_VALUE_TEMPORARY_BLOCKS] = MT_VALUE_TOTAL_BYTES,
        [MT_VALUE_MAX_BYTES] = MT_VALUE_TOTAL_BLOCKS,
        [MT_VALUE_WASTE_BYTES] = MT_VALUE_LIVE_BLOCKS,
    };
    return companions[value];
}

static int compare_values(const void *left, const void *right, void *context) {
    const struct mt_diff *diff = context;
    const struct mt_diff_row *x = left, *y = right;
    const enum mt_value columns[] = {diff->sort, mt_diff_companion(diff->sort)};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        enum mt_value v = columns[i];
        int order = descending_magnitude(x->diff[v], y->diff[v]);
        if (!order)
            order = descending(x->value[MT_NEW][v], y->value[MT_NEW][v]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_names(const void *left, const void *right, void *context) {
    const struct mt_diff *diff = context;
    const struct mt_diff_row *x = left, *y = right;
    enum mt_side side = mt_diff_named_by(x);
    if (side != mt_diff_named_by(y))
        return side == MT_NEW ? -1 : 1;
    int order = mt_rows_order_names(diff->rows[side], x->row[side], y->row[side]);
    return order ? order : x->row[side] < y->row[side] ? -1 : x->row[side] > y->row[side];
}

/* As in rows/rows.c: by the numbers, then equals by name as far as somebody will look. */
static void sort_rows(struct mt_diff *diff) {
    size_t n_named = diff->n_named ? diff->n_named : diff->n, end;
    if (diff->n == 0)
        return;
    qsort_r(diff->items, diff->n, sizeof *diff->items, compare_values, diff);
    for (size_t first = 0; first < diff->n && first < n_named; first = end) {
        for (end = first + 1; end < diff->n; end++)
            if (compare_values(&diff->items[first], &diff->items[end], diff) != 0)
                break;
        if (end - first > 1)
            qsort_r(&diff->items[first], end - first, sizeof *diff->items, compare_names, diff);
    }
}

/* ---- building -------------------------------------------------------------------------------- */

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM,
                        "Close other programs, or narrow the comparison with --include.",
                        "out of memory while comparing the profiles");
}

static int pair_all(struct mt_diff *diff) {
    struct pairing p = {.diff = diff};
    int status =
        mt_match_init(&diff->match, &diff->rows[MT_OLD]->frames, &diff->rows[MT_NEW]->frames);
    if (status == 0)
        status = prepare_threads(&p);
    if (status == 0)
        status = pair_rows(&p);
    mt_identity_free(&p.ids);
    mt_identity_free(&p.path_ids);
    free(p.ordinal[MT_OLD]);
    free(p.ordinal[MT_NEW]);
    free(p.bare_name);
    free(p.path);
    return status;
}

/* A moment that one side cannot show, or a side that is damaged, is to be told from the other. */
static int name_side(enum mt_side side, bool at_end, int status, struct mt_error *error) {
    if (!error || (status != -MEMTRACK_EFORMAT && (status != -MEMTRACK_EUSAGE || at_end)))
        return status;
    struct mt_error plain = *error;
    return mt_error_set(error, -status, plain.hint, "the %s side: %s",
                        side == MT_OLD ? "old" : "new", plain.message);
}

static int build_rows(struct mt_diff *diff, const struct mt_profile *const profiles[MT_N_SIDES],
                      const struct mt_diff_options *options, struct mt_error *error) {
    struct mt_view_options view = options->view;
    view.n_named = 1; /* the rows of the difference are put in order, not these */
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        view.at = options->at[side];
        int status = mt_rows_build(profiles[side], &view, &diff->rows[side], error);
        if (status < 0)
            return name_side(side, view.at.kind == MT_AT_END, status, error);
    }
    return 0;
}

static void choose_sort(struct mt_diff *diff, const struct mt_diff_options *options) {
    static const enum mt_value choices[] = {MT_VALUE_LIVE_BYTES,   MT_VALUE_TOTAL_BYTES,
                                            MT_VALUE_PEAK_BYTES,   MT_VALUE_LIVE_BLOCKS,
                                            MT_VALUE_TOTAL_BLOCKS, MT_VALUE_PEAK_BLOCKS};
    diff->sort = options->sort_given ? options->view.sort : MT_VALUE_LIVE_BYTES;
    if (options->sort_given)
        return;
    for (size_t i = 0; i < sizeof choices / sizeof *choices && !mt_diff_has(diff, diff->sort); i++)
        if (mt_diff_has(diff, choices[i]))
            diff->sort = choices[i];
}

static void sum_up(const struct mt_diff *diff, struct mt_diff_row *sum, bool is_passed) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        const struct mt_row *row =
            is_passed ? mt_rows_passed(diff->rows[side]) : mt_rows_all(diff->rows[side]);
        memcpy(sum->value[side], row->value, sizeof sum->value[side]);
        if (row->variance)
            add_variance(sum->variance, row->variance);
    }
    subtract(sum);
}

int mt_diff_build(const struct mt_profile *const profiles[MT_N_SIDES],
                  const struct mt_diff_options *options, struct mt_diff **out,
                  struct mt_error *error) {
    *out = NULL;
    struct mt_diff *diff = calloc(1, sizeof *diff);
    if (!diff)
        return out_of_memory(error);
    diff->n_named = options->view.n_named;
    int status = build_rows(diff, profiles, options, error);
    if (status == 0) {
        choose_sort(diff, options);
        if (pair_all(diff) < 0)
            status = out_of_memory(error);
    }
    if (status < 0) {
        mt_diff_free(diff);
        return status;
    }
    for (size_t i = 0; i < diff->n; i++)
        describe(diff, &diff->items[i]);
    sort_rows(diff);
    sum_up(diff, &diff->passed, true);
    sum_up(diff, &diff->all, false);
    *out = diff;
    return 0;
}

void mt_diff_free(struct mt_diff *diff) {
    if (!diff)
        return;
    mt_match_free(&diff->match);
    mt_rows_free(diff->rows[MT_OLD]);
    mt_rows_free(diff->rows[MT_NEW]);
    free(diff->items);
    free(diff);
}

/* ---- reading --------------------------------------------------------------------------------- */

size_t mt_diff_count(const struct mt_diff *diff) {
    return diff->n;
}

const struct mt_diff_row *mt_diff_at(const struct mt_diff *diff, size_t i) {
    return &diff->items[i];
}

const struct mt_diff_row *mt_diff_passed(const struct mt_diff *diff) {
    return &diff->passed;
}

const struct mt_diff_row *mt_diff_all(const struct mt_diff *diff) {
    return &diff->all;
}

void mt_diff_sum_from(const struct mt_diff *diff, size_t i, struct mt_diff_row *sum) {
    *sum = (struct mt_diff_row){0};
    for (; i < diff->n; i++) {
        add_variance(sum->variance, diff->items[i].variance);
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            add_value(sum->value[side], diff->items[i].value[side]);
    }
    subtract(sum);
}

int64_t mt_diff_margin(const struct mt_diff_row *row, enum mt_value value) {
    double sum = (double)row->value[MT_OLD][value] + (double)row->value[MT_NEW][value];
    return row->variance[value] > 0 ? mt_margin_of(sum, row->variance[value]) : 0;
}

const struct mt_rows *mt_diff_rows(const struct mt_diff *diff, enum mt_side side) {
    return diff->rows[side];
}

enum mt_group_by mt_diff_by(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->options.by;
}

enum mt_value mt_diff_sort(const struct mt_diff *diff) {
    return diff->sort;
}

/* Of a past moment only what was live then is known; the other columns are those of the whole
 * recording. */
bool mt_diff_side_has(const struct mt_diff *diff, enum mt_side side, enum mt_value value) {
    const struct mt_rows *rows = diff->rows[side];
    bool is_live = value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_LIVE_BLOCKS;
    return mt_rows_has(rows, value) && (rows->options.at.kind != MT_AT_TIME || is_live);
}

bool mt_diff_has(const struct mt_diff *diff, enum mt_value value) {
    return mt_diff_side_has(diff, MT_OLD, value) && mt_diff_side_has(diff, MT_NEW, value);
}

bool mt_diff_is_sampled(const struct mt_diff *diff) {
    return diff->rows[MT_OLD]->profile->info.sample_bytes ||
           diff->rows[MT_NEW]->profile->info.sample_bytes;
}

bool mt_diff_is_filtered(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->is_filtered;
}

bool mt_diff_is_cumulative(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->options.cumulative;
}

char *mt_diff_key(const struct mt_diff *diff, const struct mt_diff_row *row) {
    enum mt_side side = mt_diff_named_by(row);
    return mt_rows_key(diff->rows[side], row->row[side]);
}

char *mt_diff_old_key(const struct mt_diff *diff, const struct mt_diff_row *row, bool *failed) {
    char *key = row->row[MT_OLD] ? mt_rows_key(diff->rows[MT_OLD], row->row[MT_OLD]) : NULL;
    *failed = row->row[MT_OLD] && !key;
    return key;
}

const char *mt_diff_note(const struct mt_diff *diff, size_t i) {
    return i < diff->match.n_notes ? diff->match.notes[i] : NULL;
}

const char *mt_diff_state_name(enum mt_diff_state state) {
    static const char *const names[] = {"both", "new", "vanished"};
    return names[state];
}
