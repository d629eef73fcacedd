/* SPDX-License-Identifier: MIT */
/*
 * callgrind's file, for KCachegrind and callgrind_annotate: lines of source with what they were
 * charged with, and calls with what was allocated in them. The column of --sort is the first event,
 * which its readers sort by.
 *
 *   fl=(1) src/a.c
 *   fn=(1) parse
 *   12 4096 0 4096 1           line 12: peak, live and total bytes, blocks
 *   cfi=(2) src/b.c            what it calls
 *   cfn=(2) intern
 *   calls=3 40                 the function goes on at its line 40
 *   14 300 0 900 3
 *
 * The format has calls and no call paths: who is behind a caller is the readers' guess.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/saturate.h"
#include "export/callgrind_costs.h"
#include "export/columns.h"
#include "export/export-local.h"
#include "export/title.h"
#include "view/format/format.h"

static const enum mt_value usual[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                      MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS};
enum { N_USUAL = sizeof usual / sizeof *usual };

struct writer {
    FILE *stream;
    const struct mt_export_profile *what;
    struct mt_callgrind_costs costs;
    enum mt_value events[N_USUAL + 1];
    size_t n_events;
    struct mt_identities files, modules; /* those that have a number by now */
    bool *is_named;                      /* of each function: its name was written */
};

/* ---- names ----------------------------------------------------------------------------------- */

static bool put_visible(FILE *stream, const char *raw) {
    char *text = mt_format_visible(raw, true);
    if (text)
        fputs(text, stream);
    free(text);
    return text != NULL;
}

/* Writes "fl=(3)", and the name behind it when it is the first time. */
static bool put_numbered(struct writer *w, const char *key, struct mt_identities *known,
                         mt_string name) {
    size_t before = known->n;
    int64_t id = mt_identity_id(known, (struct mt_identity){.tag = MT_ID_NAME, .a = name});
    if (id < 0)
        return false;
    fprintf(w->stream, "%s=(%" PRId64 ")", key, id + 1);
    bool done = true;
    if (known->n != before) {
        const char *text = mt_profile_text(mt_rows_profile(w->what->rows), name);
        putc(' ', w->stream);
        done = put_visible(w->stream, *text ? text : "???");
    }
    putc('\n', w->stream);
    return done;
}

static bool put_function_name(struct writer *w, const char *key, uint32_t function) {
    fprintf(w->stream, "%s=(%" PRIu32 ")", key, function + 1);
    bool done = true;
    if (!w->is_named[function]) {
        char *name = mt_stacks_function(&w->costs.stacks, &w->costs.functions.frames[function]);
        putc(' ', w->stream);
        done = name && put_visible(w->stream, name);
        free(name);
        w->is_named[function] = true;
    }
    putc('\n', w->stream);
    return done;
}

/* ---- costs ----------------------------------------------------------------------------------- */

static void put_values(const struct writer *w, const int64_t value[MT_N_VALUES]) {
    for (size_t i = 0; i < w->n_events; i++)
        fprintf(w->stream, " %" PRId64, value[w->events[i]]);
    putc('\n', w->stream);
}

static bool put_call(struct writer *w, const struct mt_callgrind_cost *cost) {
    const struct mt_row_frame *callee = &w->costs.functions.frames[cost->callee];
    bool done = put_numbered(w, "cob", &w->modules, callee->module) &&
                put_numbered(w, "cfi", &w->files, callee->file) &&
                put_function_name(w, "cfn", cost->callee);
    /* a call that never was would make what follows a cost of the line itself */
    fprintf(w->stream, "calls=%" PRId64 " %" PRId64 "\n", cost->calls > 0 ? cost->calls : 1,
            cost->callee_line);
    return done;
}

static bool put_function(struct writer *w, uint32_t function) {
    const struct mt_row_frame *frame = &w->costs.functions.frames[function];
    const struct mt_callgrind_cost *cost = mt_callgrind_costs_of(&w->costs, function);
    putc('\n', w->stream);
    bool done = put_numbered(w, "ob", &w->modules, frame->module) &&
                put_numbered(w, "fl", &w->files, frame->file) &&
                put_function_name(w, "fn", function);
    for (; done && cost; cost = mt_callgrind_costs_next(&w->costs, cost)) {
        done = cost->callee == MT_CALLGRIND_SELF || put_call(w, cost);
        fprintf(w->stream, "%" PRId64, cost->line);
        put_values(w, cost->value);
    }
    return done;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void choose_events(struct writer *w) {
    enum mt_value sort = mt_export_profile_column(w->what);
    w->events[w->n_events++] = sort;
    for (size_t i = 0; i < N_USUAL; i++)
        if (usual[i] != sort)
            w->events[w->n_events++] = usual[i];
}

static const char *name_of(enum mt_value value) {
    size_t i = 0;
    while (mt_export_columns[i].value != value)
        i++;
    return mt_export_columns[i].name;
}

static void put_sums(struct writer *w, const char *key) {
    int64_t sum[MT_N_VALUES] = {0};
    for (size_t i = 0; i < mt_export_profile_rows(w->what); i++)
        for (size_t v = 0; v < MT_N_VALUES; v++)
            mt_saturate_add(&sum[v], mt_rows_at(w->what->rows, i)->value[v]);
    fputs(key, w->stream);
    put_values(w, sum);
}

static bool put_head(struct writer *w) {
    const struct mt_profile *profile = mt_rows_profile(w->what->rows);
    char *command = mt_title_command(profile);
    fprintf(w->stream,
            "# callgrind format\nversion: 1\ncreator: memtrack " MEMTRACK_VERSION "\npid: %" PRIu32
            "\ncmd: ",
            profile->info.pid);
    bool done = command && put_visible(w->stream, command);
    free(command);
    fputs("\npositions: line\nevents:", w->stream);
    for (size_t i = 0; i < w->n_events; i++)
        fprintf(w->stream, " %s", name_of(w->events[i]));
    putc('\n', w->stream);
    put_sums(w, "summary:");
    return done;
}

int mt_callgrind_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.stream = stream, .what = &thing->profile};
    choose_events(&w);
    bool done = mt_callgrind_costs_init(&w.costs, w.what->rows, mt_export_profile_rows(w.what));
    if (done)
        w.is_named = calloc(w.costs.functions.n + 1, sizeof *w.is_named);
    done = w.is_named && put_head(&w);
    for (size_t i = 0; done && i < w.costs.functions.n; i++)
        done = put_function(&w, (uint32_t)i);
    putc('\n', stream);
    put_sums(&w, "totals:");
    mt_callgrind_costs_free(&w.costs);
    mt_identity_free(&w.files);
    mt_identity_free(&w.modules);
    free(w.is_named);
    return mt_export_finish(stream, done, error);
}
