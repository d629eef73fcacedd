/* SPDX-License-Identifier: MIT */
/*
 * Call paths as lines of text, for flame graphs: "main;parse;alloc 4096", the outermost frame
 * first. The format has no escapes: in a name a semicolon would end the frame, a line break the
 * path, and other control characters reach a terminal when people look at it. So they are spelt
 * out, ";" as "\x3b", as control characters are everywhere (view/format/format.h).
 *
 * Of a difference of two profiles a line has two figures, before and after: "main;parse 4096 8192",
 * which is what difffolded.pl writes for flamegraph.pl.
 *
 * Paths that differ in lines alone are lines of their own with the same text; what reads the format
 * adds them up. A path that has nothing in this column is left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "export/export-local.h"
#include "export/stacks.h"
#include "view/format/format.h"

struct writer {
    FILE *stream;
    struct mt_stacks stacks;
    char **names; /* of each frame, once it has been made */
};

static char *escape_semicolons(const char *text) {
    char *escaped = NULL;
    size_t bytes;
    FILE *out = open_memstream(&escaped, &bytes);
    for (; out && *text; text++)
        if (*text == ';')
            fputs("\\x3b", out);
        else
            putc(*text, out);
    return out && fclose(out) == 0 ? escaped : NULL;
}

static char *make_name(const struct mt_stacks *stacks, const struct mt_row_frame *frame) {
    char *raw = mt_stacks_function(stacks, frame);
    char *visible = raw ? mt_format_visible(raw, true) : NULL;
    char *name = visible ? escape_semicolons(visible) : NULL;
    free(raw);
    free(visible);
    return name;
}

static bool put_frame(struct writer *w, const struct mt_row_frame *frame) {
    char **name = &w->names[frame->id];
    if (!*name)
        *name = make_name(&w->stacks, frame);
    if (*name)
        fputs(*name, w->stream);
    return *name != NULL;
}

static bool put_row(struct writer *w, const struct mt_row *row) {
    bool done = mt_stacks_read(&w->stacks, row);
    for (size_t i = w->stacks.n; done && i-- > 0;) {
        done = put_frame(w, &w->stacks.frames[i]);
        putc(i ? ';' : ' ', w->stream);
    }
    return done;
}

/* Returns what each row was before, with its sign turned; NULL: out of memory. Nothing unless the
 * profile is a difference: *is_difference. */
static int64_t *base_of_rows(const struct mt_rows *rows, enum mt_value column,
                             bool *is_difference) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    int64_t *base = calloc(mt_rows_count(rows) + 1, sizeof *base);
    size_t n;
    const uint32_t *row_of = mt_rows_of_samples(rows, &n);
    *is_difference = false;
    for (size_t i = 0; base && i < n; i++) {
        *is_difference |= profile->samples[i].is_base;
        if (profile->samples[i].is_base && row_of[i] != UINT32_MAX)
            mt_saturate_add(&base[row_of[i]], profile->samples[i].value[column]);
    }
    return base;
}

static bool put_rows(struct writer *w, size_t n, enum mt_value column) {
    bool is_difference, done = true;
    int64_t *base = base_of_rows(w->stacks.rows, column, &is_difference);
    for (size_t i = 0; base && i < n && done; i++) {
        const struct mt_row *row = mt_rows_at(w->stacks.rows, i);
        int64_t value = row->value[column];
        if (!value && !base[i])
            continue;
        done = put_row(w, row);
        if (is_difference)
            fprintf(w->stream, "%" PRId64 " ", mt_saturate_difference(0, base[i]));
        fprintf(w->stream, "%" PRId64 "\n", mt_saturate_difference(value, base[i]));
    }
    free(base);
    return base && done;
}

static void free_writer(struct writer *w) {
    for (size_t i = 0; w->names && i < w->stacks.n_ids; i++)
        free(w->names[i]);
    free(w->names);
    mt_stacks_free(&w->stacks);
}

int mt_collapsed_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    size_t n = mt_export_profile_rows(&thing->profile);
    enum mt_value column = mt_export_profile_column(&thing->profile);
    struct writer w = {.stream = stream};
    mt_stacks_init(&w.stacks, rows);
    w.names = calloc(w.stacks.n_ids, sizeof *w.names);
    bool done = w.names && put_rows(&w, n, column);
    free_writer(&w);
    return mt_export_finish(stream, done, error);
}
