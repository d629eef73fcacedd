/* SPDX-License-Identifier: MIT */
/* The words for what rows of scopes can be sorted by. */
#include "view/scopes/sort.h"

const char mt_scopes_sort_list[] = MT_SCOPES_SORT_LIST;

bool mt_scopes_sort_parse(const char *text, enum mt_scopes_sort *sort) {
    return mt_order_parse(text, sort);
}

const char *mt_scopes_sort_name(enum mt_scopes_sort sort) {
    return mt_order_name(sort);
}
