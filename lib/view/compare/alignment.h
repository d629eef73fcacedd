/* SPDX-License-Identifier: MIT */
/*
 * The statements of one function in two builds: which is which, when lines have been added, removed
 * or edited. Private to lib/view.
 */
#ifndef MT_VIEW_COMPARE_ALIGNMENT_H
#define MT_VIEW_COMPARE_ALIGNMENT_H

#include <stddef.h>
#include <stdint.h>

#define MT_ALIGNMENT_NONE UINT32_MAX

struct mt_alignment_point {
    int64_t position; /* its line; where there are none, its offset in the function */
    int64_t start;    /* where the function starts, 0: unknown */
    uint64_t callees; /* what it calls: one bit per name, 0: nothing known */
    uint64_t inner;   /* the same with what these call, as far as they are allocators and standard
                         libraries */
    uint64_t sizes;   /* size classes of the blocks below it, likewise */
    int64_t blocks;   /* allocations at or below it, in total */
    int64_t bytes;
    uint32_t function; /* full name: overloads and instances of a template are aligned together */
    uint32_t text;     /* a number of what the line says, 0: not known */
};

/*
 * Pairs the points of two functions, both sorted by position, without crossing: to[i] becomes the
 * index of the i-th old point's counterpart, or MT_ALIGNMENT_NONE. Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_alignment_find(const struct mt_alignment_point *old_points, size_t n_old,
                      const struct mt_alignment_point *new_points, size_t n_new, uint32_t *to);

#endif
