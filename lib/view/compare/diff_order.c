/* SPDX-License-Identifier: MIT */
/* The order of the rows of a difference: see diff.h. */
#include "base/saturate.h"
#include "view/compare/diff-local.h"
#include "view/rows/order.h"

static int descending(int64_t x, int64_t y) {
    return x > y ? -1 : x < y;
}

static int descending_magnitude(int64_t x, int64_t y) {
    uint64_t a = mt_saturate_magnitude(x), b = mt_saturate_magnitude(y);
    return a > b ? -1 : a < b;
}

static int compare_values(const void *left, const void *right, void *context) {
    const struct mt_diff *diff = context;
    const struct mt_diff_row *x = left, *y = right;
    const enum mt_value columns[] = {diff->sort, mt_diff_companion(diff->sort)};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        enum mt_value v = columns[i];
        int order = descending_magnitude(x->diff[v], y->diff[v]);
        if (!order)
            order = descending(x->value[MT_NEW][v], y->value[MT_NEW][v]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_names(const void *left, const void *right, void *context) {
    const struct mt_diff *diff = context;
    const struct mt_diff_row *x = left, *y = right;
    enum mt_side side = mt_diff_named_by(x);
    if (side != mt_diff_named_by(y))
        return side == MT_NEW ? -1 : 1;
    int order = mt_rows_order_names(diff->rows[side], x->row[side], y->row[side]);
    return order ? order : x->row[side] < y->row[side] ? -1 : x->row[side] > y->row[side];
}

void mt_diff_order(struct mt_diff *diff) {
    mt_rows_order_items(diff->items, diff->n, sizeof *diff->items, diff->n_named, compare_values,
                        compare_names, diff);
}
