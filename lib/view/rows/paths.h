/* SPDX-License-Identifier: MIT */
/* Numbering call paths that look the same. Private to lib/view. */
#ifndef MT_VIEW_ROWS_PATHS_H
#define MT_VIEW_ROWS_PATHS_H

#include "view/rows/frames.h"

/* This gives call paths that look the same the same id. */
struct mt_path {
    uint64_t hash;
    uint32_t sample; /* a location that has it */
};
struct mt_rows_paths {
    const struct mt_frames *frames;
    uint32_t *suffix; /* per entry: id of the frames from it to the outer end of its location */
    uint32_t *whole;  /* per location: suffix of its first entry */
    bool *is_hidden;  /* per location: it is not shown in the paths of interpreted code */
    struct mt_path *items;
    size_t n, capacity;
    uint32_t *slots;
    size_t mask;
};
int mt_rows_paths_init(struct mt_rows_paths *paths, const struct mt_frames *frames);
int64_t mt_rows_paths_id(struct mt_rows_paths *paths, uint32_t sample); /* or -MEMTRACK_ENOMEM */
void mt_rows_paths_free(struct mt_rows_paths *paths);

#endif
