/* SPDX-License-Identifier: MIT */
/* Sorting of what has figures and a name. Private to lib/view. */
#ifndef MT_VIEW_ROWS_ORDER_H
#define MT_VIEW_ROWS_ORDER_H

#include <stddef.h>

typedef int mt_rows_order_compare(const void *left, const void *right, void *context);

/* Sorts by the values; then each run of equals by name, as far as somebody will look (n_named, 0:
 * all of them). Most paths of a big profile hold nothing any more: putting 300,000 of them in order
 * of their names would take longer than all the rest. */
void mt_rows_order_items(void *items, size_t n, size_t item_bytes, size_t n_named,
                         mt_rows_order_compare *values, mt_rows_order_compare *names,
                         void *context);

#endif
