/* SPDX-License-Identifier: MIT */
/*
 * A difference as Markdown, for a comment on a change: the figure that rows are sorted by in the
 * heading, a table of totals, and one of the rows that differ in that figure, largest change first.
 * What is not shown is summed up in a row, so that the changes add up to the total.
 */
#include <stdlib.h>
#include <string.h>

#include "export/export-local.h"
#include "export/markdown-local.h"
#include "view/compare/diff.h"
#include "view/format/format.h"
#include "view/worktree.h"

enum cell { CHANGE, OLD, NEW };

static const char *put_value(char text[MT_FORMAT_BYTES], const struct mt_diff_row *row,
                             enum mt_value value, enum cell cell) {
    bool is_bytes = mt_sort_is_bytes(value);
    if (cell == CHANGE)
        return is_bytes ? mt_format_size_change(text, row->diff[value], false)
                        : mt_format_count_change(text, row->diff[value]);
    int64_t number = row->value[cell == OLD ? MT_OLD : MT_NEW][value];
    return is_bytes ? mt_format_size(text, number, false) : mt_format_count(text, number);
}

/* ---- heading and totals ---------------------------------------------------------------------- */

static bool put_heading(FILE *out, const struct mt_export *thing) {
    const struct mt_diff *diff = thing->diff.diff;
    const struct mt_diff_row *sum = mt_diff_passed(diff);
    enum mt_value sort = mt_diff_sort(diff);
    char change[MT_FORMAT_BYTES], old[MT_FORMAT_BYTES], new[MT_FORMAT_BYTES];
    fprintf(out, "### memtrack diff: %s %s (%s → %s)\n\n", mt_sort_name(sort),
            put_value(change, sum, sort, CHANGE), put_value(old, sum, sort, OLD),
            put_value(new, sum, sort, NEW));
    bool done = mt_markdown_put_code(out, thing->diff.names[MT_OLD]) && fputs(" → ", out) != EOF &&
                mt_markdown_put_code(out, thing->diff.names[MT_NEW]);
    fputs("\n\n", out);
    return done;
}

static void put_totals(FILE *out, const struct mt_diff *diff) {
    static const enum mt_value shown[] = {MT_VALUE_LIVE_BYTES,  MT_VALUE_LIVE_BLOCKS,
                                          MT_VALUE_PEAK_BYTES,  MT_VALUE_PEAK_BLOCKS,
                                          MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS};
    static const char *const names[] = {"live",           "live blocks", "peak",
                                        "blocks at peak", "total",       "total blocks"};
    const struct mt_diff_row *sum = mt_diff_passed(diff);
    fputs("| | old | new | change |\n| --- | ---: | ---: | ---: |\n", out);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        char old[MT_FORMAT_BYTES], new[MT_FORMAT_BYTES], change[MT_FORMAT_BYTES];
        if (mt_diff_has(diff, shown[i]))
            fprintf(out, "| %s | %s | %s | %s |\n", names[i], put_value(old, sum, shown[i], OLD),
                    put_value(new, sum, shown[i], NEW), put_value(change, sum, shown[i], CHANGE));
    }
    fputc('\n', out);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_figures(FILE *out, const struct mt_diff *diff, const struct mt_diff_row *row) {
    enum mt_value sort = mt_diff_sort(diff);
    char change[MT_FORMAT_BYTES], old[MT_FORMAT_BYTES], new[MT_FORMAT_BYTES],
        other[MT_FORMAT_BYTES];
    fprintf(out, "| %s | %s | %s | %s | ", put_value(change, row, sort, CHANGE),
            put_value(old, row, sort, OLD), put_value(new, row, sort, NEW),
            put_value(other, row, mt_diff_companion(sort), CHANGE));
}

/* Returns "src/a.c:12 parse" for a line, named from the root of the working tree, and else the key.
 * malloc'ed; NULL when out of memory. */
static char *name_of(const struct mt_diff *diff, const struct mt_diff_row *row, const char *root) {
    enum mt_side side = mt_diff_named_by(row);
    const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff, side));
    const struct mt_row *named = row->row[side];
    const char *file = mt_profile_text(profile, named->file), *function;
    size_t n = mt_format_qualified_name(mt_profile_text(profile, named->function), &function);
    if (mt_diff_by(diff) != MT_BY_LINE || !*file || named->line <= 0)
        return mt_diff_key(diff, row);
    char *relative = mt_worktree_relative(root, file), *name;
    if (asprintf(&name, "%s:%lld%s%.*s", relative ? relative : file, (long long)named->line,
                 n ? " " : "", (int)n, function) < 0)
        name = NULL;
    free(relative);
    return name;
}

static bool put_row(FILE *out, const struct mt_diff *diff, const struct mt_diff_row *row,
                    const char *root) {
    static const char *const states[] = {
        [MT_DIFF_BOTH] = "", [MT_DIFF_NEW] = " new", [MT_DIFF_VANISHED] = " gone"};
    char *name = name_of(diff, row, root);
    put_figures(out, diff, row);
    bool done = name && mt_markdown_put_code_cell(out, name);
    fprintf(out, "%s |\n", states[row->state]);
    free(name);
    return done;
}

/* Returns how many rows differ; those that do come first. */
static size_t count_differing(const struct mt_diff *diff) {
    size_t n = 0;
    while (n < mt_diff_count(diff) && mt_diff_at(diff, n)->diff[mt_diff_sort(diff)] != 0)
        n++;
    return n;
}

static bool put_rows(FILE *out, const struct mt_export *thing, const char *root) {
    const struct mt_diff *diff = thing->diff.diff;
    size_t n = count_differing(diff), last = mt_export_shown(thing->diff.n, n);
    bool done = true;
    if (n == 0)
        return fprintf(out, "No row differs in %s.\n", mt_sort_name(mt_diff_sort(diff))) > 0;
    fprintf(out, "| change | old | new | %s | %s |\n| ---: | ---: | ---: | ---: | --- |\n",
            mt_sort_is_bytes(mt_diff_sort(diff)) ? "blocks" : "bytes",
            mt_group_by_name(mt_diff_by(diff)));
    for (size_t i = 0; i < last && done; i++)
        done = put_row(out, diff, mt_diff_at(diff, i), root);
    if (last < n) {
        struct mt_diff_row rest;
        mt_diff_sum_from(diff, last, &rest);
        put_figures(out, diff, &rest);
        fprintf(out, "%zu more |\n", n - last);
    }
    if (!mt_diff_is_cumulative(diff)) {
        put_figures(out, diff, mt_diff_passed(diff));
        fputs("total |\n", out);
    }
    return done;
}

static bool put_notes(FILE *out, const struct mt_diff *diff) {
    bool done = true;
    if (mt_diff_is_sampled(diff))
        fputs("\n- Figures are estimates: a side is sampled.\n", out);
    for (size_t i = 0; done && mt_diff_note(diff, i); i++) {
        fputs("\n- ", out);
        done = mt_markdown_put(out, mt_diff_note(diff, i));
        fputc('\n', out);
    }
    return done;
}

int mt_markdown_diff(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_diff *diff = thing->diff.diff;
    char *root = mt_worktree_find();
    bool done = put_heading(stream, thing);
    put_totals(stream, diff);
    done = done && put_rows(stream, thing, root) && put_notes(stream, diff);
    free(root);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing Markdown");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write Markdown: %m") : 0;
}
