/* SPDX-License-Identifier: MIT */
/* What a page is made of, beside its viewer. */
#ifndef MT_PAGE_DATA_H
#define MT_PAGE_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "view/compare/side.h"
#include "view/rows/rows.h"

struct mt_diff;
struct mt_processes;
struct mt_sources;

struct mt_page_profile {
    const char *name;  /* as the user called it */
    const void *bytes; /* the file: pprof, packed or not */
    size_t n_bytes;
};

/* Everything is the caller's. Zero-initialized: the empty page, which opens what is dropped on it. */
struct mt_page_data {
    struct mt_page_profile profiles[MT_N_SIDES]; /* the old side first, when there are two */
    size_t n_profiles;
    const struct mt_rows *rows;           /* of one profile: what is shown without scripts */
    const struct mt_diff *diff;           /* of two */
    size_t n_rows;                        /* that are shown so, 0: 20 */
    const struct mt_view_options *view;   /* what the command was asked for; NULL: nothing */
    bool sort_given;                      /* view->sort is not the command's choice */
    const struct mt_sources *sources;     /* NULL: none */
    const struct mt_processes *processes; /* of a run of several; NULL: of one */
    bool is_live; /* profiles are fetched from where the page came from (memtrack serve) */
};

#endif
