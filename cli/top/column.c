/* SPDX-License-Identifier: MIT */
/* The names by which --sort knows the columns. */
#include "top/column.h"

#include <stddef.h>
#include <string.h>

static const char *const column_names[MT_TOP_N_COLUMNS] = {"live",        "change", "rate",
                                                           "allocations", "blocks", "total"};
const char mt_top_column_list[] = "live|change|rate|allocations|blocks|total";

const char *mt_top_column_name(enum mt_top_column column) {
    return column_names[column];
}

bool mt_top_column_parse(const char *name, enum mt_top_column *column) {
    for (size_t i = 0; i < MT_TOP_N_COLUMNS; i++)
        if (strcmp(name, column_names[i]) == 0) {
            *column = (enum mt_top_column)i;
            return true;
        }
    return false;
}
