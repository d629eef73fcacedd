/* SPDX-License-Identifier: MIT */
/* Call paths folded into costs of lines and of calls. Private to lib/export. */
#ifndef MT_EXPORT_CALLGRIND_COSTS_H
#define MT_EXPORT_CALLGRIND_COSTS_H

#include <stdbool.h>

#include "export/frame_table.h"

#define MT_CALLGRIND_SELF UINT32_MAX /* as callee: what the line itself was charged with */

struct mt_callgrind_cost {
    uint32_t function, callee; /* numbers of functions */
    int64_t line, callee_line;
    int64_t calls; /* blocks that were allocated through the call */
    int64_t value[MT_N_VALUES];
    uint32_t next; /* private: the function's next cost, + 1 */
};

struct mt_callgrind_costs {
    struct mt_stacks stacks;
    struct mt_frame_table functions;
    struct mt_callgrind_cost *items;
    size_t n, capacity;
    struct mt_identities ids;
    uint32_t *first, *last; /* of each function, + 1; 0: none */
    size_t n_first, n_last;
    size_t *last_row; /* of each function: the row on whose path it was last, + 1 */
    size_t n_last_row;
};

/* Folds the first n rows. Returns false when out of memory; to be freed all the same. */
bool mt_callgrind_costs_init(struct mt_callgrind_costs *costs, const struct mt_rows *rows,
                             size_t n);
void mt_callgrind_costs_free(struct mt_callgrind_costs *costs);
/* Returns the first cost of a function, or the one after a cost; NULL: no more. */
const struct mt_callgrind_cost *mt_callgrind_costs_of(const struct mt_callgrind_costs *costs,
                                                      uint32_t function);
const struct mt_callgrind_cost *mt_callgrind_costs_next(const struct mt_callgrind_costs *costs,
                                                        const struct mt_callgrind_cost *cost);

#endif
