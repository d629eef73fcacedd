/* SPDX-License-Identifier: MIT */
/* What rows of scopes can be sorted by. */
#ifndef MT_VIEW_SCOPES_SORT_H
#define MT_VIEW_SCOPES_SORT_H

#include <stdbool.h>

#include "ledger/order.h"

bool mt_scopes_sort_parse(const char *text, enum mt_scopes_sort *sort);
const char *mt_scopes_sort_name(enum mt_scopes_sort sort);
extern const char mt_scopes_sort_list[]; /* "peak|net|...", for messages */

#endif
