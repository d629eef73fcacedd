/* SPDX-License-Identifier: MIT */
/*
 * A B+ tree of two levels: an array of leaves in order of their first interval, and in each leaf a sorted array. A look-up
 * is two binary searches; a change moves a leaf's part, and when a leaf is split or emptied a part of the first array,
 * which is some thousand pointers at the very most.
 *
 *   order ─►│ leaf │ leaf │ leaf │ …      order[i]->interval[0].begin grows with i; no leaf is empty
 *               │
 *               └─► interval, interval, …  at most LEAF of them
 *
 * Leaves come from slabs that are never given back; those that become empty are used again. Rejected: a balanced tree of
 * single nodes (a cache miss for each level), and a plain sorted array (a program with a hundred thousand mappings would
 * move megabytes for each).
 */
#include "track/intervals.h"

#include "track/check.h"

enum { LEAF = 128, LEAVES = 1 << 14, SLAB = 64 };

struct leaf {
    uint32_t n;
    struct leaf *next_free;
    struct mt_interval interval[LEAF];
};

static struct leaf *order[LEAVES] MT_OS_CLOSED;
static uint32_t n_order;
static struct leaf *slab[LEAVES / SLAB];
static uint32_t n_given; /* of the slabs' leaves, those that have been used */
static struct leaf *free_leaves;

void mt_intervals_start(void) {
    mt_os_close(order, sizeof order);
    n_order = n_given = 0;
    free_leaves = NULL;
}

/* ---- leaves ----------------------------------------------------------------------------------------------------- */

static struct leaf *new_leaf(void) {
    struct leaf *leaf = free_leaves;
    if (leaf != NULL) {
        free_leaves = leaf->next_free;
    } else {
        uint32_t s = n_given / SLAB;
        if (s >= LEAVES / SLAB || (slab[s] == NULL && (slab[s] = mt_os_private(SLAB * sizeof *leaf)) == NULL))
            return NULL;
        leaf = &slab[s][n_given++ % SLAB];
    }
    leaf->n = 0;
    return leaf;
}

/* A new leaf as the i-th, or NULL. */
static struct leaf *add_leaf(uint32_t i) {
    struct leaf *leaf = n_order < LEAVES && mt_os_open(order, &order[n_order + 1]) ? new_leaf() : NULL;
    if (leaf == NULL)
        return NULL;
    for (uint32_t k = n_order++; k > i; k--)
        order[k] = order[k - 1];
    order[i] = leaf;
    return leaf;
}

static void remove_leaf(uint32_t i) {
    order[i]->next_free = free_leaves;
    free_leaves = order[i];
    n_order--;
    for (uint32_t k = i; k < n_order; k++)
        order[k] = order[k + 1];
}

/* The last that begins at or before address; else the first. There is one. */
static uint32_t leaf_of(uint64_t address) {
    uint32_t low = 0, high = n_order;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (order[middle]->interval[0].begin <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first interval of the leaf that ends after address; n when there is none. */
static uint32_t place_in(const struct leaf *leaf, uint64_t address) {
    uint32_t low = 0, high = leaf->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (leaf->interval[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The upper half of the i-th leaf moves into a new one behind it. */
static bool split(uint32_t i) {
    struct leaf *from = order[i], *to = add_leaf(i + 1);
    if (to == NULL)
        return false;
    from->n = LEAF / 2;
    to->n = LEAF - LEAF / 2;
    for (uint32_t k = 0; k < to->n; k++)
        to->interval[k] = from->interval[LEAF / 2 + k];
    return true;
}

/* The leaf behind the i-th moves into it when both together fill half a leaf: else sparse ones would use up the order. */
static void join(uint32_t i) {
    if (i + 1 >= n_order || order[i]->n + order[i + 1]->n > LEAF / 2)
        return;
    struct leaf *to = order[i], *from = order[i + 1];
    for (uint32_t k = 0; k < from->n; k++)
        to->interval[to->n + k] = from->interval[k];
    to->n += from->n;
    remove_leaf(i + 1);
}

/* ---- intervals -------------------------------------------------------------------------------------------------- */

struct mt_interval *mt_intervals_after(uint64_t address) {
    if (n_order == 0)
        return NULL;
    uint32_t i = leaf_of(address), k = place_in(order[i], address);
    if (k < order[i]->n)
        return &order[i]->interval[k];
    return i + 1 < n_order ? &order[i + 1]->interval[0] : NULL;
}

bool mt_intervals_insert(struct mt_interval interval) {
    if (n_order == 0 && add_leaf(0) == NULL)
        return false;
    uint32_t i = leaf_of(interval.begin);
    if (order[i]->n == LEAF) {
        if (!split(i))
            return false;
        i = leaf_of(interval.begin);
    }
    struct leaf *leaf = order[i];
    uint32_t k = place_in(leaf, interval.begin);
    for (uint32_t j = leaf->n++; j > k; j--)
        leaf->interval[j] = leaf->interval[j - 1];
    leaf->interval[k] = interval;
    return true;
}

void mt_intervals_erase(uint64_t begin) {
    uint32_t i = leaf_of(begin);
    struct leaf *leaf = order[i];
    uint32_t k = place_in(leaf, begin);
    leaf->n--;
    for (; k < leaf->n; k++)
        leaf->interval[k] = leaf->interval[k + 1];
    if (leaf->n == 0)
        remove_leaf(i);
    else
        join(i);
    if (i > 0)
        join(i - 1);
}

/* ---- the walker ------------------------------------------------------------------------------------------------- */

#ifdef MEMTRACK_CHECKS
const char *mt_intervals_check(void) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < n_order; i++) {
        MT_MUST(order[i]->n > 0 && order[i]->n <= LEAF, "intervals: a leaf is empty, or too full");
        for (uint32_t k = 0; k < order[i]->n; k++) {
            const struct mt_interval *m = &order[i]->interval[k];
            MT_MUST(m->begin < m->end, "intervals: one is empty");
            MT_MUST(m->begin >= end, "intervals: they overlap, or are out of order");
            end = m->end;
        }
    }
    return NULL;
}
#endif
