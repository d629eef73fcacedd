/* SPDX-License-Identifier: MIT */
/* What rows of scopes can be sorted by: the same words in the program (memtrack_scopes_print) and in
 * the command. */
#ifndef MT_LEDGER_ORDER_H
#define MT_LEDGER_ORDER_H

#include "base/text.h"

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

#define MT_SCOPES_SORT_LIST                                                                        \
    "peak|net|allocated|blocks|freed|self|time|self-time|cpu|count|errors|misuses|name"

/* Returns the word for an order, "" for none. */
static inline const char *mt_order_name(enum mt_scopes_sort sort) {
    static const char names[MT_N_SCOPE_SORTS][12] = {
        "peak",      "net", "allocated", "blocks", "freed",   "self", "time",
        "self-time", "cpu", "count",     "errors", "misuses", "name"};
    return sort < MT_N_SCOPE_SORTS ? names[sort] : "";
}

/* Returns false when there is no such order. */
static inline bool mt_order_parse(const char *text, enum mt_scopes_sort *sort) {
    for (int i = 0; i < MT_N_SCOPE_SORTS; i++)
        if (mt_text_is(text, mt_order_name((enum mt_scopes_sort)i))) {
            *sort = (enum mt_scopes_sort)i;
            return true;
        }
    return false;
}

#endif
