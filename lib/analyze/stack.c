/* SPDX-License-Identifier: MIT */
/*
 * Call paths and single traces. A stack is a copy of its frames, so that walking it needs no look
 * at the profile; the texts in it are the profile's, which it keeps alive. The names of its frames
 * are made together with it.
 *
 * mt_rows_stack knows which frames are shown. For a trace, which is in no row, rows by domain are
 * made once and asked with a row that names the trace: the cheapest grouping there is, and no
 * second opinion on what a wrapper is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze-local.h"
#include "view/compare/diff.h"
#include "view/format/format.h"
#include "view/rows/missing.h"
#include "view/source.h"

struct memtrack_stack {
    memtrack_profile *profile; /* a reference */
    struct mt_row_frame *frames;
    char **names;
    size_t n, total;
    bool truncated;
};

void memtrack_stack_free(memtrack_stack *stack) {
    MT_ANALYZE_PAUSED;
    if (!stack)
        return;
    for (size_t i = 0; i < stack->n && stack->names; i++)
        free(stack->names[i]);
    free(stack->names);
    free(stack->frames);
    mt_analyze_profile_release(stack->profile);
    free(stack);
}

int mt_analyze_stack(const memtrack_profile *profile, const struct mt_rows *rows,
                     const struct mt_row *row, memtrack_stack **out) {
    memtrack_stack *stack = calloc(1, sizeof *stack);
    if (!stack)
        return mt_analyze_error_no_memory();
    stack->profile = mt_analyze_profile_retain(profile);
    stack->n = mt_rows_stack(rows, row, NULL, 0, &stack->truncated);
    stack->frames = calloc(stack->n + 1, sizeof *stack->frames);
    stack->names = calloc(stack->n + 1, sizeof *stack->names);
    bool done = stack->frames && stack->names;
    if (done)
        mt_rows_stack(rows, row, stack->frames, stack->n, &stack->truncated);
    for (size_t i = 0; i < stack->n && done; i++) {
        stack->names[i] = mt_rows_key_of_frame(mt_rows_profile(rows), &stack->frames[i]);
        done = stack->names[i] != NULL;
    }
    if (!done) {
        memtrack_stack_free(stack);
        return mt_analyze_error_no_memory();
    }
    uint32_t missing = stack->truncated ? mt_rows_missing(rows, row) : 0;
    stack->total = stack->truncated && missing == 0 ? 0 : stack->n + missing;
    *out = stack;
    return 0;
}

size_t memtrack_stack_total(const memtrack_stack *stack) {
    return stack ? stack->total : 0;
}

size_t memtrack_stack_count(const memtrack_stack *stack) {
    return stack ? stack->n : 0;
}

int memtrack_stack_is_truncated(const memtrack_stack *stack) {
    return stack ? stack->truncated : 0;
}

int memtrack_stack_frame(const memtrack_stack *stack, size_t i, memtrack_frame *out) {
    if (!stack || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    if (i >= stack->n)
        return mt_analyze_error_no_item("frame", i, stack->n);
    const struct mt_profile *model = mt_analyze_model(stack->profile);
    const struct mt_row_frame *frame = &stack->frames[i];
    *out = (memtrack_frame){.function = mt_profile_text(model, frame->function),
                            .file = mt_profile_text(model, frame->file),
                            .module = mt_profile_text(model, frame->module),
                            .name = stack->names[i],
                            .line = frame->line,
                            .address = frame->address,
                            .module_address = frame->module_address,
                            .is_inlined = frame->is_inlined};
    return 0;
}

struct mt_analyze_place mt_analyze_stack_place(const struct mt_rows *rows,
                                               const struct mt_row *row) {
    const struct mt_profile *model = mt_rows_profile(rows);
    return (struct mt_analyze_place){.function = mt_profile_text(model, row->function),
                                     .file = mt_profile_text(model, row->file),
                                     .module = mt_profile_text(model, row->module),
                                     .line = row->line};
}

/* ---- traces ---------------------------------------------------------------------------------- */

size_t memtrack_profile_trace_count(const memtrack_profile *profile) {
    if (!profile)
        return 0;
    return mt_analyze_model(profile)->n_samples;
}

/* Class c >= 1 holds sizes from 2^(c-1) on, see mt_size_class. */
static void fill_sizes(const struct mt_sample *sample, memtrack_trace *out) {
    unsigned class = sample->size_class;
    out->max_bytes = UINT64_MAX;
    if (!sample->has_size_class || class > 64)
        return;
    out->min_bytes = class ? UINT64_C(1) << (class - 1) : 0;
    out->max_bytes = class ? out->min_bytes + (out->min_bytes - 1) : 0;
}

int memtrack_profile_trace(const memtrack_profile *profile, size_t i, memtrack_trace *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_profile *model = mt_analyze_model(profile);
    mt_analyze_error();
    if (i >= model->n_samples)
        return mt_analyze_error_no_item("trace", i, model->n_samples);
    const struct mt_sample *sample = &model->samples[i];
    *out = (memtrack_trace){.values = mt_analyze_options_values(sample->value),
                            .thread = mt_profile_text(model, sample->thread),
                            .scope = mt_profile_text(model, sample->scope),
                            .domain =
                                sample->domain ? mt_profile_text(model, sample->domain) : "malloc",
                            .is_lossy = sample->lossy};
    fill_sizes(sample, out);
    return 0;
}

/* Returns the rows by which call paths of single traces are read; NULL when *status says why. */
static struct mt_rows *frames_of(const memtrack_profile *profile, int *status) {
    memtrack_profile *shared =
        (memtrack_profile *)(uintptr_t)profile; /* what is made once is no change to callers */
    struct mt_rows *rows = atomic_load(&shared->frames), *first = NULL;
    if (rows)
        return rows;
    const struct mt_view_options options = {.by = MT_BY_DOMAIN, .sort = MT_VALUE_LIVE_BYTES};
    *status = mt_rows_build(mt_analyze_model(profile), &options, &rows, mt_analyze_error());
    if (*status < 0 || atomic_compare_exchange_strong(&shared->frames, &first, rows))
        return rows;
    mt_rows_free(rows); /* another thread was faster */
    return first;
}

int memtrack_profile_trace_stack(const memtrack_profile *profile, size_t i, memtrack_stack **out) {
    MT_ANALYZE_PAUSED;
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    size_t n = mt_analyze_model(profile)->n_samples;
    int status = 0;
    *out = NULL;
    mt_analyze_error();
    if (i >= n)
        return mt_analyze_error_no_item("trace", i, n);
    const struct mt_rows *rows = frames_of(profile, &status);
    const struct mt_row row = {.sample = (uint32_t)i, .entry = MT_NO_ENTRY};
    return rows ? mt_analyze_stack(profile, rows, &row, out) : status;
}

/* ---- text ------------------------------------------------------------------------------------ */

struct printer {
    const memtrack_stack *stack;
    struct mt_source *source; /* NULL: without lines of source */
    FILE *stream;
    bool failed;
};

static void print_visible(struct printer *p, const char *before, const char *text,
                          const char *after) {
    char *visible = mt_format_visible(text, true);
    p->failed |= !visible || fprintf(p->stream, "%s%s%s", before, visible, after) < 0;
    free(visible);
}

/* The line is marked when the file was edited after the program was built, as in a report. */
static void print_source(struct printer *p, const struct mt_row_frame *frame) {
    const struct mt_profile *model = mt_analyze_model(p->stack->profile);
    const char *file = mt_profile_text(model, frame->file),
               *module = mt_profile_text(model, frame->module);
    char *line = mt_source_line(p->source, file, frame->line);
    uint64_t built_ns = mt_source_built_ns(model->info.start_time_ns, module);
    if (line && *line)
        print_visible(p, "    ", line,
                      mt_source_is_newer(p->source, file, built_ns) ? " [changed since]\n" : "\n");
    free(line);
}

static void print_frame(struct printer *p, size_t i) {
    const struct mt_profile *model = mt_analyze_model(p->stack->profile);
    const struct mt_row_frame *frame = &p->stack->frames[i];
    const char *function =
        frame->file && frame->line ? mt_profile_text(model, frame->function) : "";
    print_visible(p, "  ", p->stack->names[i], *function ? "" : "\n");
    if (*function)
        print_visible(p, "  ", function, frame->is_inlined ? " (inlined)\n" : "\n");
    if (p->source && frame->file)
        print_source(p, frame);
}

static void print_frames(struct printer *p, int limit, bool outermost_first) {
    size_t n = p->stack->n, most = limit > 0   ? (size_t)limit
                                   : limit < 0 ? (size_t) - (int64_t)limit
                                               : n;
    size_t count = most < n ? most : n, first = limit < 0 ? n - count : 0;
    uint32_t missing = p->stack->total > n ? (uint32_t)(p->stack->total - n) : 0;
    char end[MT_ROWS_MISSING_BYTES];
    mt_rows_missing_text(end, missing, "…");
    bool shows_end = p->stack->truncated && (limit <= 0 || count == n);
    if (shows_end && outermost_first)
        fprintf(p->stream, "  %s\n", end);
    for (size_t i = 0; i < count; i++)
        print_frame(p, outermost_first ? first + count - 1 - i : first + i);
    if (shows_end && !outermost_first)
        fprintf(p->stream, "  %s\n", end);
}

char *memtrack_stack_format(const memtrack_stack *stack, int limit, int flags) {
    MT_ANALYZE_PAUSED;
    if (!stack) {
        mt_analyze_error_null(__func__);
        return NULL;
    }
    const struct mt_profile *model = mt_analyze_model(stack->profile);
    struct printer p = {.stack = stack};
    char *text = NULL;
    size_t bytes;
    mt_analyze_error();
    if (flags & MEMTRACK_FORMAT_SOURCE) {
        p.source = mt_source_new(mt_profile_text(model, model->info.cwd));
        p.failed = !p.source;
    }
    p.stream = open_memstream(&text, &bytes);
    if (p.stream) {
        print_frames(&p, limit, (flags & MEMTRACK_FORMAT_OUTERMOST_FIRST) != 0);
        p.failed |= ferror(p.stream) != 0;
        p.failed |= fclose(p.stream) != 0;
    }
    mt_source_free(p.source);
    if (p.stream && !p.failed)
        return text;
    free(text);
    mt_analyze_error_no_memory();
    return NULL;
}

/* Prints " (+512 B)", " (-3)" or " (+0 B)". */
static void print_change(FILE *stream, int64_t change, bool is_size) {
    char buffer[MT_FORMAT_BYTES];
    is_size ? mt_format_size(buffer, change, false) : mt_format_count(buffer, change);
    fprintf(stream, " (%s%s)", change >= 0 ? "+" : "", buffer);
}

/* Chooses the two columns that are printed for the one that the rows are sorted by, and returns
 * whether their quotient means anything. */
static bool choose_columns(enum mt_value sort, enum mt_value *bytes, enum mt_value *blocks) {
    if (sort == MT_VALUE_TEMPORARY_BLOCKS)
        sort = MT_VALUE_TOTAL_BYTES;
    bool by_blocks = sort == MT_VALUE_TOTAL_BLOCKS || sort == MT_VALUE_LIVE_BLOCKS ||
                     sort == MT_VALUE_PEAK_BLOCKS;
    *bytes = by_blocks ? mt_diff_companion(sort) : sort;
    *blocks = by_blocks ? sort : mt_diff_companion(sort);
    return sort != MT_VALUE_MAX_BYTES && sort != MT_VALUE_WASTE_BYTES;
}

char *mt_analyze_stack_line(const char *key, enum mt_value sort, const int64_t value[MT_N_VALUES],
                            const int64_t diff[MT_N_VALUES]) {
    enum mt_value bytes, blocks;
    bool has_average = choose_columns(sort, &bytes, &blocks);
    char *text = NULL, buffer[MT_FORMAT_BYTES], *visible = mt_format_visible(key, true);
    size_t length;
    FILE *stream = visible ? open_memstream(&text, &length) : NULL;
    if (stream) {
        fprintf(stream, "%s: size=%s", visible, mt_format_size(buffer, value[bytes], false));
        if (diff)
            print_change(stream, diff[bytes], true);
        fprintf(stream, ", count=%s", mt_format_count(buffer, value[blocks]));
        if (diff)
            print_change(stream, diff[blocks], false);
        if (has_average && value[blocks] > 0)
            fprintf(stream, ", average=%s",
                    mt_format_size(buffer, value[bytes] / value[blocks], false));
        if (fclose(stream) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(visible);
    return text;
}
