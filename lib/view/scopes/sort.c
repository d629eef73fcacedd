/* SPDX-License-Identifier: MIT */
/* The words for what rows of scopes can be sorted by. */
#include "view/scopes/sort.h"

#include <stddef.h>
#include <string.h>

static const char *const sort_names[MT_N_SCOPE_SORTS] = {
    "peak",      "net", "allocated", "blocks", "freed",   "self", "time",
    "self-time", "cpu", "count",     "errors", "misuses", "name"};
const char mt_scopes_sort_list[] =
    "peak|net|allocated|blocks|freed|self|time|self-time|cpu|count|errors|misuses|name";

bool mt_scopes_sort_parse(const char *text, enum mt_scopes_sort *sort) {
    for (size_t i = 0; i < MT_N_SCOPE_SORTS; i++)
        if (strcmp(text, sort_names[i]) == 0) {
            *sort = (enum mt_scopes_sort)i;
            return true;
        }
    return false;
}

const char *mt_scopes_sort_name(enum mt_scopes_sort sort) {
    return sort < MT_N_SCOPE_SORTS ? sort_names[sort] : "";
}
