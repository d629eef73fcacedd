/* SPDX-License-Identifier: MIT */
/*
 * Rows by line come in the order of what they hold. Those of the files that were chosen become
 * lines, which are sorted by file and line; a file's sums are those of its lines. When the options
 * are cumulative, lines of one file hold the same bytes several times, and the file's figures are
 * its row among rows by file instead.
 */
#include "view/annotate/annotate.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/annotate/annotate-local.h"
#include "view/rows/rows-local.h"

enum { LEAST_SHOWN = 3 };

struct building {
    struct mt_annotate *out;
    struct mt_annotate_choice choice;
    enum mt_value sort;
    size_t capacity;
};

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "Close other programs, or use --include.",
                        "out of memory while listing sources");
}

static void add(struct mt_row *sum, const struct mt_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        mt_saturate_add(&sum->value[v], row->value[v]);
        if (row->variance)
            sum->variance[v] += row->variance[v];
    }
    sum->n_sites += row->n_sites;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_in_ranges(const struct mt_annotate *out, const struct mt_annotate_chosen *chosen,
                         int64_t line) {
    for (size_t i = 0; i < chosen->n_ranges; i++) {
        const struct mt_annotate_range *range = &out->ranges[chosen->first_range + i];
        if (line >= range->from && line <= range->to)
            return true;
    }
    return chosen->n_ranges == 0;
}

static bool is_listed(const struct building *b, const struct mt_row *row) {
    const struct mt_annotate_chosen *chosen =
        row->file && row->line > 0 ? mt_annotate_choose_find(&b->choice, row->file) : NULL;
    return chosen && is_in_ranges(b->out, chosen, row->line);
}

static int compare_lines(const void *x, const void *y) {
    const struct mt_annotate_line *a = x, *b = y;
    if (a->row->file != b->row->file)
        return a->row->file < b->row->file ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* Returns where the function of a row begins, 0 when that is not known. */
static int64_t function_line(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_function *function =
        row->entry == MT_NO_ENTRY
            ? NULL
            : mt_frames_function(&rows->frames, &rows->frames.entries[row->entry]);
    return function && function->start_line > 0 && function->start_line <= row->line
               ? function->start_line
               : 0;
}

static bool is_large(const struct building *b, const struct mt_row *row,
                     const struct mt_annotate_request *request, size_t n_shown) {
    double least = request->min_share * (double)mt_rows_whole(b->out->rows, b->sort);
    int64_t value = row->value[b->sort];
    return value != 0 && (n_shown < LEAST_SHOWN || (double)mt_saturate_magnitude(value) >= least);
}

static int add_lines(struct building *b, const struct mt_annotate_request *request) {
    struct mt_annotate *out = b->out;
    size_t n_shown = 0;
    for (size_t i = 0; i < mt_rows_count(out->rows); i++) {
        const struct mt_row *row = mt_rows_at(out->rows, i);
        if (!is_listed(b, row)) {
            add(&out->elsewhere, row);
            out->n_elsewhere++;
            out->n_without_line += !row->file || row->line <= 0;
            continue;
        }
        if (!mt_array_reserve(&out->lines, &b->capacity, out->n_lines + 1, sizeof *out->lines))
            return -MEMTRACK_ENOMEM;
        bool is_shown =
            request->n == 0 || (n_shown < request->n && is_large(b, row, request, n_shown));
        n_shown += is_shown;
        out->lines[out->n_lines++] =
            (struct mt_annotate_line){.line = row->line,
                                      .function_line = function_line(out->rows, row),
                                      .row = row,
                                      .is_shown = is_shown};
    }
    if (out->n_lines)
        qsort(out->lines, out->n_lines, sizeof *out->lines, compare_lines);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static const struct mt_row *largest(const struct mt_row *x, const struct mt_row *y,
                                    enum mt_value sort) {
    return x && mt_saturate_magnitude(x->value[sort]) >= mt_saturate_magnitude(y->value[sort]) ? x
                                                                                               : y;
}

static void add_file(struct building *b, size_t first, size_t end) {
    struct mt_annotate *out = b->out;
    struct mt_annotate_file *file = &out->files[out->n_files++];
    const struct mt_row *most = NULL;
    *file = (struct mt_annotate_file){.file = out->lines[first].row->file,
                                      .first_line = first,
                                      .n_lines = end - first,
                                      .sum = {.sample = UINT32_MAX, .entry = UINT32_MAX}};
    const struct mt_annotate_chosen *chosen = mt_annotate_choose_find(&b->choice, file->file);
    file->first_range = chosen ? chosen->first_range : 0;
    file->n_ranges = chosen ? chosen->n_ranges : 0;
    file->sum.variance = file->variance;
    for (size_t i = first; i < end; i++) {
        add(&file->sum, out->lines[i].row);
        file->n_shown += out->lines[i].is_shown;
        most = largest(most, out->lines[i].row, b->sort);
    }
    file->module = most ? most->module : 0;
}

static int compare_files(const void *x, const void *y) {
    const struct mt_annotate_file *a = x, *b = y;
    return (a->file > b->file) - (a->file < b->file);
}

/* Among the first n, which are in the order of their files. */
static struct mt_annotate_file *find(const struct mt_annotate *out, size_t n, mt_string file) {
    const struct mt_annotate_file key = {.file = file};
    return n ? bsearch(&key, out->files, n, sizeof key, compare_files) : NULL;
}

/* A file that was asked for and has no figures is listed all the same. */
static void add_empty_files(struct building *b) {
    struct mt_annotate *out = b->out;
    size_t n = out->n_files;
    for (size_t i = 0; i < b->choice.n; i++) {
        const struct mt_annotate_chosen *chosen = &b->choice.files[i];
        if (!find(out, n, chosen->file))
            out->files[out->n_files++] =
                (struct mt_annotate_file){.file = chosen->file,
                                          .first_range = chosen->first_range,
                                          .n_ranges = chosen->n_ranges,
                                          .sum = {.sample = UINT32_MAX, .entry = UINT32_MAX}};
    }
    if (out->n_files)
        qsort(out->files, out->n_files, sizeof *out->files, compare_files);
}

static int find_files(struct building *b) {
    struct mt_annotate *out = b->out;
    size_t n = b->choice.n;
    for (size_t i = 0; i < out->n_lines; i++)
        n += i == 0 || out->lines[i].row->file != out->lines[i - 1].row->file;
    out->files = calloc(n + 1, sizeof *out->files);
    if (!out->files)
        return -MEMTRACK_ENOMEM;
    for (size_t first = 0, end; first < out->n_lines; first = end) {
        for (end = first + 1;
             end < out->n_lines && out->lines[end].row->file == out->lines[first].row->file;)
            end++;
        add_file(b, first, end);
    }
    add_empty_files(b);
    return 0;
}

static void replace_sum(struct mt_annotate_file *file, const struct mt_row *row) {
    memset(file->variance, 0, sizeof file->variance);
    file->sum =
        (struct mt_row){.sample = UINT32_MAX, .entry = UINT32_MAX, .variance = file->variance};
    add(&file->sum, row);
}

/* Replaces the sums of files by the figures of rows by file. */
static int sum_files(struct building *b, const struct mt_view_options *options,
                     struct mt_error *error) {
    struct mt_annotate *out = b->out;
    struct mt_view_options by_file = *options;
    struct mt_rows *rows;
    by_file.by = MT_BY_FILE;
    int status = mt_rows_build(mt_rows_profile(out->rows), &by_file, &rows, error);
    for (size_t i = 0; status == 0 && i < mt_rows_count(rows); i++) {
        const struct mt_row *row = mt_rows_at(rows, i);
        struct mt_annotate_file *file = row->file ? find(out, out->n_files, row->file) : NULL;
        if (file)
            replace_sum(file, row);
    }
    mt_rows_free(rows);
    return status;
}

/* The sort is stable by name, so that equal files do not change places between two runs. */
static int compare_sums(const void *x, const void *y, void *building) {
    const struct mt_annotate_file *a = x, *b = y;
    const struct building *by = building;
    uint64_t m = mt_saturate_magnitude(a->sum.value[by->sort]),
             n = mt_saturate_magnitude(b->sum.value[by->sort]);
    const struct mt_profile *profile = mt_rows_profile(by->out->rows);
    return m != n ? (m < n ? 1 : -1)
                  : strcmp(mt_profile_text(profile, a->file), mt_profile_text(profile, b->file));
}

static void order_files(struct building *b) {
    struct mt_annotate *out = b->out;
    if (out->n_files)
        qsort_r(out->files, out->n_files, sizeof *out->files, compare_sums, b);
    for (size_t i = 0; i < out->n_files; i++) /* they have moved */
        out->files[i].sum.variance = out->files[i].variance;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int build(struct building *b, const struct mt_view_options *options,
                 const struct mt_annotate_request *request, struct mt_error *error) {
    int status = mt_annotate_choose(request, b->out, &b->choice, error);
    if (status < 0)
        return status;
    b->out->elsewhere = (struct mt_row){
        .sample = UINT32_MAX, .entry = UINT32_MAX, .variance = b->out->elsewhere_variance};
    if (add_lines(b, request) < 0 || find_files(b) < 0)
        return out_of_memory(error);
    if (mt_annotate_scopes_find(b->out) < 0)
        return out_of_memory(error);
    if (options->cumulative)
        status = sum_files(b, options, error);
    if (status == 0)
        order_files(b);
    return status;
}

int mt_annotate_build(const struct mt_profile *profile, const struct mt_view_options *options,
                      const struct mt_annotate_request *request, struct mt_annotate *out,
                      struct mt_error *error) {
    struct mt_view_options by_line = *options;
    by_line.by = MT_BY_LINE;
    by_line.keeps_samples = !by_line.cumulative;
    *out = (struct mt_annotate){0};
    int status = mt_rows_build(profile, &by_line, &out->rows, error);
    struct building b = {.out = out, .sort = options->sort};
    if (status == 0)
        status = build(&b, options, request, error);
    free(b.choice.files);
    if (status < 0)
        mt_annotate_free(out);
    return status;
}

size_t mt_annotate_rest(const struct mt_annotate *annotate, const bool *is_seen,
                        struct mt_row *rest, double variance[MT_N_VALUES]) {
    size_t n = annotate->n_elsewhere;
    *rest = annotate->elsewhere;
    rest->variance = variance;
    memcpy(variance, annotate->elsewhere_variance, sizeof annotate->elsewhere_variance);
    for (size_t i = 0; i < annotate->n_lines; i++) {
        if (is_seen ? is_seen[i] : annotate->lines[i].is_shown)
            continue;
        add(rest, annotate->lines[i].row);
        n++;
    }
    return n;
}

void mt_annotate_free(struct mt_annotate *annotate) {
    mt_rows_free(annotate->rows);
    free(annotate->files);
    free(annotate->lines);
    free(annotate->ranges);
    free(annotate->scopes);
    free(annotate->function);
    *annotate = (struct mt_annotate){0};
}
