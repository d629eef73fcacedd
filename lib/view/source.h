/* SPDX-License-Identifier: MIT */
/* Lines of source files, for showing beside their figures. Files are kept in memory between calls. */
#ifndef MT_VIEW_SOURCE_H
#define MT_VIEW_SOURCE_H

#include <stdint.h>

struct mt_source;

/* folder: where relative paths begin, tried before the current directory; "" for none. NULL: out of memory. */
struct mt_source *mt_source_new(const char *folder);
void mt_source_free(struct mt_source *source); /* NULL is fine */

/* The line (from 1) without its indentation and end, malloc'ed; NULL when there is no such file or line, or when the
 * file is not one to show (not regular, larger than 16 MiB). */
char *mt_source_line(struct mt_source *source, const char *file, int64_t line);

#endif
