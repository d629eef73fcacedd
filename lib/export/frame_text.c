/* SPDX-License-Identifier: MIT */
/*
 * DHAT's and massif's frames are text, which their readers take apart: an address, a function, and
 * in the last brackets a file with its line or a module. What is not known is "???", as in theirs.
 * Files keep their paths, since two of one name are not one.
 */
#include "export/frame_text.h"

#include <inttypes.h>
#include <stdio.h>

#define UNKNOWN "???"

char *mt_frame_text_make(const struct mt_stacks *stacks, const struct mt_row_frame *frame) {
    const struct mt_profile *profile = mt_rows_profile(stacks->rows);
    const char *special = mt_stacks_special(stacks, frame);
    const char *function = mt_profile_text(profile, frame->function);
    const char *file = mt_profile_text(profile, frame->file);
    const char *module = mt_profile_text(profile, frame->module);
    char *text = NULL;
    int n;
    if (special)
        function = special;
    if (!*function)
        function = UNKNOWN;
    if (*file && frame->line > 0)
        n = asprintf(&text, "0x%" PRIX64 ": %s (%s:%" PRId64 ")", frame->address, function, file,
                     frame->line);
    else
        n = asprintf(&text, "0x%" PRIX64 ": %s (in %s)", frame->address, function,
                     *module ? module : UNKNOWN);
    return n < 0 ? NULL : text;
}
