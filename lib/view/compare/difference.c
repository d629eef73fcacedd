/* SPDX-License-Identifier: MIT */
/*
 * Lines have moved between two builds, and call paths were paired by what they mean (match.h). So
 * what is paired has one path here, that of the side that it is named by, and cancels out in
 * whatever adds up paths. Merging both profiles was rejected: there a line that has moved is one
 * that is lost and another that is gained.
 *
 * A frame is a location of its own, with one line or none: a path may begin at a frame that is
 * inlined, in the middle of what was one location.
 */
#include "view/compare/difference.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/compare/diff-local.h"

#define UNKNOWN UINT32_MAX

struct copying {
    const struct mt_diff *diff;
    struct mt_profile *into;
    uint32_t *location_of[MT_N_SIDES]; /* by entry of the side's frames; UNKNOWN: not copied yet */
    uint32_t *mapping_of[MT_N_SIDES];  /* by mapping of the side */
    struct mt_row_frame *frames;
    size_t frames_capacity;
    uint32_t *path;
    size_t path_capacity;
};

static const struct mt_profile *profile_of(const struct copying *c, enum mt_side side) {
    return mt_rows_profile(c->diff->rows[side]);
}

static mt_string text(const struct copying *c, enum mt_side side, mt_string string) {
    return mt_profile_intern(c->into, mt_profile_text(profile_of(c, side), string));
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool is_same_mapping(const struct mt_mapping *x, const struct mt_mapping *y) {
    return x->path == y->path && x->build_id == y->build_id && x->start == y->start &&
           x->limit == y->limit && x->offset == y->offset;
}

/* Returns the mapping's index, or a negative error. */
static int64_t copy_mapping(const struct copying *c, enum mt_side side, uint32_t index) {
    struct mt_mapping mapping = profile_of(c, side)->mappings[index];
    mapping.path = text(c, side, mapping.path);
    mapping.build_id = text(c, side, mapping.build_id);
    if (mapping.path == UNKNOWN || mapping.build_id == UNKNOWN)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < c->into->n_mappings; i++)
        if (is_same_mapping(&c->into->mappings[i], &mapping))
            return (int64_t)i;
    return mt_profile_add_mapping(c->into, &mapping);
}

static int copy_mappings(struct copying *c, enum mt_side side) {
    size_t n = profile_of(c, side)->n_mappings;
    c->mapping_of[side] = calloc(n + 1, sizeof *c->mapping_of[side]);
    int64_t status = c->mapping_of[side] ? 0 : -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < n && status >= 0; i++) {
        status = copy_mapping(c, side, i);
        c->mapping_of[side][i] = (uint32_t)status;
    }
    return status < 0 ? (int)status : 0;
}

static int64_t copy_function(const struct copying *c, enum mt_side side, uint32_t index) {
    struct mt_function function = profile_of(c, side)->functions[index];
    function.name = text(c, side, function.name);
    function.system_name = text(c, side, function.system_name);
    function.file = text(c, side, function.file);
    if (function.name == UNKNOWN || function.system_name == UNKNOWN || function.file == UNKNOWN)
        return -MEMTRACK_ENOMEM;
    return mt_profile_add_function(c->into, &function);
}

static int64_t add_location(const struct copying *c, enum mt_side side,
                            const struct mt_row_frame *frame) {
    const struct mt_profile *from = profile_of(c, side);
    const struct mt_frame_entry *entry = &c->diff->rows[side]->frames.entries[frame->id];
    struct mt_location location = from->locations[entry->location];
    if (location.mapping)
        location.mapping = location.mapping <= from->n_mappings
                               ? c->mapping_of[side][location.mapping - 1] + 1
                               : 0;
    location.first_line = location.n_lines = 0;
    if (entry->function) {
        int64_t function = copy_function(c, side, entry->function - 1);
        if (function < 0)
            return function;
        const struct mt_line line = {(uint32_t)function, entry->line};
        int64_t first = mt_profile_add_lines(c->into, &line, 1);
        if (first < 0)
            return first;
        location.first_line = (uint32_t)first;
        location.n_lines = 1;
    }
    return mt_profile_add_location(c->into, &location);
}

static int64_t copy_frame(const struct copying *c, enum mt_side side,
                          const struct mt_row_frame *frame) {
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room for all frames of a path */
    uint32_t *known = &c->location_of[side][frame->id];
    if (*known != UNKNOWN)
        return *known;
    int64_t location = add_location(c, side, frame);
    if (location >= 0)
        *known = (uint32_t)location;
    return location;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Brings the path of a row to c->path. Returns its length, or a negative error. */
static int64_t copy_path(struct copying *c, enum mt_side side, const struct mt_row *row,
                         bool *truncated) {
    const struct mt_rows *rows = c->diff->rows[side];
    size_t n = mt_rows_stack(rows, row, NULL, 0, truncated);
    if (!mt_array_reserve(&c->frames, &c->frames_capacity, n + 1, sizeof *c->frames) ||
        !mt_array_reserve(&c->path, &c->path_capacity, n + 1, sizeof *c->path))
        return -MEMTRACK_ENOMEM;
    mt_rows_stack(rows, row, c->frames, n, truncated);
    for (size_t i = 0; i < n; i++) {
        int64_t location = copy_frame(c, side, &c->frames[i]);
        if (location < 0)
            return location;
        c->path[i] = (uint32_t)location;
    }
    return (int64_t)n;
}

static void take_values(const struct mt_diff *diff, const struct mt_diff_row *row,
                        enum mt_side side, struct mt_sample *sample) {
    for (enum mt_value v = 0; v < MT_N_VALUES; v++) {
        int64_t value = mt_diff_has(diff, v) ? row->value[side][v] : 0;
        sample->value[v] = side == MT_NEW ? value : mt_saturate_difference(0, value);
    }
    sample->is_base = side == MT_OLD;
}

static int64_t add_row(struct copying *c, mt_string domain, const struct mt_diff_row *row) {
    enum mt_side named_by = mt_diff_named_by(row);
    const struct mt_row *named = row->row[named_by];
    struct mt_sample sample = {.domain = domain};
    int64_t n = copy_path(c, named_by, named, &sample.truncated), status = n;
    sample.n_missing = sample.truncated ? mt_rows_missing(c->diff->rows[named_by], named) : 0;
    sample.lossy = n == 0 && profile_of(c, named_by)->samples[named->sample].lossy;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status >= 0; side++) {
        if (!row->row[side])
            continue;
        take_values(c->diff, row, side, &sample);
        status = mt_profile_add_sample(c->into, &sample, c->path, (size_t)n);
    }
    return status;
}

static int add_rows(struct copying *c) {
    mt_string domain = mt_profile_intern(c->into, "malloc");
    int64_t status = domain == UNKNOWN ? -MEMTRACK_ENOMEM : 0;
    for (size_t i = 0; i < c->diff->n && status >= 0; i++)
        status = add_row(c, domain, &c->diff->items[i]);
    return status < 0 ? (int)status : 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* It is of no process: it tells which program it is about, and what was not recorded of it. */
static int take_info(const struct copying *c) {
    const struct mt_profile *from = profile_of(c, MT_NEW);
    const struct mt_profile_info *old = &profile_of(c, MT_OLD)->info, *new = &from->info;
    struct mt_profile_info *into = &c->into->info;
    into->tool = mt_profile_intern(c->into, "memtrack diff");
    into->exe = text(c, MT_NEW, new->exe);
    into->cwd = text(c, MT_NEW, new->cwd);
    into->start_time_ns = new->start_time_ns;
    into->duration_ns = new->duration_ns;
    into->sample_bytes =
        old->sample_bytes > new->sample_bytes ? old->sample_bytes : new->sample_bytes;
    into->command = calloc(new->n_command + 1, sizeof *into->command);
    int status = into->command ? 0 : -MEMTRACK_ENOMEM;
    for (; status == 0 && into->n_command < new->n_command; into->n_command++)
        into->command[into->n_command] = text(c, MT_NEW, new->command[into->n_command]);
    for (enum mt_value v = 0; v < MT_N_VALUES; v++)
        c->into->has_value[v] = mt_diff_has(c->diff, v);
    for (size_t i = 0; status == 0 && mt_diff_note(c->diff, i); i++)
        status = mt_profile_add_note(c->into, mt_diff_note(c->diff, i));
    return status;
}

static int copy_side(struct copying *c, enum mt_side side) {
    size_t bytes = (c->diff->rows[side]->frames.n_entries + 1) * sizeof *c->location_of[side];
    c->location_of[side] = malloc(bytes);
    if (!c->location_of[side])
        return -MEMTRACK_ENOMEM;
    memset(c->location_of[side], 0xff, bytes);
    return copy_mappings(c, side);
}

static void free_copying(struct copying *c) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        free(c->location_of[side]);
        free(c->mapping_of[side]);
    }
    free(c->frames);
    free(c->path);
}

int mt_difference_profile(const struct mt_diff *diff, struct mt_profile **out,
                          struct mt_error *error) {
    struct copying c = {.diff = diff, .into = mt_profile_new()};
    int status = c.into ? copy_side(&c, MT_NEW) : -MEMTRACK_ENOMEM; /* the program comes first */
    if (status == 0)
        status = copy_side(&c, MT_OLD);
    if (status == 0)
        status = take_info(&c);
    if (status == 0)
        status = add_rows(&c);
    free_copying(&c);
    if (status == 0) {
        mt_profile_sum_totals(c.into);
        *out = c.into;
        return 0;
    }
    mt_profile_free(c.into);
    return mt_error_set(error, -status, "Narrow it with --include.",
                        status == -MEMTRACK_ENOMEM ? "out of memory while making the difference"
                                                   : "the difference is too much for one profile");
}
