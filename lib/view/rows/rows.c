/* SPDX-License-Identifier: MIT */
/*
 * Reading rows: what was counted in them, which frame and which path they stand for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
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
        mt_saturate_add(&sum->value[v], row->value[v]);
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
    return mt_saturate_signed(total);
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

const uint32_t *mt_rows_of_samples(const struct mt_rows *rows, size_t *n) {
    *n = rows->n_samples;
    return rows->row_of_sample;
}

const struct mt_row *mt_rows_with_sample(const struct mt_rows *rows, uint32_t sample) {
    uint32_t row = sample < rows->n_samples ? rows->row_of_sample[sample] : UINT32_MAX;
    return row != UINT32_MAX ? &rows->items[row] : NULL;
}

void mt_rows_free(struct mt_rows *rows) {
    if (!rows)
        return;
    if (!rows->borrows_frames)
        mt_frames_free(&rows->frames);
    for (size_t i = 0; rows->variances && i * MT_VARIANCES_PER_CHUNK < rows->n; i++)
        free(rows->variances[i]);
    free(rows->variances);
    free(rows->items);
    free(rows->row_of_sample);
    free(rows);
}

/* ---- wrappers -------------------------------------------------------------------------------- */

/* Those with a name come first: sub_1ee30 tells nobody what was skipped. */
static bool comes_before(const struct mt_rows *rows, const struct mt_rows_wrapper *a,
                         const struct mt_rows_wrapper *b) {
    bool a_named = strncmp(mt_profile_text(rows->profile, a->function), "sub_", 4) != 0,
         b_named = strncmp(mt_profile_text(rows->profile, b->function), "sub_", 4) != 0;
    return a_named != b_named ? a_named : a->value > b->value;
}

static struct mt_rows_wrapper wrapper_at(const struct mt_rows *rows, size_t i) {
    const struct mt_inferred *inferred = &rows->frames.inferred[i];
    const struct mt_function *function = &rows->profile->functions[inferred->function - 1];
    return (struct mt_rows_wrapper){function->name, function->file,
                                    inferred->value[rows->options.sort]};
}

/* There are few: the largest are found by insertion. */
size_t mt_rows_wrappers(const struct mt_rows *rows, struct mt_rows_wrapper *out, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < rows->frames.n_inferred && max; i++) {
        struct mt_rows_wrapper wrapper = wrapper_at(rows, i);
        size_t place = n;
        while (place > 0 && comes_before(rows, &wrapper, &out[place - 1]))
            place--;
        if (place == max)
            continue;
        n += n < max;
        memmove(&out[place + 1], &out[place], (n - place - 1) * sizeof *out);
        out[place] = wrapper;
    }
    return rows->frames.n_inferred;
}

/* ---- identity -------------------------------------------------------------------------------- */

/* This is for the variances of the next row. They are apart from the rows, which have none when
 * figures are exact: a row's variances are as large as all of its values. */
static double *new_variance(struct mt_rows *rows) {
    size_t chunk = rows->n / MT_VARIANCES_PER_CHUNK;
    if (rows->n % MT_VARIANCES_PER_CHUNK == 0) {
        if (!mt_array_grow(&rows->variances, chunk, sizeof *rows->variances))
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
                                 .is_exact = frames->profile->locations[entry->location].exact,
                                 .kind = entry->kind,
                                 .function_index = entry->function,
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

bool mt_rows_named_caller(const struct mt_rows *rows, const struct mt_row *row,
                          struct mt_row_frame *out) {
    const struct mt_frames *frames = &rows->frames;
    if (row->entry == MT_NO_ENTRY || row->sample == UINT32_MAX ||
        !mt_frames_is_nameless(frames, &frames->entries[row->entry]))
        return false;
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    const uint32_t *path = rows->profile->frames + sample->first_frame;
    uint32_t position = 0, e = mt_frames_charged(frames, sample, &position);
    for (uint32_t i = position; i < sample->n_frames; i++) {
        e = i == position ? e + 1 : frames->first_entry[path[i]];
        for (; e < frames->first_entry[path[i] + 1]; e++) {
            const struct mt_frame_entry *caller = &frames->entries[e];
            if (caller->kind == MT_FRAME_RUNTIME)
                return false;
            if (caller->kind == MT_FRAME_HOOK || mt_frames_is_nameless(frames, caller))
                continue;
            *out = frame_of_entry(frames, e);
            return true;
        }
    }
    return false;
}

size_t mt_rows_stack(const struct mt_rows *rows, const struct mt_row *row, struct mt_row_frame *out,
                     size_t max, bool *truncated) {
    *truncated = false;
    if (row->sample == UINT32_MAX)
        return 0;
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    struct mt_frames_walk walk;
    uint32_t e;
    size_t n = 0;
    if (!mt_frames_walk_begin(&walk, &rows->frames, sample))
        return 0;
    *truncated = sample->truncated;
    for (; (e = mt_frames_walk_next(&walk)) != MT_NO_ENTRY; n++)
        if (n < max)
            out[n] = frame_of_entry(&rows->frames, e);
    return n;
}

uint32_t mt_rows_missing(const struct mt_rows *rows, const struct mt_row *row) {
    return row->sample == UINT32_MAX ? 0 : rows->profile->samples[row->sample].n_missing;
}

size_t mt_rows_skipped(const struct mt_rows *rows, uint32_t sample, mt_string *out, size_t max) {
    const struct mt_frames *frames = &rows->frames;
    const struct mt_sample *of = &rows->profile->samples[sample];
    uint32_t position = 0, charged = mt_frames_charged(frames, of, &position);
    size_t n = 0;
    for (uint32_t i = 0; charged != MT_NO_ENTRY && i <= position; i++) {
        uint32_t location = rows->profile->frames[of->first_frame + i];
        uint32_t end = i == position ? charged : frames->first_entry[location + 1];
        for (uint32_t e = frames->first_entry[location]; e < end; e++, n++)
            if (n < max)
                out[n] = mt_frames_function_name(frames, &frames->entries[e]);
    }
    return n;
}
