/* SPDX-License-Identifier: MIT */
/* The end of a call path that was cut short, in the words of every view. */
#ifndef MT_VIEW_ROWS_MISSING_H
#define MT_VIEW_ROWS_MISSING_H

#include <stdint.h>

enum { MT_ROWS_MISSING_BYTES = 64 };

/* Writes "[truncated]", and how many frames are missing where that is known: "[truncated] … 12 more
 * frames". missing: see mt_rows_missing; ellipsis: "…" or what stands for it. Returns out. */
const char *mt_rows_missing_text(char out[MT_ROWS_MISSING_BYTES], uint32_t missing,
                                 const char *ellipsis);

#endif
