/* SPDX-License-Identifier: MIT */
/* Lines of source files, for showing beside their figures. Files are kept in memory between
 * calls. */
#ifndef MT_VIEW_SOURCE_H
#define MT_VIEW_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_source;

/* folder is where relative paths begin, which is tried before the current directory; "" for
 * none. Returns NULL when out of memory. */
struct mt_source *mt_source_new(const char *folder);
void mt_source_free(struct mt_source *source); /* NULL is fine */

/* From now on looks below this directory first, by the whole path of a file and then by shorter and
 * shorter ends of it: DIR/build/src/a.c, DIR/src/a.c, DIR/a.c. Those that were added later are
 * tried later. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_source_add_place(struct mt_source *source, const char *directory);
/* The same for each DIR of "DIR:DIR". */
int mt_source_add_places(struct mt_source *source, const char *list);

/* Returns the whole text of a file, NUL-terminated and without any other NUL; it belongs to the
 * source. NULL as below. */
const char *mt_source_text(struct mt_source *source, const char *file, size_t *bytes);

/* Returns the line (from 1) without its indentation and end, malloc'ed; NULL when there is no
 * such file or line, or when the file is not one to show (not regular, larger than 16 MiB). */
char *mt_source_line(struct mt_source *source, const char *file, int64_t line);
/* The same with its indentation. */
char *mt_source_line_whole(struct mt_source *source, const char *file, int64_t line);

/* Returns whether the file that its lines come from has been changed after this time (since the
 * epoch). Then they need not be those that were compiled. False when there is no file, and for a
 * time of 0, which is not known. */
bool mt_source_is_newer(struct mt_source *source, const char *file, uint64_t time_ns);

/* Returns when what a profile shows was compiled, at the latest: its start, or before that the
 * last change of the module's file; for a module that has been built again since, the start. 0:
 * not known. */
uint64_t mt_source_built_ns(uint64_t start_time_ns, const char *module);

#endif
