/* SPDX-License-Identifier: MIT */
/* Inside of the rows that the script holds. Private to lib/page/core. */
#ifndef MT_PAGE_CORE_ROWS_H
#define MT_PAGE_CORE_ROWS_H

#include "page/core/records.h"
#include "view/rows/rows.h"

/* The path that the script reads frame by frame. */
struct mt_core_path {
    struct mt_row_frame *frames;
    size_t n, capacity;
    bool truncated;
    uint32_t n_missing;
    struct mt_core_frame frame; /* that was read last, with its texts */
    char *function, *file, *module;
    char address[24];
};
/* Returns how many frames the row's path has, "[truncated]" included; 0 without memory. */
uint32_t mt_core_path_of(struct mt_core_path *path, const struct mt_rows *rows,
                         const struct mt_row *row);
const struct mt_core_frame *mt_core_path_at(struct mt_core_path *path,
                                            const struct mt_profile *profile, uint32_t i);
const struct mt_core_frame *mt_core_path_put(struct mt_core_path *path,
                                             const struct mt_profile *profile,
                                             const struct mt_row_frame *frame);
void mt_core_path_free(struct mt_core_path *path);

/* Returns whether the script knows a text of the profile by that name; the last answer is kept. */
struct mt_core_same {
    const struct mt_profile *profile;
    mt_string text;
    bool is_same;
};
bool mt_core_path_is(struct mt_core_same *same, const struct mt_profile *profile, mt_string text,
                     const char *name);

struct mt_core_rows {
    struct mt_rows *rows;
    struct mt_core_row row; /* that was read last */
    char *text[4];          /* key, function, file, module */
    struct mt_core_path path;
};

/* Adds the totals of a report to the pairs. */
void mt_core_rows_put_totals(const struct mt_rows *rows);

#endif
