/* SPDX-License-Identifier: MIT */
/*
 * Reading rows: what they are called, in which order they come, which path they stand for. Keys are
 * made on demand: a table prints twenty of the 300,000 paths that were grouped.
 *
 * Order: the sort column, then live bytes, live blocks, then the names, so that equal profiles give
 * equal reports. Two paths are compared frame by frame, which is rare: everything else has to be
 * equal first.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/format/format.h"
#include "view/margin.h"
#include "view/rows/rows-local.h"

/* ---- what can be asked ----------------------------------------------------------------------- */

size_t mt_rows_count(const struct mt_rows *rows) {
    return rows->n;
}

const struct mt_row *mt_rows_at(const struct mt_rows *rows, size_t i) {
    return &rows->items[i];
}

const struct mt_row *mt_rows_passed(const struct mt_rows *rows) {
    return &rows->passed;
}

const struct mt_row *mt_rows_all(const struct mt_rows *rows) {
    return &rows->all;
}

const struct mt_view_options *mt_rows_options(const struct mt_rows *rows) {
    return &rows->options;
}

const struct mt_profile *mt_rows_profile(const struct mt_rows *rows) {
    return rows->profile;
}

bool mt_rows_is_filtered(const struct mt_rows *rows) {
    return rows->is_filtered;
}

static void add_row(struct mt_row *sum, const struct mt_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        if (__builtin_add_overflow(sum->value[v], row->value[v], &sum->value[v]))
            sum->value[v] = row->value[v] < 0 ? INT64_MIN : INT64_MAX;
        if (row->variance)
            sum->variance[v] += row->variance[v];
    }
    sum->n_sites += row->n_sites;
}

void mt_rows_sum_from(const struct mt_rows *rows, size_t i, struct mt_row *sum,
                      double variance[MT_N_VALUES]) {
    memset(variance, 0, MT_N_VALUES * sizeof *variance);
    *sum = (struct mt_row){.variance = variance, .sample = UINT32_MAX, .entry = MT_NO_ENTRY};
    for (; i < rows->n; i++)
        add_row(sum, &rows->items[i]);
}

void mt_rows_totals(const struct mt_rows *rows, struct mt_totals *totals) {
    *totals = rows->profile->info.totals;
    if (rows->options.at.kind == MT_AT_END)
        return;
    int64_t bytes = rows->all.value[MT_VALUE_LIVE_BYTES],
            blocks = rows->all.value[MT_VALUE_LIVE_BLOCKS];
    totals->live_bytes = bytes > 0 ? (uint64_t)bytes : 0;
    totals->live_blocks = blocks > 0 ? (uint64_t)blocks : 0;
}

static uint64_t own_total(const struct mt_totals *totals, enum mt_value value) {
    const uint64_t of[MT_N_VALUES] = {
        [MT_VALUE_TOTAL_BLOCKS] = totals->total_blocks,
        [MT_VALUE_TOTAL_BYTES] = totals->total_bytes,
        [MT_VALUE_LIVE_BLOCKS] = totals->live_blocks,
        [MT_VALUE_LIVE_BYTES] = totals->live_bytes,
        [MT_VALUE_PEAK_BLOCKS] = totals->peak_blocks,
        [MT_VALUE_PEAK_BYTES] = totals->peak_bytes,
    };
    return of[value];
}

int64_t mt_rows_total(const struct mt_rows *rows, enum mt_value value) {
    struct mt_totals totals;
    if (!rows->profile->info.is_memtrack)
        return rows->all.value[value];
    mt_rows_totals(rows, &totals);
    uint64_t total = own_total(&totals, value);
    return total > INT64_MAX ? INT64_MAX : (int64_t)total;
}

bool mt_rows_has_negative(const struct mt_rows *rows, enum mt_value value) {
    return rows->has_negative[value];
}

int64_t mt_rows_whole(const struct mt_rows *rows, enum mt_value value) {
    return rows->has_negative[value] ? rows->gross[value] : rows->all.value[value];
}

int64_t mt_rows_margin(const struct mt_rows *rows, const struct mt_row *row, enum mt_value value) {
    bool is_sampled = rows->profile->info.sample_bytes && row->variance;
    return is_sampled ? mt_margin_of((double)row->value[value], row->variance[value]) : 0;
}

bool mt_rows_has(const struct mt_rows *rows, enum mt_value value) {
    const struct mt_profile *profile = rows->profile;
    if (value == MT_VALUE_WASTE_BYTES)
        return profile->has_value[value] && rows->options.at.kind == MT_AT_END &&
               (profile->info.usable_measured || !profile->info.is_memtrack);
    if ((value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_LIVE_BLOCKS) &&
        rows->options.at.kind != MT_AT_END)
        return true;
    return profile->has_value[value];
}

bool mt_rows_max_is_bound(const struct mt_rows *rows, const struct mt_row *row) {
    return row->value[MT_VALUE_MAX_BYTES] != 0 &&
           (row->n_sites > 1 || rows->profile->info.multithreaded);
}

/* ---- identity -------------------------------------------------------------------------------- */

/* Of the next row. Apart from the rows, which have none when figures are exact: it is as large as
 * all of their values. */
static double *new_variance(struct mt_rows *rows) {
    size_t chunk = rows->n / MT_VARIANCES_PER_CHUNK;
    if (rows->n % MT_VARIANCES_PER_CHUNK == 0) {
        if (!mt_array_reserve_next(&rows->variances, chunk, sizeof *rows->variances))
            return NULL;
        rows->variances[chunk] = calloc(MT_VARIANCES_PER_CHUNK, sizeof *rows->variances[chunk]);
        if (!rows->variances[chunk])
            return NULL;
    }
    return rows->variances[chunk][rows->n % MT_VARIANCES_PER_CHUNK];
}

struct mt_row *mt_rows_append(struct mt_rows *rows) {
    if (!mt_array_reserve(&rows->items, &rows->capacity, rows->n + 1, sizeof *rows->items))
        return NULL;
    double *variance = NULL;
    if (rows->profile->info.sample_bytes && !(variance = new_variance(rows)))
        return NULL;
    struct mt_row *row = &rows->items[rows->n++];
    memset(row, 0, sizeof *row);
    row->variance = variance;
    return row;
}

void mt_rows_identify(const struct mt_rows *rows, struct mt_row *row, uint32_t sample,
                      uint32_t entry) {
    enum mt_group_by by = rows->options.by;
    bool is_frame = mt_group_by_is_frame(by) || by == MT_BY_STACK;
    row->sample = sample;
    row->entry = is_frame ? entry : MT_NO_ENTRY;
    if (row->entry == MT_NO_ENTRY)
        return;
    if (by == MT_BY_STACK)
        mt_frames_charged(&rows->frames, &rows->profile->samples[sample], &row->position);
    const struct mt_frame_entry *frame = &rows->frames.entries[entry];
    row->module = frame->module;
    if (by == MT_BY_MODULE)
        return;
    row->file = mt_frames_file(&rows->frames, frame);
    if (by == MT_BY_FILE)
        return;
    row->function = mt_frames_function_name(&rows->frames, frame);
    if (by == MT_BY_FUNCTION)
        return;
    row->line = row->file ? frame->line : 0;
}

static struct mt_row_frame frame_of_entry(const struct mt_frames *frames, uint32_t e) {
    const struct mt_frame_entry *entry = &frames->entries[e];
    return (struct mt_row_frame){.function = mt_frames_function_name(frames, entry),
                                 .file = mt_frames_file(frames, entry),
                                 .module = entry->module,
                                 .line = entry->line,
                                 .address = frames->profile->locations[entry->location].address,
                                 .module_address = mt_frames_module_address(frames, entry),
                                 .function_offset = mt_frames_function_offset(frames, entry),
                                 .is_inlined = entry->is_inlined,
                                 .id = e};
}

size_t mt_rows_n_frames(const struct mt_rows *rows) {
    return rows->frames.n_entries;
}

bool mt_rows_frame(const struct mt_rows *rows, const struct mt_row *row, struct mt_row_frame *out) {
    if (row->entry == MT_NO_ENTRY)
        return false;
    *out = frame_of_entry(&rows->frames, row->entry);
    return true;
}

size_t mt_rows_stack(const struct mt_rows *rows, const struct mt_row *row, struct mt_row_frame *out,
                     size_t max, bool *truncated) {
    *truncated = false;
    if (row->sample == UINT32_MAX)
        return 0;
    const struct mt_frames *frames = &rows->frames;
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    uint32_t position = 0, charged = mt_frames_charged(frames, sample, &position);
    size_t n = 0;
    if (charged == MT_NO_ENTRY)
        return 0;
    *truncated = sample->truncated;
    for (uint32_t i = position; i < sample->n_frames; i++) {
        uint32_t location = rows->profile->frames[sample->first_frame + i];
        uint32_t e = i == position ? charged : frames->first_entry[location];
        for (; e < frames->first_entry[location + 1]; e++) {
            if (frames->entries[e].kind == MT_FRAME_HOOK)
                continue;
            if (n < max)
                out[n] = frame_of_entry(frames, e);
            n++;
        }
    }
    return n;
}

/* ---- keys ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static char *print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return n < 0 ? NULL : text;
}

char *mt_rows_frame_key(const struct mt_profile *profile, const struct mt_row_frame *frame) {
    const char *function = mt_profile_text(profile, frame->function);
    const char *module = basename(mt_profile_text(profile, frame->module));
    if (frame->file && frame->line)
        return print("%s:%" PRId64, mt_profile_text(profile, frame->file), frame->line);
    if (*function && frame->function_offset != UINT64_MAX)
        return *module ? print("%s+0x%" PRIx64 " (%s)", function, frame->function_offset, module)
                       : print("%s+0x%" PRIx64, function, frame->function_offset);
    if (*function)
        return *module ? print("%s (%s+0x%" PRIx64 ")", function, module, frame->module_address)
                       : print("%s (0x%" PRIx64 ")", function, frame->module_address);
    if (*module)
        return print("0x%" PRIx64 " (%s)", frame->module_address, module);
    return frame->address ? print("0x%" PRIx64, frame->address) : strdup("[unknown]");
}

static char *stack_key(const struct mt_rows *rows, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated), bytes = 0;
    struct mt_row_frame *frames = calloc(n + 1, sizeof *frames);
    char *text = NULL;
    FILE *stream = frames ? open_memstream(&text, &bytes) : NULL;
    bool failed = !stream;
    mt_rows_stack(rows, row, frames, frames ? n : 0, &truncated);
    for (size_t i = 0; i < n && !failed; i++) {
        char *key = mt_rows_frame_key(rows->profile, &frames[i]);
        failed = !key || fprintf(stream, "%s%s", i ? ";" : "", key) < 0;
        free(key);
    }
    if (truncated && !failed)
        fputs(";[truncated]", stream);
    free(frames);
    failed |= stream && fclose(stream) != 0;
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}

static char *function_key(const struct mt_rows *rows, const struct mt_row *row) {
    const char *function = mt_profile_text(rows->profile, row->function);
    const char *file = mt_profile_text(rows->profile, row->file);
    const char *module = basename(mt_profile_text(rows->profile, row->module));
    const char *where = *file ? file : module;
    if (*function)
        return row->shares_name && *where ? print("%s (%s)", function, where) : strdup(function);
    return *module ? print("[unknown] (%s)", module) : strdup("[unknown]");
}

static char *file_key(const struct mt_rows *rows, const struct mt_row *row) {
    const char *module = basename(mt_profile_text(rows->profile, row->module));
    if (row->file)
        return strdup(mt_profile_text(rows->profile, row->file));
    return *module ? print("(%s)", module) : strdup("[unknown]");
}

static char *label_key(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    char size[MT_FORMAT_BYTES];
    switch (rows->options.by) {
    case MT_BY_THREAD:
        return strdup(sample->thread ? mt_profile_text(rows->profile, sample->thread)
                                     : "[unknown]");
    case MT_BY_SCOPE:
        return strdup(sample->scope ? mt_profile_text(rows->profile, sample->scope) : "[none]");
    case MT_BY_SIZE:
        return strdup(sample->has_size_class ? mt_format_size_class(size, sample->size_class)
                                             : "[unknown]");
    default:
        return strdup(sample->domain ? mt_profile_text(rows->profile, sample->domain) : "malloc");
    }
}

char *mt_rows_key(const struct mt_rows *rows, const struct mt_row *row) {
    enum mt_group_by by = rows->options.by;
    if (row->sample == UINT32_MAX)
        return strdup("");
    if (!mt_group_by_is_frame(by) && by != MT_BY_STACK)
        return label_key(rows, row);
    if (row->entry == MT_NO_ENTRY)
        return strdup(rows->profile->samples[row->sample].lossy ? "[lossy]" : "[unknown]");
    switch (by) {
    case MT_BY_LINE: {
        struct mt_row_frame frame = frame_of_entry(&rows->frames, row->entry);
        return mt_rows_frame_key(rows->profile, &frame);
    }
    case MT_BY_STACK:
        return stack_key(rows, row);
    case MT_BY_FUNCTION:
        return function_key(rows, row);
    case MT_BY_FILE:
        return file_key(rows, row);
    default:
        return strdup(row->module ? mt_profile_text(rows->profile, row->module) : "[unknown]");
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_numbers(int64_t x, int64_t y) {
    return x < y ? -1 : x > y;
}

static int compare_text(const struct mt_profile *profile, mt_string x, mt_string y) {
    return x == y ? 0 : strcmp(mt_profile_text(profile, x), mt_profile_text(profile, y));
}

static int compare_frames(const struct mt_frames *frames, uint32_t x, uint32_t y) {
    if (x == y || x == MT_NO_ENTRY || y == MT_NO_ENTRY)
        return compare_numbers(x, y);
    const struct mt_frame_entry *a = &frames->entries[x], *b = &frames->entries[y];
    int order = compare_text(frames->profile, mt_frames_file(frames, a), mt_frames_file(frames, b));
    if (!order)
        order = compare_numbers(a->line, b->line);
    if (!order)
        order = compare_text(frames->profile, mt_frames_function_name(frames, a),
                             mt_frames_function_name(frames, b));
    if (!order)
        order = compare_text(frames->profile, a->module, b->module);
    return order ? order
                 : compare_numbers((int64_t)mt_frames_module_address(frames, a),
                                   (int64_t)mt_frames_module_address(frames, b));
}

static int compare_paths(const struct mt_rows *rows, const struct mt_row *x,
                         const struct mt_row *y) {
    const struct mt_frames *frames = &rows->frames;
    const struct mt_sample *a = &rows->profile->samples[x->sample],
                           *b = &rows->profile->samples[y->sample];
    uint32_t i = x->position + 1, j = y->position + 1;
    for (; i < a->n_frames && j < b->n_frames; i++, j++) {
        uint32_t l = rows->profile->frames[a->first_frame + i],
                 m = rows->profile->frames[b->first_frame + j];
        int order =
            l == m ? 0 : compare_frames(frames, frames->first_entry[l], frames->first_entry[m]);
        if (order)
            return order;
    }
    return compare_numbers((int64_t)a->n_frames - i, (int64_t)b->n_frames - j);
}

static int compare_labels(const struct mt_rows *rows, const struct mt_row *x,
                          const struct mt_row *y) {
    const struct mt_profile *profile = rows->profile;
    const struct mt_sample *a = &profile->samples[x->sample], *b = &profile->samples[y->sample];
    switch (rows->options.by) {
    case MT_BY_THREAD:
        return compare_text(profile, a->thread, b->thread);
    case MT_BY_SCOPE:
        return compare_text(profile, a->scope, b->scope);
    case MT_BY_SIZE:
        return compare_numbers(a->size_class, b->size_class);
    default:
        return compare_text(profile, a->domain, b->domain);
    }
}

int mt_rows_order_names(const struct mt_rows *rows, const struct mt_row *x,
                        const struct mt_row *y) {
    if (!mt_group_by_is_frame(rows->options.by) && rows->options.by != MT_BY_STACK)
        return compare_labels(rows, x, y);
    int order = compare_frames(&rows->frames, x->entry, y->entry);
    return order || rows->options.by != MT_BY_STACK || x->entry == MT_NO_ENTRY
               ? order
               : compare_paths(rows, x, y);
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

static int compare_values(const void *left, const void *right, void *context) {
    const struct mt_rows *rows = context;
    const struct mt_row *x = left, *y = right;
    enum mt_value sort = rows->options.sort;
    const enum mt_value columns[] = {sort, MT_VALUE_LIVE_BYTES, MT_VALUE_LIVE_BLOCKS};
    if (rows->has_negative[sort]) { /* what has changed most first, and what has not changed at all
                                       last */
        uint64_t a = magnitude(x->value[sort]), b = magnitude(y->value[sort]);
        if (a != b)
            return a < b ? 1 : -1;
    }
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        int order = compare_numbers(y->value[columns[i]], x->value[columns[i]]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_equals(const void *left, const void *right, void *context) {
    const struct mt_row *x = left, *y = right;
    int order = mt_rows_order_names(context, x, y);
    return order ? order : compare_numbers(x->sample, y->sample);
}

/* Sorts by the numbers; then each run of equals by name, as far as somebody will look. Most paths
 * of a big profile hold nothing any more: putting 300,000 of them in order of their names would
 * take longer than all the rest. */
static void sort_rows(struct mt_rows *rows) {
    size_t n_named = rows->options.n_named ? rows->options.n_named : rows->n, end;
    if (rows->n == 0)
        return;
    qsort_r(rows->items, rows->n, sizeof *rows->items, compare_values, rows);
    for (size_t first = 0; first < rows->n && first < n_named; first = end) {
        for (end = first + 1; end < rows->n; end++)
            if (compare_values(&rows->items[first], &rows->items[end], rows) != 0)
                break;
        if (end - first > 1)
            qsort_r(&rows->items[first], end - first, sizeof *rows->items, compare_equals, rows);
    }
}

static int mark_shared_names(struct mt_rows *rows) {
    struct mt_identities names = {0};
    uint32_t *first = calloc(rows->n + 1, sizeof *first); /* row + 1 that first had the name */
    int status = first ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < rows->n && status == 0; i++) {
        struct mt_row *row = &rows->items[i];
        if (!row->function)
            continue;
        int64_t id =
            mt_identity_id(&names, (struct mt_identity){.tag = MT_ID_NAME, .a = row->function});
        if (id < 0)
            status = -MEMTRACK_ENOMEM;
        else if (first[id])
            row->shares_name = rows->items[first[id] - 1].shares_name = true;
        else
            first[id] = (uint32_t)i + 1;
    }
    free(first);
    mt_identity_free(&names);
    return status;
}

/* From the first sample of the group to where the group's row is now. */
static int locate_samples(struct mt_rows *rows) {
    uint32_t *row_of_first =
        rows->row_of_sample ? malloc((rows->n_samples + 1) * sizeof *row_of_first) : NULL;
    if (!rows->row_of_sample)
        return 0;
    if (!row_of_first)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < rows->n; i++)
        row_of_first[rows->items[i].sample] = (uint32_t)i;
    for (size_t s = 0; s < rows->n_samples; s++)
        if (rows->row_of_sample[s] != UINT32_MAX)
            rows->row_of_sample[s] = row_of_first[rows->row_of_sample[s]];
    free(row_of_first);
    return 0;
}

const uint32_t *mt_rows_of_samples(const struct mt_rows *rows, size_t *n) {
    *n = rows->n_samples;
    return rows->row_of_sample;
}

const struct mt_row *mt_rows_with_sample(const struct mt_rows *rows, uint32_t sample) {
    uint32_t row = sample < rows->n_samples ? rows->row_of_sample[sample] : UINT32_MAX;
    return row != UINT32_MAX ? &rows->items[row] : NULL;
}

int mt_rows_order(struct mt_rows *rows) {
    if (rows->options.by == MT_BY_FUNCTION && mark_shared_names(rows) < 0)
        return -MEMTRACK_ENOMEM;
    sort_rows(rows);
    return locate_samples(rows);
}
