/* SPDX-License-Identifier: MIT */
/*
 * A profile as an SQLite database, for questions that no report answers. The tables are what was
 * recorded (sqlite_schema.c): samples that passed the filters, each with its call path as a node of
 * one tree whose numbers make a branch a range, and the time axis, scopes, marks and counters as
 * they are. The views over them add up to what memtrack report says with the same options.
 *
 * Frames with the same line, or without lines the same address, have the same key, which is that of
 * report --by line. Functions are one by name and file.
 */
#include <stdlib.h>
#include <string.h>

#include "export/export-local.h"

#ifndef MEMTRACK_SQLITE

int mt_sqlite_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    (void)stream;
    (void)thing;
    return mt_error_set(error, MEMTRACK_EUSAGE,
                        "Choose another format, or build it where libsqlite3-dev is installed.",
                        "this memtrack was built without SQLite");
}

#else

#include "base/array.h"
#include "base/saturate.h"
#include "export/columns.h"
#include "export/path_tree.h"
#include "export/sqlite_database.h"
#include "export/sqlite_library.h"
#include "export/sqlite_schema.h"
#include "view/format/format.h"
#include "view/rows/identity.h"
#include "view/scopes/rows.h"
#include "view/summary/summary.h"

struct frame {
    struct mt_row_frame frame;
    int64_t function, module; /* module -1: none */
};

struct function {
    char *name; /* NULL: that of the string */
    mt_string string, file;
};

struct writer {
    struct mt_sqlite_database database;
    const struct mt_rows *rows;
    const struct mt_profile *profile;
    size_t n; /* rows */
    struct mt_stacks stacks;
    struct mt_path_tree tree;
    struct mt_identities module_ids, function_ids;
    mt_string *modules;
    struct function *functions;
    struct frame *frames;
    size_t n_modules, n_functions, n_frames;
    size_t modules_capacity, functions_capacity, frames_capacity;
    uint32_t *frame_of_id; /* of each id of a frame that has been seen: its index above */
    int64_t *live_bytes, *live_blocks; /* per sample, at the moment that is shown */
};

static const char *text_of(const struct writer *w, mt_string string) {
    return mt_profile_text(w->profile, string);
}

static void put_text(struct writer *w, int column, mt_string string) {
    mt_sqlite_database_text(&w->database, column, text_of(w, string));
}

static void put_number(struct writer *w, int column, int64_t value) {
    mt_sqlite_database_number(&w->database, column, value);
}

static void put_count(struct writer *w, int column, uint64_t value) {
    mt_sqlite_database_number(&w->database, column, mt_saturate_signed(value));
}

static void end_row(struct writer *w) {
    mt_sqlite_database_row(&w->database);
}

/* ---- info ------------------------------------------------------------------------------------ */

static void info_text(struct writer *w, const char *key, const char *value) {
    mt_sqlite_database_text(&w->database, 0, key);
    mt_sqlite_database_text(&w->database, 1, value);
    end_row(w);
}

static void info_number(struct writer *w, const char *key, uint64_t value) {
    mt_sqlite_database_text(&w->database, 0, key);
    put_count(w, 1, value);
    end_row(w);
}

static void put_command(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    char *line = NULL;
    size_t bytes;
    FILE *out = open_memstream(&line, &bytes);
    for (size_t i = 0; out && i < info->n_command; i++)
        fprintf(out, "%s%s", i ? " " : "", text_of(w, info->command[i]));
    if (out && fclose(out) == 0)
        info_text(w, "command", line);
    else
        w->database.failed = true;
    free(line);
}

/* The notes of a report, one behind the other. */
static void put_notes(struct writer *w) {
    struct mt_summary lines = {0};
    char key[32];
    mt_summary_coverage_notes(w->rows, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        snprintf(key, sizeof key, "note_%zu", i + 1);
        info_text(w, key, lines.items[i].text);
    }
    w->database.failed |= lines.failed;
    mt_summary_free(&lines);
}

static void put_coverage(struct writer *w) {
    const struct mt_coverage *coverage = &w->profile->info.coverage;
    info_number(w, "unknown_frees", coverage->unknown_frees);
    info_number(w, "dropped_events", coverage->dropped_events);
    info_number(w, "lossy_blocks", coverage->lossy_blocks);
    info_number(w, "truncated_stacks", coverage->truncated_stacks);
    put_notes(w);
}

static void put_info(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    char time[MT_FORMAT_BYTES], moment[MT_FORMAT_BYTES + 16];
    mt_sqlite_database_table(&w->database, "info", 2);
    info_text(w, "schema", "memtrack-sqlite/1");
    info_text(w, "exe", text_of(w, info->exe));
    put_command(w);
    info_number(w, "pid", info->pid);
    info_text(w, "start_time", mt_format_rfc3339(time, info->start_time_ns));
    info_number(w, "duration_ns", info->duration_ns);
    info_number(w, "sample_bytes", info->sample_bytes);
    info_text(w, "live", mt_summary_moment(w->rows, moment));
    info_text(w, "is_filtered", mt_rows_is_filtered(w->rows) ? "yes" : "no");
    if (info->peak_time_known)
        info_number(w, "peak_time_ns", info->peak_time_ns);
    put_coverage(w);
}

/* ---- frames: found while paths are read, inserted afterwards --------------------------------- */

static int64_t id_of(struct mt_identities *ids, uint64_t a, uint64_t b) {
    return mt_identity_id(ids, (struct mt_identity){.tag = MT_ID_PAIR, .a = a, .b = b});
}

/* Returns the index of a module, -1 for none, -2 when out of memory. */
static int64_t module_of(struct writer *w, mt_string module) {
    if (!*text_of(w, module))
        return -1;
    int64_t id = id_of(&w->module_ids, module, 0);
    if (id < 0 || (size_t)id < w->n_modules)
        return id < 0 ? -2 : id;
    if (!mt_array_reserve(&w->modules, &w->modules_capacity, w->n_modules + 1, sizeof *w->modules))
        return -2;
    w->modules[w->n_modules++] = module;
    return id;
}

/* Returns what report --by function calls a frame without a function. malloc'ed. */
static char *name_of_nameless(const struct writer *w, const struct mt_row_frame *frame) {
    const char *special = mt_stacks_special(&w->stacks, frame),
               *module = basename(text_of(w, frame->module));
    char *name = NULL;
    if (special || !*module)
        return strdup(special ? special : "[unknown]");
    return asprintf(&name, "[unknown] (%s)", module) < 0 ? NULL : name;
}

/* Returns the index of a function, -1 when out of memory. Those without a name are one for each
 * module, and those of one that is none are one for each kind. */
static int64_t function_of(struct writer *w, const struct mt_row_frame *frame) {
    bool has_name = *text_of(w, frame->function) && !mt_stacks_special(&w->stacks, frame);
    uint64_t other = mt_stacks_special(&w->stacks, frame) ? (uint64_t)frame->id << 32
                                                          : UINT64_C(1) << 63 | frame->module;
    int64_t id =
        id_of(&w->function_ids, has_name ? frame->function : other, has_name ? frame->file : 0);
    if (id < 0 || (size_t)id < w->n_functions)
        return id;
    char *name = has_name ? NULL : name_of_nameless(w, frame);
    if ((!has_name && !name) || !mt_array_reserve(&w->functions, &w->functions_capacity,
                                                  w->n_functions + 1, sizeof *w->functions)) {
        free(name);
        return -1;
    }
    w->functions[w->n_functions++] =
        (struct function){name, frame->function, has_name ? frame->file : 0};
    return id;
}

static bool see_frame(void *context, const struct mt_row_frame *frame) {
    struct writer *w = context;
    int64_t module = module_of(w, frame->module), function = function_of(w, frame);
    if (module == -2 || function < 0 ||
        !mt_array_reserve(&w->frames, &w->frames_capacity, w->n_frames + 1, sizeof *w->frames))
        return false;
    w->frame_of_id[frame->id] = (uint32_t)w->n_frames;
    w->frames[w->n_frames++] = (struct frame){*frame, function, module};
    return true;
}

static const char *build_id_of(const struct mt_profile *profile, mt_string path) {
    for (size_t i = 0; i < profile->n_mappings; i++)
        if (profile->mappings[i].path == path && profile->mappings[i].build_id)
            return mt_profile_text(profile, profile->mappings[i].build_id);
    return "";
}

static void put_modules(struct writer *w) {
    mt_sqlite_database_table(&w->database, "module", 4);
    for (size_t i = 0; i < w->n_modules; i++) {
        put_count(w, 0, i);
        put_text(w, 1, w->modules[i]);
        mt_sqlite_database_text(&w->database, 2, basename(text_of(w, w->modules[i])));
        mt_sqlite_database_text(&w->database, 3, build_id_of(w->profile, w->modules[i]));
        end_row(w);
    }
}

static void put_functions(struct writer *w) {
    mt_sqlite_database_table(&w->database, "function", 3);
    for (size_t i = 0; i < w->n_functions; i++) {
        const struct function *function = &w->functions[i];
        put_count(w, 0, i);
        mt_sqlite_database_text(&w->database, 1,
                                function->name ? function->name : text_of(w, function->string));
        put_text(w, 2, function->file);
        end_row(w);
    }
}

static void put_frame_key(struct writer *w, int column, const struct mt_row_frame *frame) {
    const char *special = mt_stacks_special(&w->stacks, frame);
    char *key = special ? strdup(special) : mt_rows_key_of_frame(w->profile, frame);
    w->database.failed |= !key;
    if (key)
        mt_sqlite_database_text(&w->database, column, key);
    free(key);
}

static void put_frames(struct writer *w) {
    mt_sqlite_database_table(&w->database, "frame", 7);
    for (size_t i = 0; i < w->n_frames; i++) {
        const struct frame *frame = &w->frames[i];
        put_count(w, 0, i);
        put_number(w, 1, frame->function);
        put_number(w, 2, frame->frame.line);
        if (frame->module >= 0)
            put_number(w, 3, frame->module);
        put_number(w, 4, (int64_t)frame->frame.module_address);
        put_number(w, 5, frame->frame.is_inlined);
        put_frame_key(w, 6, &frame->frame);
        end_row(w);
    }
}

static void put_stacks(struct writer *w) {
    mt_sqlite_database_table(&w->database, "stack", 4);
    for (size_t i = 0; i < w->tree.n; i++) {
        const struct mt_path_node *node = &w->tree.nodes[i];
        put_count(w, 0, i);
        if (node->parent != UINT32_MAX)
            put_number(w, 1, node->parent);
        put_number(w, 2, w->frame_of_id[node->frame]);
        put_number(w, 3, node->last);
        end_row(w);
    }
}

/* ---- samples --------------------------------------------------------------------------------- */

/* Returns whether the sample is in a row that is written, and finds its path. */
static bool leaf_of_sample(const struct writer *w, size_t sample, uint32_t *leaf) {
    size_t n;
    const uint32_t *row_of_sample = mt_rows_of_samples(w->rows, &n);
    if (sample >= n || row_of_sample[sample] >= w->n)
        return false;
    *leaf = w->tree.leaf_of_row[row_of_sample[sample]];
    return true;
}

static int64_t value_of(const struct writer *w, size_t sample, enum mt_value value) {
    if (value == MT_VALUE_LIVE_BYTES)
        return w->live_bytes[sample];
    if (value == MT_VALUE_LIVE_BLOCKS)
        return w->live_blocks[sample];
    if (value == MT_VALUE_WASTE_BYTES && mt_rows_options(w->rows)->at.kind != MT_AT_END)
        return 0; /* known of the end alone */
    return w->profile->samples[sample].value[value];
}

static void put_sample(struct writer *w, size_t i, uint32_t leaf) {
    const struct mt_sample *sample = &w->profile->samples[i];
    char size[MT_FORMAT_BYTES] = "";
    put_count(w, 0, i);
    put_number(w, 1, leaf);
    put_text(w, 2, sample->thread);
    put_text(w, 3, sample->scope);
    put_text(w, 4, sample->domain);
    put_text(w, 5, sample->process);
    mt_sqlite_database_text(&w->database, 6,
                            sample->has_size_class ? mt_format_size_class(size, sample->size_class)
                                                   : size);
    for (size_t v = 0; v < MT_N_VALUES; v++)
        put_number(w, 7 + (int)v, value_of(w, i, mt_export_columns[v].value));
    end_row(w);
}

static void put_samples(struct writer *w) {
    uint32_t leaf;
    mt_sqlite_database_table(&w->database, "sample", 7 + MT_N_VALUES);
    for (size_t i = 0; i < w->profile->n_samples; i++)
        if (leaf_of_sample(w, i, &leaf))
            put_sample(w, i, leaf);
}

static bool find_live(struct writer *w, struct mt_error *error) {
    const struct mt_profile *profile = w->profile;
    w->live_bytes = malloc((profile->n_samples + 1) * sizeof *w->live_bytes);
    w->live_blocks = malloc((profile->n_samples + 1) * sizeof *w->live_blocks);
    if (!w->live_bytes || !w->live_blocks)
        return false;
    for (size_t i = 0; i < profile->n_samples; i++) {
        w->live_bytes[i] = profile->samples[i].value[MT_VALUE_LIVE_BYTES];
        w->live_blocks[i] = profile->samples[i].value[MT_VALUE_LIVE_BLOCKS];
    }
    const struct mt_at *at = &mt_rows_options(w->rows)->at;
    return at->kind == MT_AT_END ||
           mt_at_live(profile, at, w->live_bytes, w->live_blocks, error) == 0;
}

/* ---- over time ------------------------------------------------------------------------------- */

static void put_ticks(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    mt_sqlite_database_table(&w->database, "tick", 8);
    for (size_t i = 0; i < info->n_ticks; i++) {
        const struct mt_tick *tick = &info->ticks[i];
        const uint64_t read[] = {tick->rss_bytes, tick->pss_bytes, tick->swap_bytes,
                                 tick->anon_bytes};
        const bool is_read[] = {tick->rss_bytes != 0, tick->pss_bytes != 0, tick->pss_bytes != 0,
                                tick->anon_bytes != 0};
        put_count(w, 0, i);
        put_count(w, 1, tick->time_ns);
        put_number(w, 2, tick->live_bytes);
        put_count(w, 3, tick->total_blocks);
        for (int k = 0; k < 4; k++)
            if (is_read[k])
                put_count(w, 4 + k, read[k]);
        end_row(w);
    }
}

static void put_changes(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    uint32_t leaf;
    mt_sqlite_database_table(&w->database, "change", 4);
    for (size_t i = 0; i < info->n_changes; i++) {
        const struct mt_tick_change *change = &info->changes[i];
        if (!leaf_of_sample(w, change->sample, &leaf))
            continue;
        put_number(w, 0, change->tick);
        put_number(w, 1, change->sample);
        put_number(w, 2, change->live_bytes);
        put_number(w, 3, change->live_blocks);
        end_row(w);
    }
}

static void put_marks(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    mt_sqlite_database_table(&w->database, "mark", 3);
    for (size_t i = 0; i < info->n_marks; i++) {
        put_count(w, 0, info->marks[i].time_ns);
        put_text(w, 1, info->marks[i].name);
        mt_sqlite_database_text(&w->database, 2,
                                info->marks[i].kind == MT_MARK_PROGRAM   ? "program"
                                : info->marks[i].kind == MT_MARK_TRIGGER ? "trigger"
                                                                         : "other");
        end_row(w);
    }
}

static void put_counters(struct writer *w) {
    const struct mt_scopes *scopes = &w->profile->info.scopes;
    mt_sqlite_database_table(&w->database, "counter", 4);
    for (size_t i = 0; i < scopes->n_counters; i++) {
        put_count(w, 0, scopes->counters[i].time_ns);
        put_text(w, 1, scopes->counters[i].name);
        put_number(w, 2, scopes->counters[i].value);
        put_number(w, 3, scopes->counters[i].tid);
        end_row(w);
    }
}

static void put_threads(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    mt_sqlite_database_table(&w->database, "thread", 3);
    for (size_t i = 0; i < info->n_threads; i++) {
        put_number(w, 0, info->threads[i].tid);
        put_text(w, 1, info->threads[i].name);
        put_number(w, 2, info->threads[i].n_threads);
        end_row(w);
    }
}

/* ---- scopes ---------------------------------------------------------------------------------- */

enum { CONTEXT_COLUMNS = 12 };

/* Columns of what is not known stay NULL. */
static void put_scope_context(struct writer *w, int column, const struct mt_scope_row *row) {
    const struct mt_scope_statistic *duration = &row->value[MT_SCOPE_DURATION_NS];
    put_text(w, column, row->group);
    if (row->file) {
        put_text(w, column + 1, row->file);
        put_number(w, column + 2, row->line);
    }
    put_count(w, column + 3, row->recursive);
    put_count(w, column + 4, row->misuses);
    if (row->error)
        put_text(w, column + 5, row->error);
    if (row->has_latest) {
        put_number(w, column + 6, row->latest_before_bytes);
        put_number(w, column + 7, row->latest_after_bytes);
    }
    put_number(w, column + 9, duration->max);
    if (row->has_spread) {
        put_number(w, column + 8, duration->min);
        put_number(w, column + 10, (int64_t)(duration->stddev + 0.5));
    }
    put_count(w, column + 11, row->unmeasured);
}

static void put_scope(struct writer *w, const struct mt_scope_row *row) {
    static const enum mt_scope_value own[] = {MT_SCOPE_NET_BYTES, MT_SCOPE_ALLOCATED_BYTES,
                                              MT_SCOPE_DURATION_NS};
    int column = 5;
    put_text(w, 0, row->name);
    put_number(w, 1, row->is_process);
    put_number(w, 2, row->n_threads);
    put_count(w, 3, row->count);
    put_count(w, 4, row->errors);
    for (enum mt_scope_value v = 0; v < MT_N_SCOPE_VALUES; v++)
        put_number(w, column++, v == MT_SCOPE_PEAK_BYTES ? row->value[v].max : row->value[v].sum);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        put_number(w, column++, row->own[own[i]]);
    put_scope_context(w, column, row);
    end_row(w);
}

static bool put_scopes(struct writer *w, struct mt_error *error) {
    struct mt_scopes_rows *rows = NULL;
    if (mt_scopes_rows_build(w->profile, 0, &rows, error) != 0)
        return false;
    mt_sqlite_database_table(&w->database, "scope", 8 + MT_N_SCOPE_VALUES + CONTEXT_COLUMNS);
    for (size_t i = 0; i < rows->n; i++)
        put_scope(w, &rows->items[i]);
    mt_scopes_rows_free(rows);
    return true;
}

static void put_scope_events(struct writer *w) {
    const struct mt_scopes *scopes = &w->profile->info.scopes;
    mt_sqlite_database_table(&w->database, "scope_event", 8);
    for (size_t i = 0; i < scopes->n_events; i++) {
        const struct mt_scope_event *event = &scopes->events[i];
        put_count(w, 0, i);
        put_count(w, 1, event->serial);
        put_text(w, 2, event->name);
        put_number(w, 3, event->tid);
        put_count(w, 4, event->time_ns);
        put_count(w, 5, event->duration_ns);
        put_number(w, 6, event->net_bytes);
        put_number(w, 7, event->peak_bytes);
        end_row(w);
    }
    mt_sqlite_database_table(&w->database, "scope_key", 3);
    for (size_t i = 0; i < scopes->n_events; i++)
        for (size_t k = 0; k < scopes->events[i].n_keys; k++) {
            const struct mt_scope_key *key = &scopes->keys[scopes->events[i].first_key + k];
            put_count(w, 0, i);
            put_text(w, 1, key->key);
            put_text(w, 2, key->value);
            end_row(w);
        }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool fill(struct writer *w, struct mt_error *error) {
    mt_sqlite_database_run(&w->database, mt_sqlite_schema_tables);
    put_info(w);
    put_modules(w);
    put_functions(w);
    put_frames(w);
    put_stacks(w);
    put_samples(w);
    put_threads(w);
    put_ticks(w);
    put_changes(w);
    put_marks(w);
    put_counters(w);
    put_scope_events(w);
    bool done = put_scopes(w, error);
    mt_sqlite_database_run(&w->database, mt_sqlite_schema_views);
    return done;
}

static bool prepare(struct writer *w, struct mt_error *error) {
    mt_stacks_init(&w->stacks, w->rows);
    w->frame_of_id = calloc(w->stacks.n_ids + 1, sizeof *w->frame_of_id);
    return w->frame_of_id && find_live(w, error) &&
           mt_path_tree_build(&w->tree, &w->stacks, w->n, see_frame, w);
}

static void free_writer(struct writer *w) {
    for (size_t i = 0; i < w->n_functions; i++)
        free(w->functions[i].name);
    free(w->functions);
    free(w->modules);
    free(w->frames);
    free(w->frame_of_id);
    free(w->live_bytes);
    free(w->live_blocks);
    mt_identity_free(&w->module_ids);
    mt_identity_free(&w->function_ids);
    mt_path_tree_free(&w->tree);
    mt_stacks_free(&w->stacks);
}

int mt_sqlite_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.rows = thing->profile.rows};
    char why[200] = "";
    int rc = mt_sqlite_library_load(error);
    if (rc != 0)
        return rc;
    w.profile = mt_rows_profile(w.rows);
    w.n = mt_export_shown(thing->profile.n, mt_rows_count(w.rows));
    bool done = prepare(&w, error);
    if (done) {
        mt_sqlite_database_open(&w.database);
        done = fill(&w, error) && mt_sqlite_database_write(&w.database, stream, why, sizeof why);
        mt_sqlite_database_close(&w.database);
    }
    free_writer(&w);
    return *why ? mt_error_set(error, MEMTRACK_EIO, "", "SQLite: %s", why)
                : mt_export_finish(stream, done, error);
}

#endif
