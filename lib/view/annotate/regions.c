/* SPDX-License-Identifier: MIT */
/*
 * Lines that are shown get some others around them, and what then touches, or is but a line or two
 * apart, is one region: to say that two lines are not shown takes as much room as to show them.
 * What stands before the function of a line says nothing about it, and is left out. A
 * line may be beyond the end of a file that has become shorter; its figures are shown even so.
 */
#include <stdlib.h>

#include "base/array.h"
#include "view/annotate/annotate.h"

enum { SMALL_GAP = 2, BEHIND_FUNCTION = 2 };

struct regions {
    const struct mt_annotate *annotate;
    const struct mt_annotate_file *file;
    struct mt_annotate_region *items;
    size_t n;
};

static int add(struct regions *r, int64_t from, int64_t to) {
    struct mt_annotate_region *last = r->n ? &r->items[r->n - 1] : NULL;
    if (last && from - last->to <= 1 + SMALL_GAP) {
        last->to = to > last->to ? to : last->to;
        return 0;
    }
    if (!mt_array_grow(&r->items, r->n, sizeof *r->items))
        return -MEMTRACK_ENOMEM;
    r->items[r->n++] = (struct mt_annotate_region){.from = from, .to = to};
    return 0;
}

static int add_around(struct regions *r, int64_t n_text, int64_t around) {
    int status = 0;
    for (size_t i = 0; i < r->file->n_lines && status == 0; i++) {
        const struct mt_annotate_line *line = &r->annotate->lines[r->file->first_line + i];
        if (!line->is_shown)
            continue;
        int64_t first = line->function_line && around != INT64_MAX ? line->function_line : 1,
                before = line->line - first < around ? line->line - first : around,
                behind = n_text - line->line < around ? n_text - line->line : around;
        status = line->line > n_text ? add(r, line->line, line->line)
                                     : add(r, line->line - before, line->line + behind);
    }
    return status;
}

/* What was asked for in full, with the end of the function. Without the text only the lines with
 * figures. */
static int add_ranges(struct regions *r, int64_t n_text) {
    int status = 0;
    for (size_t i = 0; i < r->file->n_ranges && status == 0; i++) {
        const struct mt_annotate_range *range = &r->annotate->ranges[r->file->first_range + i];
        int64_t to = range->to < n_text - BEHIND_FUNCTION ? range->to + BEHIND_FUNCTION : n_text;
        if (range->from <= to)
            status = add(r, range->from, to);
    }
    for (size_t i = 0; i < r->file->n_lines && status == 0; i++)
        if (r->annotate->lines[r->file->first_line + i].line > n_text)
            status = add(r, r->annotate->lines[r->file->first_line + i].line,
                         r->annotate->lines[r->file->first_line + i].line);
    return status;
}

/* Both are in order. */
static void put_lines(struct regions *r) {
    size_t line = r->file->first_line, end = line + r->file->n_lines;
    for (size_t i = 0; i < r->n; i++) {
        struct mt_annotate_region *region = &r->items[i];
        while (line < end && r->annotate->lines[line].line < region->from)
            line++;
        region->first = line;
        while (line < end && r->annotate->lines[line].line <= region->to)
            line++;
        region->n = line - region->first;
    }
}

int mt_annotate_regions(const struct mt_annotate *annotate, const struct mt_annotate_file *file,
                        int64_t n_text, int64_t around, struct mt_annotate_region **out,
                        size_t *n) {
    struct regions r = {.annotate = annotate, .file = file};
    int status = file->n_ranges ? add_ranges(&r, n_text) : add_around(&r, n_text, around);
    if (status == 0)
        put_lines(&r);
    if (status < 0) {
        free(r.items);
        r = (struct regions){0};
    }
    *out = r.items;
    *n = r.n;
    return status;
}
