/* SPDX-License-Identifier: MIT */
/* Characters and widths, for the files of this folder that deal with text. Private to them. */
#ifndef MT_VIEW_FORMAT_LOCAL_H
#define MT_VIEW_FORMAT_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "view/format/format.h"

/* Returns the character at text and its length in bytes; 0 bytes when what is there is not
 * UTF-8. */
size_t mt_format_utf8_decode(const char *text, uint32_t *character);

/* Bytes of the longest beginning that is at most columns wide; may be 0. */
size_t mt_format_width_head(const char *text, size_t columns);
/* Returns where the longest end that is at most columns wide begins. */
const char *mt_format_width_tail(const char *text, size_t columns);

#endif
