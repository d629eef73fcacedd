/* SPDX-License-Identifier: MIT */
/*
 * In which scopes did a line allocate? Each sample has its innermost scope and is in one row, so
 * that pairs of both are collected, sorted by row, and given to the lines. In the order of what the
 * line holds in the scope, of the column that rows are sorted by.
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/saturate.h"
#include "base/search.h"
#include "view/annotate/annotate-local.h"
#include "view/rows/rows-local.h"

struct pair {
    uint32_t row;
    mt_string scope;
    int64_t value;
};

struct pairs {
    struct pair *items;
    size_t n, capacity;
};

static int compare_pairs(const void *x, const void *y) {
    const struct pair *a = x, *b = y;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return (a->scope > b->scope) - (a->scope < b->scope);
}

static int compare_values(const void *x, const void *y) {
    const struct pair *a = x, *b = y;
    uint64_t m = mt_saturate_magnitude(a->value), n = mt_saturate_magnitude(b->value);
    return m != n ? (m < n ? 1 : -1) : (a->scope > b->scope) - (a->scope < b->scope);
}

static int collect(struct pairs *pairs, const struct mt_rows *rows) {
    for (size_t s = 0; s < rows->n_samples; s++) {
        const struct mt_sample *sample = &rows->profile->samples[s];
        if (!sample->scope || rows->row_of_sample[s] == UINT32_MAX)
            continue;
        if (!mt_array_reserve(&pairs->items, &pairs->capacity, pairs->n + 1, sizeof *pairs->items))
            return -MEMTRACK_ENOMEM;
        pairs->items[pairs->n++] =
            (struct pair){rows->row_of_sample[s], sample->scope, sample->value[rows->options.sort]};
    }
    return 0;
}

static void join(struct pairs *pairs) {
    size_t n = 0;
    if (pairs->n)
        qsort(pairs->items, pairs->n, sizeof *pairs->items, compare_pairs);
    for (size_t i = 0; i < pairs->n; i++) {
        if (n && compare_pairs(&pairs->items[n - 1], &pairs->items[i]) == 0)
            mt_saturate_add(&pairs->items[n - 1].value, pairs->items[i].value);
        else
            pairs->items[n++] = pairs->items[i];
    }
    pairs->n = n;
}

/* Returns the pairs of a row: *n of them. */
static struct pair *pairs_of(const struct pairs *pairs, uint32_t row, size_t *n) {
    size_t low = MT_PARTITION_POINT(i, pairs->n, pairs->items[i].row < row);
    for (*n = 0; low + *n < pairs->n && pairs->items[low + *n].row == row;)
        ++*n;
    return &pairs->items[low];
}

static void put(struct mt_annotate *annotate, struct mt_annotate_line *line,
                const struct pairs *pairs) {
    struct pair *own =
        pairs_of(pairs, (uint32_t)(line->row - annotate->rows->items), &line->n_scopes);
    line->first_scope = annotate->n_scopes;
    if (line->n_scopes)
        qsort(own, line->n_scopes, sizeof *own, compare_values);
    for (size_t i = 0; i < line->n_scopes; i++)
        annotate->scopes[annotate->n_scopes++] = own[i].scope;
}

int mt_annotate_scopes_find(struct mt_annotate *annotate) {
    struct pairs pairs = {0};
    int status = annotate->rows->row_of_sample ? collect(&pairs, annotate->rows) : 0;
    join(&pairs);
    if (status == 0 && pairs.n && !(annotate->scopes = calloc(pairs.n, sizeof *annotate->scopes)))
        status = -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < annotate->n_lines && status == 0 && pairs.n; i++)
        put(annotate, &annotate->lines[i], &pairs);
    free(pairs.items);
    return status;
}
