/* SPDX-License-Identifier: MIT */
/* A frame as valgrind's tools write it. Private to lib/export. */
#ifndef MT_EXPORT_FRAME_TEXT_H
#define MT_EXPORT_FRAME_TEXT_H

#include "export/stacks.h"

/* Returns "0x401136: parse (src/a.c:12)", "0x401136: parse (in /usr/bin/x)", "0x401136: ??? (in …)"
 * or "0x0: [lossy] (in ???)". Text of unknown origin. malloc'ed; NULL: out of memory. */
char *mt_frame_text_make(const struct mt_stacks *stacks, const struct mt_row_frame *frame);

#endif
