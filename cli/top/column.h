/* SPDX-License-Identifier: MIT */
/* What `memtrack top` shows of a row. */
#ifndef MT_CLI_TOP_COLUMN_H
#define MT_CLI_TOP_COLUMN_H

#include <stdbool.h>

enum mt_top_column {
    MT_TOP_LIVE,        /* bytes */
    MT_TOP_CHANGE,      /* bytes live now, minus those at the mark */
    MT_TOP_RATE,        /* bytes allocated per second */
    MT_TOP_ALLOCATIONS, /* blocks allocated per second */
    MT_TOP_BLOCKS,      /* blocks live */
    MT_TOP_TOTAL,       /* bytes allocated since the recording began */
    /* these are not shown in tables: */
    MT_TOP_TOTAL_BLOCKS,
    MT_TOP_CHANGE_BLOCKS,
    MT_TOP_N_VALUES,
    MT_TOP_N_COLUMNS = MT_TOP_TOTAL + 1,
};

const char *mt_top_column_name(enum mt_top_column column); /* "live", "change", ... */
bool mt_top_column_parse(const char *name, enum mt_top_column *column);
extern const char mt_top_column_list[]; /* "live|change|...", for messages */

#endif
