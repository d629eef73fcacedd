/* SPDX-License-Identifier: MIT */
/*
 * What all threads of a profile for Firefox's profiler share: call paths as a table of (frame, path
 * of the caller), and the tables of frames, functions, libraries, sources and strings that these
 * point into. Private to lib/export.
 *
 * The profiler shows functions, and where they begin. It keeps the lines of frames for its view of
 * the source, whose text it does not have. So each path ends with a frame more, whose function is
 * the line that is charged: "names.c:12", called by intern_name. Inverted, the tree begins with
 * these.
 */
#ifndef MT_EXPORT_FIREFOX_TABLES_H
#define MT_EXPORT_FIREFOX_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "export/stacks.h"
#include "view/rows/identity.h"

/* Modules have categories of their own, for their colours, as long as there are colours. */
enum { MT_FIREFOX_CATEGORIES = 11, MT_FIREFOX_OTHER = 0 };

struct mt_firefox_column {
    int64_t *items;
    size_t n, capacity;
};

struct mt_firefox_tables {
    struct mt_stacks paths;
    const struct mt_profile *profile;
    struct mt_firefox_strings {
        char **texts;
        uint32_t *slots; /* index + 1, 0: empty */
        size_t n, capacity, mask;
    } strings;
    struct mt_identities functions, stacks, modules, files;
    int64_t *frame_of_id; /* of each id of a frame: its row below, -1: none yet */
    int64_t *line_of_id;  /* the same of the row that stands for the frame's line */
    struct mt_firefox_column frame_function, frame_line, frame_address, frame_depth, frame_category;
    struct mt_firefox_column function_name, function_module, function_file, function_line;
    struct mt_firefox_column module_name, module_string, file_name;
    struct mt_firefox_column stack_frame, stack_prefix;
    uint32_t *stack_of_row;
};

/* Puts the call path of each row into the tables. Returns false when out of memory. */
bool mt_firefox_tables_init(struct mt_firefox_tables *tables, const struct mt_rows *rows, size_t n);
void mt_firefox_tables_free(struct mt_firefox_tables *tables);

/* Returns the index of a text in the shared strings, -1 when out of memory. */
int64_t mt_firefox_tables_string(struct mt_firefox_tables *tables, const char *text);

/* Write "categories":[…], "libs":[…] and "shared":{…}. Return false when out of memory. The strings
 * are complete when the last one is written. */
bool mt_firefox_tables_put_categories(FILE *out, const struct mt_firefox_tables *tables);
bool mt_firefox_tables_put_libs(FILE *out, const struct mt_firefox_tables *tables);
bool mt_firefox_tables_put_shared(FILE *out, const struct mt_firefox_tables *tables);

/* Appends. Returns false when out of memory. */
bool mt_firefox_tables_push(struct mt_firefox_column *column, int64_t value);
/* Writes "name":[1,2,…]. */
void mt_firefox_tables_put_column(FILE *out, const char *name,
                                  const struct mt_firefox_column *column);
/* Writes "name":[value,value,…]. */
void mt_firefox_tables_put_same(FILE *out, const char *name, const char *value, size_t n);

#endif
