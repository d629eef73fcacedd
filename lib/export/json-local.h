/* SPDX-License-Identifier: MIT */
/* What the JSON of all kinds has in common. Values are the caller's; NULL: out of memory. */
#ifndef MT_EXPORT_JSON_LOCAL_H
#define MT_EXPORT_JSON_LOCAL_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "view/rows/rows.h"

enum { MT_JSON_FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

struct mt_json_member {
    const char *before; /* what stands before the value: a brace or comma, and the name */
    json_t *value;
};

json_t *mt_json_text(const char *raw); /* made valid UTF-8 */
json_t *mt_json_number(uint64_t value);
json_t *mt_json_process(const struct mt_profile *profile);
json_t *mt_json_recording(const struct mt_profile *profile);
json_t *mt_json_totals(const struct mt_rows *rows);
json_t *mt_json_notes(const struct mt_rows *rows);
/* key, function, file, line, module */
json_t *mt_json_row_names(const struct mt_rows *rows, const struct mt_row *row);
json_t *mt_json_margins(const struct mt_rows *rows, const struct mt_row *row);
json_t *mt_json_kept_events(const struct mt_scopes *scopes); /* how many of how many */
/* What the program said of a scope; of a key that was set twice the last value. */
json_t *mt_json_metadata(const struct mt_profile *profile, const struct mt_scope_event *event);

/* Writes and releases the members. 0, -MEMTRACK_ENOMEM (a value is NULL) or -MEMTRACK_EIO. */
int mt_json_put_members(FILE *stream, const struct mt_json_member *members, size_t n,
                        struct mt_error *error);
/* Writes a whole object and releases it: on one line, or a tree of lines. 0, -MEMTRACK_ENOMEM
 * (object is NULL) or -MEMTRACK_EIO. */
int mt_json_put_line(FILE *stream, json_t *object, struct mt_error *error);
int mt_json_put_tree(FILE *stream, json_t *object, struct mt_error *error);
/* Writes the i-th object of an array on a line of its own, and releases it. False: out of
 * memory. */
bool mt_json_put_item(FILE *stream, size_t i, json_t *object);
/* Writes an object without its closing brace, and releases it. False: out of memory. */
bool mt_json_put_open(FILE *stream, json_t *object);
int mt_json_out_of_memory(struct mt_error *error);
/* 0 or -MEMTRACK_EIO by the state of the stream. */
int mt_json_finish(FILE *stream, struct mt_error *error);

/* Call paths. A frame occurs on thousands of them: its text is made once. */
struct mt_json_stacks {
    FILE *stream;
    const struct mt_rows *rows;
    char **frame_text; /* of each frame, once it has been made */
    struct mt_row_frame *path;
    size_t path_capacity;
};
bool mt_json_stacks_init(struct mt_json_stacks *stacks, FILE *stream, const struct mt_rows *rows);
void mt_json_stacks_free(struct mt_json_stacks *stacks);
/* ,"stack":[…] False: out of memory. */
bool mt_json_put_stack(struct mt_json_stacks *stacks, const struct mt_row *row);

#endif
