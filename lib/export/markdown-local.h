/* SPDX-License-Identifier: MIT */
/* Shared by the files of this directory that write Markdown. Private to them. */
#ifndef MT_EXPORT_MARKDOWN_LOCAL_H
#define MT_EXPORT_MARKDOWN_LOCAL_H

#include <stdbool.h>
#include <stdio.h>

/* Write text of unknown origin as a code span, in a paragraph or in a cell of a table; its end is
 * left out when it is long. Return false when out of memory. */
bool mt_markdown_put_code(FILE *out, const char *raw);
bool mt_markdown_put_code_cell(FILE *out, const char *raw);
/* Writes text, so that nothing in it is markup. Returns false when out of memory. */
bool mt_markdown_put(FILE *out, const char *raw);

#endif
