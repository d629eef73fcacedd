/* SPDX-License-Identifier: MIT */
/* Source lines with their figures on a terminal. */
#ifndef MT_CLI_TEXT_ANNOTATE_TABLE_H
#define MT_CLI_TEXT_ANNOTATE_TABLE_H

#include "text/table.h"
#include "view/annotate/annotate.h"
#include "view/source.h"

struct mt_annotate_table_options {
    struct mt_table_options table; /* n: as in the request */
    int64_t around; /* lines that are shown around one with figures; INT64_MAX: whole files */
};

void mt_annotate_table_print(const struct mt_terminal *terminal, const struct mt_annotate *annotate,
                             struct mt_source *source,
                             const struct mt_annotate_table_options *options);

#endif
