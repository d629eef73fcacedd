/* SPDX-License-Identifier: MIT */
/*
 * A page: one file that shows a profile, or two beside each other, in any browser, and has the
 * profiles in it. The viewer is dist/viewer.html (lib/page/README.md); what is written here is the
 * data that it finds in itself, and what a browser shows that runs no scripts.
 *
 *   viewer: policy, style │ title, summary as HTML │ core │ data blocks │ script
 *                           ▲ here                          ▲ and here
 *
 * A data block is <script id="memtrack-…" type="text/plain">: the profiles as they are in their
 * files, in base64 (memtrack-profile, and memtrack-profile-2 for the new side of a comparison),
 * sources, the processes of a run, and how the command was asked (memtrack-page, JSON).
 */
#ifndef MT_PAGE_H
#define MT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
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
struct mt_page {
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

/* Writes the page. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
int mt_page_write(FILE *stream, const struct mt_page *page, struct mt_error *error);

#endif
