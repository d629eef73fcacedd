/* SPDX-License-Identifier: MIT */
/*
 * The text that gperftools writes heap profiles in, for google-pprof, jeprof and go pprof:
 *
 *   heap profile:  3: 300 [10: 1000] @ heapprofile
 *     1:  100 [4: 400] @ 0x401136 0x401210
 *
 *   MAPPED_LIBRARIES:
 *   00400000-00500000 r-xp 00000000 00:00 0 /usr/bin/x
 *
 * Live blocks and bytes, and in brackets those allocated. Figures are exact, or scaled already when
 * the recording was sampled: "heapprofile" has its readers leave them as they are, while "heap_v2/N"
 * would have them scaled once more.
 *
 * A path is addresses, its readers look up the names. They take all but the first for return
 * addresses, and differ about the first, so that is the last byte of its call: with one subtracted
 * or without it lies in the instruction. Inlined frames come from the debug information of the
 * program; a path that begins in one begins with the function that it is inlined in.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/saturate.h"
#include "export/export-local.h"
#include "export/stacks.h"
#include "view/format/format.h"
#include "view/rows/identity.h"

#define NOWHERE 1 /* the address of a path that has none: in no module */

static const enum mt_value figures[] = {MT_VALUE_LIVE_BLOCKS, MT_VALUE_LIVE_BYTES,
                                        MT_VALUE_TOTAL_BLOCKS, MT_VALUE_TOTAL_BYTES};
enum { N_FIGURES = sizeof figures / sizeof *figures };

struct writer {
    FILE *stream;
    const struct mt_export_profile *what;
    struct mt_stacks stacks;
    struct mt_identities modules; /* those that have been met */
};

static bool is_written(const struct mt_row *row) {
    bool has_any = false;
    for (size_t i = 0; i < N_FIGURES; i++) {
        if (row->value[figures[i]] < 0)
            return false; /* there is nothing below zero in the format */
        has_any |= row->value[figures[i]] != 0;
    }
    return has_any;
}

/* Bytes of no block, which other tools' profiles may have, are refused by go pprof: say one. */
static int64_t blocks_of(const int64_t value[MT_N_VALUES], enum mt_value blocks,
                         enum mt_value bytes) {
    return value[blocks] == 0 && value[bytes] ? 1 : value[blocks];
}

static void put_figures(FILE *stream, const int64_t value[MT_N_VALUES]) {
    fprintf(stream, "%6" PRId64 ": %8" PRId64 " [%6" PRId64 ": %8" PRId64 "] @",
            blocks_of(value, figures[0], figures[1]), value[figures[1]],
            blocks_of(value, figures[2], figures[3]), value[figures[3]]);
}

static uint64_t first_address(const struct mt_row_frame *frame) {
    return frame->address && !frame->is_exact ? frame->address - 1 : frame->address;
}

static uint64_t next_address(const struct mt_row_frame *frame) {
    return frame->address && frame->is_exact ? frame->address + 1 : frame->address;
}

static bool put_path(struct writer *w, const struct mt_row *row) {
    size_t n = 0;
    bool done = mt_stacks_read(&w->stacks, row);
    for (size_t i = 0; done && i < w->stacks.n; i++) {
        const struct mt_row_frame *frame = &w->stacks.frames[i];
        if (frame->is_inlined || !frame->address)
            continue;
        fprintf(w->stream, " 0x%" PRIx64, n++ ? next_address(frame) : first_address(frame));
        done = mt_identity_id(&w->modules, mt_identity_of_module(frame->module)) >= 0;
    }
    if (n == 0)
        fprintf(w->stream, " 0x%x", NOWHERE);
    putc('\n', w->stream);
    return done;
}

static bool put_rows(struct writer *w) {
    size_t n = mt_export_profile_rows(w->what);
    bool done = true;
    for (size_t i = 0; done && i < n; i++) {
        const struct mt_row *row = mt_rows_at(w->what->rows, i);
        if (!is_written(row))
            continue;
        put_figures(w->stream, row->value);
        done = put_path(w, row);
    }
    return done;
}

static void put_head(struct writer *w) {
    int64_t sum[MT_N_VALUES] = {0};
    for (size_t i = 0; i < mt_export_profile_rows(w->what); i++)
        for (size_t f = 0; f < N_FIGURES; f++)
            if (is_written(mt_rows_at(w->what->rows, i)))
                mt_saturate_add(&sum[figures[f]], mt_rows_at(w->what->rows, i)->value[figures[f]]);
    fputs("heap profile: ", w->stream);
    put_figures(w->stream, sum);
    fputs(" heapprofile\n", w->stream);
}

static bool put_mapping(struct writer *w, const struct mt_mapping *mapping) {
    size_t before = w->modules.n;
    int64_t id = mt_identity_id(&w->modules, mt_identity_of_module(mapping->path));
    if (id < 0 || (size_t)id >= before || !mapping->path)
        return id >= 0; /* no path leads through it */
    char *path =
        mt_format_visible(mt_profile_text(mt_rows_profile(w->what->rows), mapping->path), true);
    if (path)
        fprintf(w->stream, "%08" PRIx64 "-%08" PRIx64 " r-xp %08" PRIx64 " 00:00 0 %s\n",
                mapping->start, mapping->limit, mapping->offset, path);
    free(path);
    return path != NULL;
}

static bool put_mappings(struct writer *w) {
    const struct mt_profile *profile = mt_rows_profile(w->what->rows);
    bool done = true;
    fputs("\nMAPPED_LIBRARIES:\n", w->stream);
    for (size_t i = 0; done && i < profile->n_mappings; i++)
        done = put_mapping(w, &profile->mappings[i]);
    return done;
}

int mt_heap_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.stream = stream, .what = &thing->profile};
    mt_stacks_init(&w.stacks, thing->profile.rows);
    put_head(&w);
    bool done = put_rows(&w) && put_mappings(&w);
    mt_stacks_free(&w.stacks);
    mt_identity_free(&w.modules);
    return mt_export_finish(stream, done, error);
}
