/* SPDX-License-Identifier: MIT */
/* Chosen functions line by line (view/lines/lines.h), as people of memory_profiler and
 * line_profiler know it. */
#ifndef MT_CLI_TEXT_LINES_TABLE_H
#define MT_CLI_TEXT_LINES_TABLE_H

#include "text/terminal.h"
#include "view/lines/lines.h"
#include "view/source.h"

struct mt_lines_table_options {
    bool exact_bytes, full_names;
};

/* source may be NULL when sources are not to be looked for. */
void mt_lines_table_print(const struct mt_terminal *terminal, const struct mt_lines *lines,
                          struct mt_source *source, const struct mt_lines_table_options *options);

#endif
