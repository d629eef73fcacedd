/* SPDX-License-Identifier: MIT */
/* What rows of scopes can be sorted by. */
#ifndef MT_VIEW_SCOPES_SORT_H
#define MT_VIEW_SCOPES_SORT_H

#include <stdbool.h>

enum mt_scopes_sort {
    MT_SCOPE_BY_PEAK, /* the highest of any scope */
    MT_SCOPE_BY_NET,
    MT_SCOPE_BY_ALLOCATED,
    MT_SCOPE_BY_BLOCKS,
    MT_SCOPE_BY_FREED,
    MT_SCOPE_BY_SELF, /* allocated, without inner scopes */
    MT_SCOPE_BY_TIME,
    MT_SCOPE_BY_SELF_TIME,
    MT_SCOPE_BY_CPU,
    MT_SCOPE_BY_COUNT,
    MT_SCOPE_BY_ERRORS,
    MT_SCOPE_BY_MISUSES,
    MT_SCOPE_BY_NAME,
    MT_N_SCOPE_SORTS
};
bool mt_scopes_sort_parse(const char *text, enum mt_scopes_sort *sort);
const char *mt_scopes_sort_name(enum mt_scopes_sort sort);
extern const char mt_scopes_sort_list[]; /* "peak|net|...", for messages */

#endif
