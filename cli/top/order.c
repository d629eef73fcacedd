/* SPDX-License-Identifier: MIT */
/*
 * Only as many lines are put in order as can be seen: a selection, then a sort of what was
 * selected.
 */
#include "top/order.h"

#include <stdlib.h>

/* Puts the largest first, and a change by its size, in whichever direction. Equals keep the order
 * of the rows, which is by name. */
static bool comes_before(const struct mt_top_line *a, const struct mt_top_line *b,
                         enum mt_top_column sort) {
    int64_t x = a->value[sort], y = b->value[sort];
    if (sort == MT_TOP_CHANGE) {
        x = x < 0 ? -(x + 1) : x;
        y = y < 0 ? -(y + 1) : y;
    }
    if (x != y)
        return x > y;
    if (a->value[MT_TOP_LIVE] != b->value[MT_TOP_LIVE])
        return a->value[MT_TOP_LIVE] > b->value[MT_TOP_LIVE];
    return a->row < b->row;
}

static int compare_lines(const void *a, const void *b, void *sort) {
    return comes_before(a, b, *(enum mt_top_column *)sort) ? -1 : 1;
}

static void swap_lines(struct mt_top_line *a, struct mt_top_line *b) {
    struct mt_top_line kept = *a;
    *a = *b;
    *b = kept;
}

/* Moves the first n of them to the front, in any order (Hoare's selection; no two lines are
 * equal). */
static void select_first(struct mt_top_line *lines, size_t count, size_t n,
                         enum mt_top_column sort) {
    size_t low = 0, high = count;
    while (high - low > 1 && n > low && n < high) {
        struct mt_top_line pivot = lines[low + (high - low) / 2];
        size_t i = low, j = high - 1;
        for (;; i++, j--) {
            while (comes_before(&lines[i], &pivot, sort))
                i++;
            while (comes_before(&pivot, &lines[j], sort))
                j--;
            if (i >= j)
                break;
            swap_lines(&lines[i], &lines[j]);
        }
        if (n <= i)
            high = i;
        else
            low = i;
        if (low == high)
            break;
    }
}

void mt_top_order(struct mt_top_line *lines, size_t count, size_t n, enum mt_top_column sort) {
    if (n && n < count)
        select_first(lines, count, n, sort);
    else
        n = count;
    qsort_r(lines, n, sizeof *lines, compare_lines, &sort);
}
