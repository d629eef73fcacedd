/* SPDX-License-Identifier: MIT */
/*
 * Which files are worth their bytes? Those in which a reader will look for a line: first the files
 * whose own lines have figures, then those that called them. A profile may name a hundred thousand
 * files, and may come from a stranger, so what is read is bounded; what had no room is counted. A
 * stranger's profile must not bring a key or a list of passwords into a page either: only names
 * that look like those of sources are read, "a.c" and not "id_rsa" or ".netrc". Headers of the
 * standard library are left out: their lines are never charged.
 */
#include "view/sources/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/rows/rows-local.h"

struct collecting {
    const struct mt_profile *profile;
    struct mt_source *source;
    struct mt_sources *out;
    bool *is_known; /* by mt_string of the file */
    size_t n_known;
};

static bool is_own(const struct mt_rows *rows, const struct mt_row *row) {
    return row->file && row->entry != MT_NO_ENTRY &&
           mt_frames_can_be_charged(&rows->frames.entries[row->entry]);
}

static bool looks_like_source(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return *base && strchr(base + 1, '.') && *base != '.';
}

/* Returns how much of the text is taken: whole lines. */
static size_t cut(const char *text, size_t bytes) {
    if (bytes <= MT_SOURCES_FILE_BYTES)
        return bytes;
    const char *newline = memrchr(text, '\n', MT_SOURCES_FILE_BYTES);
    return newline ? (size_t)(newline + 1 - text) : MT_SOURCES_FILE_BYTES;
}

static int take(struct collecting *c, const char *path, const char *module) {
    struct mt_sources *out = c->out;
    size_t whole = 0;
    const char *text = looks_like_source(path) ? mt_source_text(c->source, path, &whole) : NULL;
    size_t bytes = text ? cut(text, whole) : 0;
    if (!text || out->bytes + bytes > MT_SOURCES_BYTES) {
        if (text)
            out->n_left_out++;
        else
            out->n_missing++;
        return 0;
    }
    if (!mt_array_grow(&out->items, out->n, sizeof *out->items))
        return -MEMTRACK_ENOMEM;
    uint64_t built_ns = mt_source_built_ns(c->profile->info.start_time_ns, module);
    struct mt_sources_file *file = &out->items[out->n++];
    *file = (struct mt_sources_file){.path = strdup(path),
                                     .text = strndup(text, bytes),
                                     .bytes = bytes,
                                     .is_newer = mt_source_is_newer(c->source, path, built_ns),
                                     .is_cut = bytes < whole};
    out->bytes += bytes;
    return file->path && file->text ? 0 : -MEMTRACK_ENOMEM;
}

static int take_all(struct collecting *c, const struct mt_rows *rows) {
    int status = 0;
    for (size_t i = 0; i < mt_rows_count(rows) && status == 0; i++) {
        const struct mt_row *row = mt_rows_at(rows, i);
        if (!is_own(rows, row))
            continue;
        if (!mt_array_reserve_zeroed(&c->is_known, &c->n_known, (size_t)row->file + 1,
                                     sizeof *c->is_known))
            return -MEMTRACK_ENOMEM;
        if (!c->is_known[row->file])
            status = take(c, mt_profile_text(c->profile, row->file),
                          mt_profile_text(c->profile, row->module));
        c->is_known[row->file] = true;
    }
    return status;
}

int mt_sources_collect(const struct mt_profile *profile, const struct mt_view_options *options,
                       struct mt_source *source, struct mt_sources *out, struct mt_error *error) {
    struct collecting c = {.profile = profile, .source = source, .out = out};
    int status = 0;
    *out = (struct mt_sources){0};
    for (int cumulative = 0; cumulative < 2 && status == 0; cumulative++) {
        struct mt_view_options view = *options;
        struct mt_rows *rows;
        view.by = MT_BY_FILE;
        view.cumulative = cumulative;
        view.keeps_samples = false;
        status = mt_rows_build(profile, &view, &rows, error);
        if (status == 0 && (status = take_all(&c, rows)) < 0)
            mt_error_set(error, MEMTRACK_ENOMEM, "Close other programs.",
                         "out of memory while reading sources");
        mt_rows_free(rows);
    }
    free(c.is_known);
    return status;
}

void mt_sources_free(struct mt_sources *sources) {
    for (size_t i = 0; i < sources->n; i++) {
        free(sources->items[i].path);
        free(sources->items[i].text);
    }
    free(sources->items);
    *sources = (struct mt_sources){0};
}

const char *mt_sources_note(const struct mt_sources_file *file) {
    if (file->is_newer && file->is_cut)
        return "Changed since the program was built; the end is left out.";
    if (file->is_newer)
        return "Changed since the program was built.";
    return file->is_cut ? "The end is left out." : "";
}
