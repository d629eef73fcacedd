/* SPDX-License-Identifier: MIT */
/* What the JSON of all kinds has in common. Values are the caller's; NULL: out of memory. */
#ifndef MT_EXPORT_JSON_LOCAL_H
#define MT_EXPORT_JSON_LOCAL_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "view/processes/processes.h"
#include "view/rows/rows.h"

enum { MT_JSON_FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

struct mt_json_member {
    const char *before; /* what stands before the value: a brace or comma, and the name */
    json_t *value;
};

json_t *mt_json_text(const char *raw); /* the text is made valid UTF-8 */
json_t *mt_json_number(uint64_t value);
json_t *mt_json_process(const struct mt_profile *profile);
json_t *mt_json_recording(const struct mt_profile *profile);
json_t *mt_json_totals(const struct mt_rows *rows);
json_t *mt_json_notes(const struct mt_rows *rows);
/* Returns what was not recorded, with the notes. */
json_t *mt_json_coverage(const struct mt_rows *rows);
/* Returns an object of key, function, file, line and module. */
json_t *mt_json_row_names(const struct mt_rows *rows, const struct mt_row *row);
json_t *mt_json_margins(const struct mt_rows *rows, const struct mt_row *row);
/* Returns who has set a mark of this kind (enum mt_mark_kind, any value). */
const char *mt_json_mark_kind(uint32_t kind);
/* Returns how many of the events were kept, and how many there were. */
json_t *mt_json_kept_events(const struct mt_scopes *scopes);
/* Returns what the program said of a scope; of a key that was set twice the last value. */
json_t *mt_json_metadata(const struct mt_profile *profile, const struct mt_scope_event *event);

/* Returns the heap of all processes over time; null: not known. */
json_t *mt_json_index_tree(const struct mt_processes *processes);
/* Writes ,"processes":[…], one on a line. Returns false when out of memory. */
bool mt_json_index_put_processes(FILE *stream, const struct mt_processes *processes);

/* Writes and releases the members. Returns 0, -MEMTRACK_ENOMEM (a value is NULL) or
 * -MEMTRACK_EIO. */
int mt_json_put_members(FILE *stream, const struct mt_json_member *members, size_t n,
                        struct mt_error *error);
/* Write a whole object and release it: on one line, or as a tree of lines. Return 0,
 * -MEMTRACK_ENOMEM (object is NULL) or -MEMTRACK_EIO. */
int mt_json_put_line(FILE *stream, json_t *object, struct mt_error *error);
int mt_json_put_tree(FILE *stream, json_t *object, struct mt_error *error);
/* Writes the i-th object of an array on a line of its own, and releases it. Returns false when out
 * of memory. */
bool mt_json_put_item(FILE *stream, size_t i, json_t *object);
/* Writes an object without its closing brace, and releases it. Returns false when out of memory. */
bool mt_json_put_open(FILE *stream, json_t *object);
int mt_json_out_of_memory(struct mt_error *error);
/* Returns 0 or -MEMTRACK_EIO by the state of the stream. */
int mt_json_finish(FILE *stream, struct mt_error *error);

/* The call paths of a thing. A frame occurs on thousands of them, so its text is made once. */
struct mt_json_stacks {
    FILE *stream;
    const struct mt_rows *rows;
    char **frame_text; /* of each frame, once it has been made */
    struct mt_row_frame *path;
    size_t path_capacity;
};
bool mt_json_stacks_init(struct mt_json_stacks *stacks, FILE *stream, const struct mt_rows *rows);
void mt_json_stacks_free(struct mt_json_stacks *stacks);
/* Writes ,"stack":[…] of a row. Returns false when out of memory. */
bool mt_json_put_stack(struct mt_json_stacks *stacks, const struct mt_row *row);

/* Writes the members "counters" and "caches", each after a comma. Returns false when out of memory. */
struct mt_scopes_rows;
bool mt_json_figures(FILE *stream, const struct mt_scopes_rows *rows);

#endif
