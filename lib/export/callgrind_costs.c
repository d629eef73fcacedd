/* SPDX-License-Identifier: MIT */
/*
 * Each path adds its figures to the line that is charged, and to the calls on it: caller, line,
 * callee. Of a recursion the outermost call counts, so that what the calls of a function add up to
 * is what was allocated below it, as in report --cumulative, and never more than there is.
 */
#include "export/callgrind_costs.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/saturate.h"

static bool link_to_function(struct mt_callgrind_costs *costs, uint32_t function, uint32_t cost) {
    if (!mt_array_reserve_zeroed(&costs->first, &costs->n_first, (size_t)function + 1,
                                 sizeof *costs->first) ||
        !mt_array_reserve_zeroed(&costs->last, &costs->n_last, (size_t)function + 1,
                                 sizeof *costs->last))
        return false;
    if (costs->last[function])
        costs->items[costs->last[function] - 1].next = cost + 1;
    else
        costs->first[function] = cost + 1;
    costs->last[function] = cost + 1;
    return true;
}

/* Returns the cost of a line itself, or of its calls of callee; NULL: out of memory. */
static struct mt_callgrind_cost *cost_of(struct mt_callgrind_costs *costs, uint32_t function,
                                         int64_t line, uint32_t callee) {
    int64_t id =
        mt_identity_id(&costs->ids, (struct mt_identity){.tag = MT_ID_LINE,
                                                         .a = (uint64_t)function << 32 | callee,
                                                         .b = (uint64_t)line});
    if (id < 0)
        return NULL;
    if ((size_t)id == costs->n) {
        if (!mt_array_reserve(&costs->items, &costs->capacity, costs->n + 1, sizeof *costs->items))
            return NULL;
        costs->items[costs->n++] =
            (struct mt_callgrind_cost){.function = function, .callee = callee, .line = line};
        if (!link_to_function(costs, function, (uint32_t)id))
            return NULL;
    }
    return &costs->items[id];
}

static void count(struct mt_callgrind_cost *cost, const struct mt_row *row) {
    mt_saturate_add(&cost->calls, row->value[MT_VALUE_TOTAL_BLOCKS]);
    for (size_t v = 0; v < MT_N_VALUES; v++)
        mt_saturate_add(&cost->value[v], row->value[v]);
}

/* A line means something in its file alone. */
static int64_t line_of(const struct mt_row_frame *frame) {
    return frame && frame->file && frame->line > 0 ? frame->line : 0;
}

/* Adds a row to the line of a frame, as its own or as what it called. */
static bool add_cost(struct mt_callgrind_costs *costs, const struct mt_row *row,
                     const struct mt_row_frame *frame, uint32_t function, uint32_t callee,
                     int64_t callee_line) {
    struct mt_callgrind_cost *cost = cost_of(costs, function, line_of(frame), callee);
    if (!cost)
        return false;
    cost->callee_line = callee_line;
    count(cost, row);
    return true;
}

/* Notes that the function is on the path of the i-th row. Returns false when it was already. */
static bool enter(struct mt_callgrind_costs *costs, uint32_t function, size_t i) {
    bool is_first = costs->last_row[function] != i + 1;
    costs->last_row[function] = i + 1;
    return is_first;
}

static bool add_row(struct mt_callgrind_costs *costs, const struct mt_row *row, size_t i) {
    const struct mt_row_frame *caller = NULL;
    int64_t outer = 0;
    if (!mt_stacks_read(&costs->stacks, row))
        return false;
    for (size_t f = costs->stacks.n; f-- > 0;) {
        const struct mt_row_frame *frame = &costs->stacks.frames[f];
        int64_t function = mt_frame_table_index(&costs->functions, frame);
        if (function < 0 || !mt_array_reserve_zeroed(&costs->last_row, &costs->n_last_row,
                                                     (size_t)function + 1, sizeof *costs->last_row))
            return false;
        if (enter(costs, (uint32_t)function, i) && caller &&
            !add_cost(costs, row, caller, (uint32_t)outer, (uint32_t)function, line_of(frame)))
            return false;
        caller = frame;
        outer = function;
    }
    return add_cost(costs, row, caller, (uint32_t)outer, MT_CALLGRIND_SELF, 0);
}

bool mt_callgrind_costs_init(struct mt_callgrind_costs *costs, const struct mt_rows *rows,
                             size_t n) {
    *costs = (struct mt_callgrind_costs){0};
    mt_stacks_init(&costs->stacks, rows);
    bool done = mt_frame_table_init(&costs->functions, &costs->stacks, MT_FRAME_FUNCTION);
    for (size_t i = 0; done && i < n; i++)
        done = add_row(costs, mt_rows_at(rows, i), i);
    return done;
}

void mt_callgrind_costs_free(struct mt_callgrind_costs *costs) {
    mt_frame_table_free(&costs->functions);
    mt_stacks_free(&costs->stacks);
    mt_identity_free(&costs->ids);
    free(costs->items);
    free(costs->first);
    free(costs->last);
    free(costs->last_row);
    *costs = (struct mt_callgrind_costs){0};
}

static const struct mt_callgrind_cost *cost_at(const struct mt_callgrind_costs *costs,
                                               uint32_t place) {
    return place ? &costs->items[place - 1] : NULL;
}

const struct mt_callgrind_cost *mt_callgrind_costs_of(const struct mt_callgrind_costs *costs,
                                                      uint32_t function) {
    return cost_at(costs, function < costs->n_first ? costs->first[function] : 0);
}

const struct mt_callgrind_cost *mt_callgrind_costs_next(const struct mt_callgrind_costs *costs,
                                                        const struct mt_callgrind_cost *cost) {
    return cost_at(costs, cost->next);
}
