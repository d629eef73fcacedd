/* SPDX-License-Identifier: MIT */
/* What the screen of `memtrack top` shows now: top/screen.c (keys, time) changes it, top/draw.c and
 * top/foot.c draw it. */
#ifndef MT_CLI_TOP_SCREEN_STATE_H
#define MT_CLI_TOP_SCREEN_STATE_H

#include "top/layout.h"
#include "top/top.h"

enum mt_top_screen_mode {
    MT_TOP_SCREEN_ROWS,
    MT_TOP_SCREEN_FILTER,
    MT_TOP_SCREEN_GROUP,
    MT_TOP_SCREEN_HELP
};

enum { MT_TOP_SCREEN_FILTER_BYTES = 200 };

struct mt_top_screen_list { /* a list that is longer than the screen */
    size_t selected, first;
    uint32_t sample; /* of the selected row, which is followed; UINT32_MAX: the place is followed
                        and not the row */
};

struct mt_top_screen {
    struct mt_top *top;
    struct mt_labels labels;
    enum mt_top_screen_mode mode;
    struct mt_top_screen_list lists[3]; /* rows, call paths of one, frames of one */
    size_t level;                       /* which of them */
    uint32_t path_sample;               /* of the call path whose frames are shown */
    bool is_paused;
    char filter[MT_TOP_SCREEN_FILTER_BYTES],
        edited[MT_TOP_SCREEN_FILTER_BYTES]; /* the one in force, and the one being typed */
    char message[400];                      /* stands where the keys are, until: */
    uint64_t message_until_ns;
    uint64_t now_ns; /* of the last tick; stands still while paused */
    bool is_naming;  /* addresses are being looked up */
    size_t n_rows;   /* rows that fit, set by drawing */
};

static inline struct mt_top_screen_list *mt_top_screen_list(struct mt_top_screen *screen) {
    return &screen->lists[screen->level];
}

/* Returns the row of the call path whose frames are shown, NULL if it is gone. */
static inline const struct mt_row *mt_top_screen_path(const struct mt_top_screen *screen) {
    const struct mt_rows *rows = mt_top_model_rows(screen->top->model);
    return rows ? mt_rows_with_sample(rows, screen->path_sample) : NULL;
}

#endif
