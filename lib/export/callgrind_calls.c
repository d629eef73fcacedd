/* SPDX-License-Identifier: MIT */
/*
 * Calls of functions that are scopes in callgrind's format: each function with what it took by
 * itself, and below it what the functions that it called took, and how often it called them.
 *
 *   fl=(1) a.c
 *   fn=(1) main
 *   12 1200 4096 1             own time in ns, allocated bytes and blocks
 *   cfi=(2) b.c
 *   cfn=(2) parse
 *   calls=3 40
 *   12 90300 51200 12          what parse took when main called it
 *
 * All of a function stands at the line where it begins: hooks do not tell from which line a
 * function was called.
 *
 * The time of a recursive call is in that of the outermost one, and not once more in that of its
 * own: readers see cycles of such functions, as they do in callgrind's files.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/saturate.h"
#include "export/export-local.h"
#include "export/title.h"
#include "profile/places.h"
#include "profile/strings.h"
#include "view/format/format.h"
#include "view/scopes/arcs.h"

static const enum mt_call_value events[] = {MT_CALL_DURATION_NS, MT_CALL_ALLOCATED_BYTES,
                                            MT_CALL_ALLOCATED_BLOCKS};
static const char *const event_names[] = {"Time_ns", "Allocated_bytes", "Allocated_blocks"};
enum { N_EVENTS = sizeof events / sizeof *events };

struct writer {
    FILE *stream;
    const struct mt_profile *profile;
    struct mt_place *places;
    /* Of each string: its number and text were written, as a function's and as a file's. */
    bool *is_named, *is_file_named;
};

static void put_values(const struct writer *w, const int64_t value[MT_N_CALL_VALUES]) {
    for (size_t i = 0; i < N_EVENTS; i++)
        fprintf(w->stream, " %" PRId64, value[events[i]] > 0 ? value[events[i]] : 0);
    putc('\n', w->stream);
}

static bool put_numbered(struct writer *w, const char *key, mt_string name, bool *is_known) {
    fprintf(w->stream, "%s=(%" PRIu32 ")", key, name);
    bool done = true;
    if (!is_known[name]) {
        const char *raw = mt_profile_text(w->profile, name);
        char *text = mt_format_visible(*raw ? raw : "???", true);
        done = text != NULL;
        fprintf(w->stream, " %s", done ? text : "");
        free(text);
        is_known[name] = true;
    }
    putc('\n', w->stream);
    return done;
}

/* Writes file and name of a function that is called, or that costs follow of. */
static bool put_name(struct writer *w, const char *file_key, const char *key, mt_string name) {
    return put_numbered(w, file_key, w->places[name].file, w->is_file_named) &&
           put_numbered(w, key, name, w->is_named);
}

/* Writes what called and callees say of a function. Nothing but its callers says what it took by
 * itself. */
static bool put_function(struct writer *w, const struct mt_scopes_arc *callers, size_t n_callers,
                         const struct mt_scopes_arcs *callees) {
    int64_t own[MT_N_CALL_VALUES] = {0};
    size_t n;
    const struct mt_scopes_arc *callee = mt_scopes_arcs_of(callees, callers->function, &n);
    for (size_t i = 0; i < n_callers; i++)
        for (size_t v = 0; v < MT_N_CALL_VALUES; v++)
            mt_saturate_add(&own[v], callers[i].own[v]);
    putc('\n', w->stream);
    bool done = put_name(w, "fl", "fn", callers->function);
    fprintf(w->stream, "%" PRIu32, w->places[callers->function].line);
    put_values(w, own);
    for (size_t i = 0; done && i < n; i++) {
        done = put_name(w, "cfi", "cfn", callee[i].other);
        fprintf(w->stream, "calls=%" PRIu64 " %" PRIu32 "\n%" PRIu32, callee[i].count,
                w->places[callee[i].other].line, w->places[callers->function].line);
        put_values(w, callee[i].sum);
    }
    return done;
}

static void put_sums(const struct writer *w, const char *key, const struct mt_scopes_arcs *arcs) {
    int64_t sum[MT_N_CALL_VALUES] = {0};
    for (size_t i = 0; i < arcs->n; i++)
        for (size_t v = 0; v < MT_N_CALL_VALUES; v++)
            mt_saturate_add(&sum[v], arcs->items[i].own[v]);
    fputs(key, w->stream);
    put_values(w, sum);
}

static bool put_head(const struct writer *w, const struct mt_scopes_arcs *callers) {
    char *raw = mt_title_command(w->profile), *command = raw ? mt_format_visible(raw, true) : NULL;
    fprintf(w->stream,
            "# callgrind format\nversion: 1\ncreator: memtrack " MEMTRACK_VERSION "\npid: %" PRIu32
            "\ncmd: %s\n%spositions: line\nevents:",
            w->profile->info.pid, command ? command : "",
            mt_profile_scopes_are_estimates(&w->profile->info.scopes)
                ? "desc: Estimates: " MT_SCOPES_ESTIMATED "\n"
                : "");
    for (size_t i = 0; i < N_EVENTS; i++)
        fprintf(w->stream, " %s", event_names[i]);
    putc('\n', w->stream);
    put_sums(w, "summary:", callers);
    free(raw);
    free(command);
    return command != NULL;
}

int mt_callgrind_calls(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.stream = stream, .profile = thing->calls};
    struct mt_scopes_arcs callers = {0}, callees = {0};
    w.is_named = calloc(mt_strings_count(w.profile->strings) + 1, sizeof *w.is_named);
    w.is_file_named = calloc(mt_strings_count(w.profile->strings) + 1, sizeof *w.is_file_named);
    w.places = mt_places_new(w.profile);
    bool done = w.is_named && w.is_file_named && w.places &&
                mt_scopes_arcs_build(w.profile, MT_ARCS_CALLERS, &callers, error) == 0 &&
                mt_scopes_arcs_build(w.profile, MT_ARCS_CALLEES, &callees, error) == 0 &&
                put_head(&w, &callers);
    for (size_t i = 0, n; done && i < callers.n; i += n) {
        const struct mt_scopes_arc *arcs =
            mt_scopes_arcs_of(&callers, callers.items[i].function, &n);
        done = put_function(&w, arcs, n, &callees);
    }
    if (done) {
        putc('\n', stream);
        put_sums(&w, "totals:", &callers);
    }
    mt_scopes_arcs_free(&callers);
    mt_scopes_arcs_free(&callees);
    free(w.is_named);
    free(w.is_file_named);
    free(w.places);
    return mt_export_finish(stream, done, error);
}
