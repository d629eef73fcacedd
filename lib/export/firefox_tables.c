/* SPDX-License-Identifier: MIT */
/*
 * The tables are columns, one array of JSON for each, so all of them are in memory before the first
 * is written: about 100 bytes a frame, and 60 for each node of the tree that call paths make. Frames,
 * functions and paths are numbered as they are met, rows being in their order, so the output is the
 * same for the same rows.
 *
 * Lines are of frames, files of functions, as in the format; a function in two files (inlined from
 * headers) is two functions. Addresses are in the file of the module. The profiler wants those of
 * the call, not of where it returns to, so they are one byte less; a file of another tool has them
 * so already. Those that do not fit 31 bits (code that is in no file) are left out.
 */
#include "export/firefox_tables.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "export/json-local.h"

/* ---- columns --------------------------------------------------------------------------------- */

bool mt_firefox_tables_push(struct mt_firefox_column *column, int64_t value) {
    if (!mt_array_reserve(&column->items, &column->capacity, column->n + 1, sizeof *column->items))
        return false;
    column->items[column->n++] = value;
    return true;
}

void mt_firefox_tables_put_column(FILE *out, const char *name,
                                  const struct mt_firefox_column *column) {
    fprintf(out, "\"%s\":[", name);
    for (size_t i = 0; i < column->n; i++)
        fprintf(out, "%s%" PRId64, i ? "," : "", column->items[i]);
    fputc(']', out);
}

/* -1 stands for null. */
static void put_nullable(FILE *out, const char *name, const struct mt_firefox_column *column) {
    fprintf(out, "\"%s\":[", name);
    for (size_t i = 0; i < column->n; i++)
        if (column->items[i] < 0)
            fputs(i ? ",null" : "null", out);
        else
            fprintf(out, "%s%" PRId64, i ? "," : "", column->items[i]);
    fputc(']', out);
}

void mt_firefox_tables_put_same(FILE *out, const char *name, const char *value, size_t n) {
    fprintf(out, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%s", i ? "," : "", value);
    fputc(']', out);
}

/* ---- strings --------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *text) {
    uint64_t hash = 0;
    for (; *text; text++)
        hash = mt_hash_mix(hash, (unsigned char)*text);
    return hash;
}

static bool grow_slots(struct mt_firefox_strings *strings) {
    size_t n = strings->mask ? (strings->mask + 1) * 2 : 1024;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < strings->n; i++) {
        size_t at = hash_of(strings->texts[i]) & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(strings->slots);
    strings->slots = slots;
    strings->mask = n - 1;
    return true;
}

int64_t mt_firefox_tables_string(struct mt_firefox_tables *tables, const char *text) {
    struct mt_firefox_strings *strings = &tables->strings;
    if (strings->n * 2 >= strings->mask && !grow_slots(strings))
        return -1;
    size_t at = hash_of(text) & strings->mask;
    for (; strings->slots[at]; at = (at + 1) & strings->mask)
        if (strcmp(strings->texts[strings->slots[at] - 1], text) == 0)
            return strings->slots[at] - 1;
    if (strings->n >= UINT32_MAX - 1 ||
        !mt_array_reserve(&strings->texts, &strings->capacity, strings->n + 1,
                          sizeof *strings->texts) ||
        !(strings->texts[strings->n] = strdup(text)))
        return -1;
    strings->slots[at] = (uint32_t)++strings->n;
    return (int64_t)strings->n - 1;
}

/* ---- filling --------------------------------------------------------------------------------- */

static int64_t number_of(struct mt_identities *ids, uint64_t a, uint64_t b, uint64_t c) {
    return mt_identity_id(ids, (struct mt_identity){.tag = MT_ID_PAIR, .a = a, .b = b, .c = c});
}

/* Returns the row of a module, -1 for none, -2 when out of memory. */
static int64_t module_of(struct mt_firefox_tables *t, mt_string module) {
    const char *path = mt_profile_text(t->profile, module);
    if (!*path)
        return -1;
    int64_t id = number_of(&t->modules, module, 0, 0);
    if (id < 0 || (size_t)id < t->module_name.n)
        return id < 0 ? -2 : id;
    int64_t name = mt_firefox_tables_string(t, *basename(path) ? basename(path) : path);
    return name >= 0 && mt_firefox_tables_push(&t->module_name, name) &&
                   mt_firefox_tables_push(&t->module_string, module)
               ? id
               : -2;
}

/* The same for a source file. */
static int64_t file_of(struct mt_firefox_tables *t, mt_string file) {
    if (!*mt_profile_text(t->profile, file))
        return -1;
    int64_t id = number_of(&t->files, file, 0, 0);
    if (id < 0 || (size_t)id < t->file_name.n)
        return id < 0 ? -2 : id;
    int64_t name = mt_firefox_tables_string(t, mt_profile_text(t->profile, file));
    return name >= 0 && mt_firefox_tables_push(&t->file_name, name) ? id : -2;
}

/* Returns the row of a function of this name, -1 when out of memory. line: where it begins, -1: not
 * known. */
static int64_t named_function(struct mt_firefox_tables *t, const struct mt_row_frame *frame,
                              const char *text, int64_t line) {
    int64_t name = text ? mt_firefox_tables_string(t, text) : -1;
    int64_t module = module_of(t, frame->module), file = file_of(t, frame->file);
    if (name < 0 || module == -2 || file == -2)
        return -1;
    int64_t id = number_of(&t->functions, (uint64_t)name, (uint64_t)module, (uint64_t)file);
    if (id < 0 || (size_t)id < t->function_name.n)
        return id;
    return mt_firefox_tables_push(&t->function_name, name) &&
                   mt_firefox_tables_push(&t->function_module, module) &&
                   mt_firefox_tables_push(&t->function_file, file) &&
                   mt_firefox_tables_push(&t->function_line, line)
               ? id
               : -1;
}

/* Returns the row of the frame's function, -1 when out of memory. */
static int64_t function_of(struct mt_firefox_tables *t, const struct mt_row_frame *frame) {
    const struct mt_function *function =
        frame->function_index ? &t->profile->functions[frame->function_index - 1] : NULL;
    char *text = mt_stacks_function(&t->paths, frame);
    int64_t id = named_function(t, frame, text,
                                function && function->start_line > 0 ? function->start_line : -1);
    free(text);
    return id;
}

/* Returns the row of the function that stands for the frame's line. */
static int64_t function_of_line(struct mt_firefox_tables *t, const struct mt_row_frame *frame) {
    const char *file = basename(mt_profile_text(t->profile, frame->file));
    char *text = NULL;
    if (asprintf(&text, "%s:%" PRId64, file, frame->line) < 0)
        return -1;
    int64_t id = named_function(t, frame, text, frame->line);
    free(text);
    return id;
}

static int64_t address_of(const struct mt_firefox_tables *t, const struct mt_row_frame *frame) {
    uint64_t back = t->profile->info.is_memtrack && frame->module_address ? 1 : 0;
    if (!*mt_profile_text(t->profile, frame->module) || frame->module_address > INT32_MAX)
        return -1;
    return (int64_t)(frame->module_address - back);
}

static int64_t category_of(int64_t module) {
    return module >= 0 && module < MT_FIREFOX_CATEGORIES - 1 ? module + 1 : MT_FIREFOX_OTHER;
}

/* Returns the row of a new frame in this function; -1: out of memory. */
static int64_t add_frame(struct mt_firefox_tables *t, const struct mt_row_frame *frame,
                         int64_t function, int64_t depth) {
    if (function < 0 || !mt_firefox_tables_push(&t->frame_function, function) ||
        !mt_firefox_tables_push(&t->frame_line, frame->line > 0 ? frame->line : -1) ||
        !mt_firefox_tables_push(&t->frame_address, address_of(t, frame)) ||
        !mt_firefox_tables_push(&t->frame_depth, depth) ||
        !mt_firefox_tables_push(&t->frame_category,
                                category_of(t->function_module.items[function])))
        return -1;
    return (int64_t)t->frame_function.n - 1;
}

/* Returns the row of a frame, which is made when it is new; -1: out of memory. */
static int64_t frame_of(struct mt_firefox_tables *t, const struct mt_row_frame *frame,
                        int64_t depth) {
    int64_t *known = &t->frame_of_id[frame->id];
    if (*known < 0)
        *known = add_frame(t, frame, function_of(t, frame), depth);
    return *known;
}

/* The same of its line. */
static int64_t frame_of_line(struct mt_firefox_tables *t, const struct mt_row_frame *frame,
                             int64_t depth) {
    int64_t *known = &t->line_of_id[frame->id];
    if (*known < 0)
        *known = add_frame(t, frame, function_of_line(t, frame), depth + 1);
    return *known;
}

/* Returns the row of a call path that ends with the frame; -1: out of memory. */
static int64_t stack_of(struct mt_firefox_tables *t, int64_t prefix, int64_t frame) {
    int64_t id = number_of(&t->stacks, (uint64_t)prefix, (uint64_t)frame, 0);
    if (id < 0 || (size_t)id < t->stack_frame.n)
        return id;
    return mt_firefox_tables_push(&t->stack_frame, frame) &&
                   mt_firefox_tables_push(&t->stack_prefix, prefix)
               ? id
               : -1;
}

static int64_t stack_of_row(struct mt_firefox_tables *t, const struct mt_row *row) {
    int64_t stack = -1, depth = 0;
    if (!mt_stacks_read(&t->paths, row))
        return -1;
    for (size_t i = t->paths.n; i-- > 0;) {
        const struct mt_row_frame *frame = &t->paths.frames[i];
        depth = frame->is_inlined ? depth + 1 : 0;
        int64_t id = frame_of(t, frame, depth);
        stack = id < 0 ? -1 : stack_of(t, stack, id);
        if (stack < 0)
            return -1;
    }
    const struct mt_row_frame *charged = &t->paths.frames[0];
    if (!charged->file || charged->line <= 0)
        return stack;
    int64_t line = frame_of_line(t, charged, depth);
    return line < 0 ? -1 : stack_of(t, stack, line);
}

bool mt_firefox_tables_init(struct mt_firefox_tables *t, const struct mt_rows *rows, size_t n) {
    *t = (struct mt_firefox_tables){.profile = mt_rows_profile(rows)};
    mt_stacks_init(&t->paths, rows);
    t->frame_of_id = malloc((t->paths.n_ids + 1) * sizeof *t->frame_of_id);
    t->line_of_id = malloc((t->paths.n_ids + 1) * sizeof *t->line_of_id);
    t->stack_of_row = malloc((n + 1) * sizeof *t->stack_of_row);
    bool done = t->frame_of_id && t->line_of_id && t->stack_of_row;
    for (size_t i = 0; done && i < t->paths.n_ids; i++)
        t->frame_of_id[i] = t->line_of_id[i] = -1;
    for (size_t i = 0; done && i < n; i++) {
        int64_t stack = stack_of_row(t, mt_rows_at(rows, i));
        done = stack >= 0 && stack < UINT32_MAX;
        t->stack_of_row[i] = (uint32_t)stack;
    }
    return done;
}

void mt_firefox_tables_free(struct mt_firefox_tables *t) {
    struct mt_firefox_column *columns[] = {
        &t->frame_function, &t->frame_line,    &t->frame_address,   &t->frame_depth,
        &t->frame_category, &t->function_name, &t->function_module, &t->function_file,
        &t->function_line,  &t->module_name,   &t->module_string,   &t->file_name,
        &t->stack_frame,    &t->stack_prefix,
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        free(columns[i]->items);
    for (size_t i = 0; i < t->strings.n; i++)
        free(t->strings.texts[i]);
    free(t->strings.texts);
    free(t->strings.slots);
    mt_identity_free(&t->functions);
    mt_identity_free(&t->stacks);
    mt_identity_free(&t->modules);
    mt_identity_free(&t->files);
    free(t->frame_of_id);
    free(t->line_of_id);
    free(t->stack_of_row);
    mt_stacks_free(&t->paths);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool put_value(FILE *out, json_t *value) {
    bool done =
        value && (json_dumpf(value, out, MT_JSON_FLAGS | JSON_ENCODE_ANY) == 0 || ferror(out));
    json_decref(value);
    return done;
}

bool mt_firefox_tables_put_categories(FILE *out, const struct mt_firefox_tables *t) {
    static const char *const colors[MT_FIREFOX_CATEGORIES] = {
        "grey", "blue",      "orange", "green",   "purple",  "yellow",
        "red",  "lightblue", "brown",  "magenta", "lightred"};
    bool done = true;
    fputs("\"categories\":[", out);
    for (size_t i = 0; i < MT_FIREFOX_CATEGORIES && i <= t->module_name.n && done; i++) {
        const char *name = i ? t->strings.texts[t->module_name.items[i - 1]] : "Other";
        fputs(i ? "," : "", out);
        done = put_value(out, json_pack("{s:o, s:s, s:[s]}", "name", mt_json_text(name), "color",
                                        colors[i], "subcategories", "Other"));
    }
    fputc(']', out);
    return done;
}

static const char *build_id_of(const struct mt_profile *profile, mt_string path) {
    for (size_t i = 0; i < profile->n_mappings; i++)
        if (profile->mappings[i].path == path && profile->mappings[i].build_id)
            return mt_profile_text(profile, profile->mappings[i].build_id);
    return "";
}

/* The first 16 bytes of a build id as a GUID, whose first three fields are little-endian, and an
 * age of 0: what symbol servers know modules by. */
static void breakpad_id_of(const char *build_id, char id[34]) {
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t n = 0;
    for (size_t i = 0; i < 16 && strlen(build_id) >= 32; i++)
        for (size_t digit = 0; digit < 2; digit++)
            id[n++] = (char)toupper((unsigned char)build_id[order[i] * 2 + digit]);
    if (n)
        id[n++] = '0';
    id[n] = '\0';
}

static json_t *lib_object(const struct mt_firefox_tables *t, size_t i) {
    mt_string path = (mt_string)t->module_string.items[i];
    const char *name = t->strings.texts[t->module_name.items[i]],
               *whole = mt_profile_text(t->profile, path),
               *build_id = build_id_of(t->profile, path);
    char breakpad_id[34];
    breakpad_id_of(build_id, breakpad_id);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "arch", "", "name", mt_json_text(name),
                     "path", mt_json_text(whole), "debugName", mt_json_text(name), "debugPath",
                     mt_json_text(whole), "breakpadId", mt_json_text(breakpad_id), "codeId",
                     *build_id ? mt_json_text(build_id) : json_null());
}

bool mt_firefox_tables_put_libs(FILE *out, const struct mt_firefox_tables *t) {
    bool done = true;
    fputs("\"libs\":[", out);
    for (size_t i = 0; i < t->module_name.n && done; i++) {
        fputs(i ? ",\n" : "", out);
        done = put_value(out, lib_object(t, i));
    }
    fputc(']', out);
    return done;
}

static void put_length(FILE *out, size_t n) {
    fprintf(out, ",\"length\":%zu},\n", n);
}

static void put_stacks(FILE *out, const struct mt_firefox_tables *t) {
    fputs("\"stackTable\":{", out);
    mt_firefox_tables_put_column(out, "frame", &t->stack_frame);
    fputs(",\"prefixOffset\":[", out);
    for (size_t i = 0; i < t->stack_prefix.n; i++) {
        int64_t prefix = t->stack_prefix.items[i];
        fprintf(out, "%s%" PRId64, i ? "," : "", prefix < 0 ? 0 : (int64_t)i - prefix);
    }
    fputc(']', out);
    put_length(out, t->stack_frame.n);
}

static void put_sames(FILE *out, const char *const names[], const char *value, size_t n) {
    for (; *names; names++) {
        fputc(',', out);
        mt_firefox_tables_put_same(out, *names, value, n);
    }
}

static void put_frames(FILE *out, const struct mt_firefox_tables *t) {
    static const char *const nulls[] = {"nativeSymbol", "innerWindowID", "column",
                                        "originalLocation", NULL};
    static const char *const zeros[] = {"subcategory", NULL};
    size_t n = t->frame_function.n;
    fputs("\"frameTable\":{", out);
    mt_firefox_tables_put_column(out, "address", &t->frame_address);
    fputc(',', out);
    mt_firefox_tables_put_column(out, "inlineDepth", &t->frame_depth);
    fputc(',', out);
    mt_firefox_tables_put_column(out, "category", &t->frame_category);
    fputc(',', out);
    mt_firefox_tables_put_column(out, "func", &t->frame_function);
    fputc(',', out);
    put_nullable(out, "line", &t->frame_line);
    put_sames(out, zeros, "0", n);
    put_sames(out, nulls, "null", n);
    put_length(out, n);
}

static void put_functions(FILE *out, const struct mt_firefox_tables *t) {
    static const char *const nulls[] = {"columnNumber", "originalLocation", NULL};
    static const char *const falses[] = {"isJS", "relevantForJS", NULL};
    size_t n = t->function_name.n;
    fputs("\"funcTable\":{", out);
    mt_firefox_tables_put_column(out, "name", &t->function_name);
    fputc(',', out);
    mt_firefox_tables_put_column(out, "resource", &t->function_module);
    fputc(',', out);
    put_nullable(out, "source", &t->function_file);
    fputc(',', out);
    put_nullable(out, "lineNumber", &t->function_line);
    put_sames(out, falses, "false", n);
    put_sames(out, nulls, "null", n);
    put_length(out, n);
}

/* A resource is a library: both have the same index. */
static void put_resources(FILE *out, const struct mt_firefox_tables *t) {
    size_t n = t->module_name.n;
    fputs("\"resourceTable\":{\"lib\":[", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%zu", i ? "," : "", i);
    fputs("],", out);
    mt_firefox_tables_put_column(out, "name", &t->module_name);
    fputc(',', out);
    mt_firefox_tables_put_same(out, "host", "null", n);
    fputc(',', out);
    mt_firefox_tables_put_same(out, "type", "1", n);
    put_length(out, n);
}

static void put_sources(FILE *out, const struct mt_firefox_tables *t) {
    static const char *const nulls[] = {"id", "sourceMapURL", "content", NULL};
    static const char *const ones[] = {"startLine", "startColumn", NULL};
    size_t n = t->file_name.n;
    fputs("\"sources\":{", out);
    mt_firefox_tables_put_column(out, "filename", &t->file_name);
    put_sames(out, nulls, "null", n);
    put_sames(out, ones, "1", n);
    put_length(out, n);
}

static bool put_strings(FILE *out, const struct mt_firefox_tables *t) {
    bool done = true;
    fputs("\"stringArray\":[", out);
    for (size_t i = 0; i < t->strings.n && done; i++) {
        fputs(i ? ",\n" : "\n", out);
        done = put_value(out, mt_json_text(t->strings.texts[i]));
    }
    fputc(']', out);
    return done;
}

bool mt_firefox_tables_put_shared(FILE *out, const struct mt_firefox_tables *t) {
    fputs("\"shared\":{\n", out);
    put_stacks(out, t);
    put_frames(out, t);
    put_functions(out, t);
    put_resources(out, t);
    fputs("\"nativeSymbols\":{\"libIndex\":[],\"address\":[],\"name\":[],\"functionSize\":[],"
          "\"length\":0},\n"
          "\"sourceLocationTable\":{\"source\":[],\"line\":[],\"column\":[],\"length\":0},\n",
          out);
    put_sources(out, t);
    bool done = put_strings(out, t);
    fputs("}", out);
    return done;
}
