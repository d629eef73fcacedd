/* SPDX-License-Identifier: MIT */
/*
 * A page: one file that shows a profile, or two beside each other, in any browser, and has the
 * profiles in it. The viewer is dist/viewer.html (lib/page/README.md); what is written here is the
 * data that it finds in itself, and what a browser shows that runs no scripts.
 *
 *   viewer: policy, style │ title, summary as HTML │ style, script, core │ data blocks │ loader
 *                           ▲ here                                         ▲ and here
 *
 * A data block is <script id="memtrack-…" type="text/plain">: the profiles as they are in their
 * files, in base64 (memtrack-profile, and memtrack-profile-2 for the new side of a comparison),
 * sources, the processes of a run, of a comparison which lines say the same (memtrack-lines,
 * profile/line_texts.h), and how the command was asked (memtrack-page, JSON).
 */
#ifndef MT_PAGE_H
#define MT_PAGE_H

#include <stdio.h>

#include "base/error.h"
#include "page/data.h"

/* Writes the page. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
int mt_page_write(FILE *stream, const struct mt_page_data *page, struct mt_error *error);

#endif
