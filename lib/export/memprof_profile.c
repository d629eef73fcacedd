/* SPDX-License-Identifier: MIT */
/*
 * LLVM's memory profile as YAML, which `llvm-profdata merge --memprof-version=4` indexes for
 * compilers ("MemProf: Memory Profiling for LLVM" in its documentation):
 *
 *   HeapProfileRecords:
 *     - GUID: "parse"                        the function that allocates
 *       AllocSites:
 *         - Callstack:
 *             - { Function: "parse", LineOffset: 4, Column: 0, IsInlineFrame: false }
 *             - { Function: "main", LineOffset: 2, Column: 0, IsInlineFrame: false }
 *           MemInfoBlock:
 *             AllocCount: 12
 *             TotalSize: 4096
 *       CallSites: []
 *
 * Functions are named as in the symbol table, lines counted from the function's own, and columns are
 * not known. A compiler calls memory cold that lives long and is seldom read. Reads are not recorded,
 * and where they are missing they count as none; so lifetimes are left out as well, and no compiler
 * takes a hint from what nobody has measured.
 *
 * An allocation is in the record of its innermost function alone, so that records add up. Compilers
 * match whole call paths, so these are what the samples of the rows have with their wrappers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "export/stacks.h"
#include "view/rows/identity.h"

enum { OFFSET_MASK = 0xffff }; /* as LLVM has it, which counts blocks in 32 bits */

struct record {
    char *name;           /* of the function, in quotes */
    uint32_t first, last; /* rows, + 1 */
};

struct writer {
    FILE *stream;
    const struct mt_rows *rows;
    size_t n; /* rows */
    struct mt_stacks stacks;
    char **names; /* of each frame, in quotes, once it has been made */
    struct mt_identities ids;
    struct record *records;
    size_t n_records, capacity;
    uint32_t *next; /* of each row: the next one of its record, + 1 */
};

static const struct mt_function *function_of(const struct writer *w,
                                             const struct mt_row_frame *frame) {
    return frame->function_index ? &mt_rows_profile(w->rows)->functions[frame->function_index - 1]
                                 : NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* What begins with a digit is read as a number. */
static char *name_of(const struct writer *w, const struct mt_row_frame *frame) {
    const struct mt_function *function = function_of(w, frame);
    const char *symbol =
        function ? mt_profile_text(mt_rows_profile(w->rows), function->system_name) : "";
    char *name = *symbol ? strdup(symbol) : mt_stacks_function(&w->stacks, frame), *marked = NULL;
    if (!name || *name < '0' || *name > '9')
        return name;
    int n = asprintf(&marked, "_%s", name);
    free(name);
    return n < 0 ? NULL : marked;
}

/* YAML has the strings of JSON. */
static char *make_quoted(const struct writer *w, const struct mt_row_frame *frame) {
    char *name = name_of(w, frame);
    json_t *text = name ? mt_json_text(name) : NULL;
    char *quoted = text ? json_dumps(text, MT_JSON_FLAGS | JSON_ENCODE_ANY) : NULL;
    json_decref(text);
    free(name);
    return quoted;
}

/* Returns NULL when out of memory. */
static const char *quoted_name(struct writer *w, const struct mt_row_frame *frame) {
    char **name = &w->names[frame->id];
    if (!*name)
        *name = make_quoted(w, frame);
    return *name;
}

/* ---- call paths ------------------------------------------------------------------------------ */

/* Returns whether a compiler sees a call of it as the allocation: a path begins with who calls. */
static bool is_allocation(const struct writer *w, const struct mt_row_frame *frame) {
    static const char *const names[] = {"malloc",   "calloc", "realloc", "reallocarray",
                                        "memalign", "valloc", "pvalloc", "aligned_alloc"};
    const struct mt_function *function = function_of(w, frame);
    const char *symbol =
        function ? mt_profile_text(mt_rows_profile(w->rows), function->system_name) : "";
    bool is = strncmp(symbol, "_Znw", 4) == 0 || strncmp(symbol, "_Zna", 4) == 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && !is; i++)
        is = strcmp(symbol, names[i]) == 0;
    return is;
}

/* Reads a row's path, and returns where it begins; SIZE_MAX: out of memory. */
static size_t read_path(struct writer *w, const struct mt_row *row) {
    size_t first = 0;
    if (!mt_stacks_read(&w->stacks, row))
        return SIZE_MAX;
    while (first + 1 < w->stacks.n && is_allocation(w, &w->stacks.frames[first]))
        first++;
    return first;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Returns what tells the function of a frame from others: by its symbol, as LLVM does. */
static struct mt_identity identity_of(const struct writer *w, const struct mt_row_frame *frame) {
    const struct mt_function *function = function_of(w, frame);
    return function && function->system_name
               ? (struct mt_identity){.tag = MT_ID_NAME, .a = function->system_name}
               : (struct mt_identity){.tag = MT_ID_PAIR, .a = frame->id};
}

static bool begin_record(struct writer *w, const struct mt_row_frame *frame) {
    const char *name = quoted_name(w, frame);
    if (!name || !mt_array_reserve(&w->records, &w->capacity, w->n_records + 1, sizeof *w->records))
        return false;
    struct record *record = &w->records[w->n_records];
    *record = (struct record){.name = strdup(name)};
    if (record->name)
        w->n_records++;
    return record->name != NULL;
}

static bool is_written(const struct mt_row *row) {
    return row->value[MT_VALUE_TOTAL_BYTES] >= 0 && row->value[MT_VALUE_TOTAL_BLOCKS] >= 0 &&
           (row->value[MT_VALUE_TOTAL_BYTES] || row->value[MT_VALUE_TOTAL_BLOCKS]);
}

static bool add_row(struct writer *w, uint32_t row) {
    size_t first = read_path(w, mt_rows_at(w->rows, row));
    if (first == SIZE_MAX)
        return false;
    const struct mt_row_frame *frame = &w->stacks.frames[first];
    int64_t id = mt_identity_id(&w->ids, identity_of(w, frame));
    if (id < 0 || ((size_t)id == w->n_records && !begin_record(w, frame)))
        return false;
    struct record *record = &w->records[id];
    if (record->last)
        w->next[record->last - 1] = row + 1;
    else
        record->first = row + 1;
    record->last = row + 1;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint64_t offset_of(const struct writer *w, const struct mt_row_frame *frame) {
    const struct mt_function *function = function_of(w, frame);
    int64_t start = function ? function->start_line : 0;
    return frame->line > 0 ? ((uint64_t)frame->line - (uint64_t)start) & OFFSET_MASK : 0;
}

static bool put_frame(struct writer *w, const struct mt_row_frame *frame) {
    const char *name = quoted_name(w, frame);
    if (name)
        fprintf(w->stream,
                "          - { Function: %s, LineOffset: %" PRIu64
                ", Column: 0, IsInlineFrame: %s }\n",
                name, offset_of(w, frame), frame->is_inlined ? "true" : "false");
    return name != NULL;
}

static bool put_site(struct writer *w, const struct mt_row *row) {
    size_t first = read_path(w, row);
    bool done = first != SIZE_MAX;
    fputs("      - Callstack:\n", w->stream);
    for (size_t i = first; done && i < w->stacks.n; i++)
        done = put_frame(w, &w->stacks.frames[i]);
    fprintf(w->stream,
            "        MemInfoBlock:\n"
            "          AllocCount: %" PRId64 "\n          TotalSize: %" PRId64 "\n",
            row->value[MT_VALUE_TOTAL_BLOCKS] < UINT32_MAX ? row->value[MT_VALUE_TOTAL_BLOCKS]
                                                           : UINT32_MAX,
            row->value[MT_VALUE_TOTAL_BYTES]);
    return done;
}

static bool put_record(struct writer *w, const struct record *record) {
    bool done = true;
    fprintf(w->stream, "  - GUID: %s\n    AllocSites:\n", record->name);
    for (uint32_t row = record->first; row && done; row = w->next[row - 1])
        done = put_site(w, mt_rows_at(w->rows, row - 1));
    fputs("    CallSites: []\n", w->stream);
    return done;
}

static bool put_records(struct writer *w) {
    bool done = w->names && w->next;
    for (size_t i = 0; done && i < w->n; i++)
        if (is_written(mt_rows_at(w->rows, i)))
            done = add_row(w, (uint32_t)i);
    fputs("---\nHeapProfileRecords:", w->stream);
    fputs(w->n_records ? "\n" : " []\n", w->stream);
    for (size_t i = 0; done && i < w->n_records; i++)
        done = put_record(w, &w->records[i]);
    fputs("...\n", w->stream);
    return done;
}

static void free_writer(struct writer *w) {
    for (size_t i = 0; w->names && i < w->stacks.n_ids; i++)
        free(w->names[i]);
    for (size_t i = 0; i < w->n_records; i++)
        free(w->records[i].name);
    free(w->names);
    free(w->records);
    free(w->next);
    mt_identity_free(&w->ids);
    mt_stacks_free(&w->stacks);
}

/* Returns 1 for each sample that is in a row that is written. malloc'ed; NULL: out of memory. */
static uint32_t *written_samples(const struct mt_export_profile *profile) {
    size_t n_samples, n_rows = mt_export_profile_rows(profile);
    const uint32_t *row_of = mt_rows_of_samples(profile->rows, &n_samples);
    uint32_t *is_written = calloc(n_samples + 1, sizeof *is_written);
    for (size_t i = 0; is_written && i < n_samples; i++)
        is_written[i] = row_of[i] < n_rows;
    return is_written;
}

static int write_paths(FILE *stream, const struct mt_rows *rows, struct mt_error *error) {
    struct writer w = {.stream = stream, .rows = rows, .n = mt_rows_count(rows)};
    mt_stacks_init(&w.stacks, rows);
    w.names = calloc(w.stacks.n_ids, sizeof *w.names);
    w.next = calloc(w.n + 1, sizeof *w.next);
    bool done = put_records(&w);
    free_writer(&w);
    return mt_export_finish(stream, done, error);
}

int mt_memprof_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    if (!mt_rows_has(rows, MT_VALUE_TOTAL_BYTES))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Choose another format.",
                            "memprof is about all that was allocated, and this profile does not "
                            "say how much that was");
    uint32_t *samples = written_samples(&thing->profile);
    const struct mt_view_options whole = {
        .by = MT_BY_STACK,
        .sort = MT_VALUE_TOTAL_BYTES,
        .wrappers = {.keep_all = true},
        .among = samples,
        .among_value = 1,
    };
    struct mt_rows *paths = NULL;
    int rc = samples ? mt_rows_build(mt_rows_profile(rows), &whole, &paths, error)
                     : mt_export_out_of_memory(error);
    if (rc == 0)
        rc = write_paths(stream, paths, error);
    mt_rows_free(paths);
    free(samples);
    return rc;
}
