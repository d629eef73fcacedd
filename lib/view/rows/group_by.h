/* SPDX-License-Identifier: MIT */
/* What rows can be grouped by, and the words for that. */
#ifndef MT_VIEW_ROWS_GROUP_BY_H
#define MT_VIEW_ROWS_GROUP_BY_H

#include <stdbool.h>

enum mt_group_by {
    MT_BY_LINE,
    MT_BY_FUNCTION,
    MT_BY_FILE,
    MT_BY_MODULE,
    MT_BY_STACK,
    MT_BY_THREAD,
    MT_BY_SCOPE,
    MT_BY_SIZE,
    MT_BY_DOMAIN,
    MT_BY_PROCESS,
    MT_N_BY
};

const char *mt_group_by_name(enum mt_group_by by);
const char *mt_group_by_heading(enum mt_group_by by); /* of a table: "CALL PATH" */
/* Returns what rows are of, as a person says it: "call path", "processes". */
const char *mt_group_by_noun(enum mt_group_by by, bool is_one);
bool mt_group_by_parse(const char *name, enum mt_group_by *by);
bool mt_group_by_is_frame(enum mt_group_by by); /* line, function, file, module */
extern const char mt_group_by_list[];           /* "line|function|...", for messages */

#endif
