/* SPDX-License-Identifier: MIT */
/*
 * A B+ tree of two levels: an array of leaves in order of their first interval, and in each leaf a
 * sorted array. A look-up is two binary searches; a change moves a leaf's part, and when a leaf is
 * split or emptied a part of the first array, which is some thousand pointers at the very most.
 *
 *   order ─►│ leaf │ leaf │ leaf │ …   order[i]->interval[0].begin grows with i; no leaf is empty
 *               │
 *               └─► interval, interval, …  at most LEAF of them
 *
 * A change is made beside what is there, in a new leaf or a new order, and takes its place by one
 * store: so it can be left anywhere, and is made or not. That copies 5 KiB, less than the system
 * call costs that it is about.
 *
 * Leaves come from slabs that are never given back; those that become empty are used again.
 * Rejected: a balanced tree of single nodes (a cache miss for each level), and a plain sorted array
 * (a program with a hundred thousand mappings would move megabytes for each).
 */
#include "track/mappings/intervals.h"

#include "base/atomic.h"
#include "base/pages.h"
#include "ledger/invariants.h"
#include "track/ground/closed.h"

enum { LEAF = 128, LEAVES = 1 << 14, SLAB = 64 };

struct leaf {
    uint32_t n;
    struct leaf *next_free;
    struct mt_interval interval[LEAF];
};

/* The order is an array and its length, changed by one store. The next order is made in the other
 * array. */
static struct {
    struct leaf **leaf;
    uint64_t n;
} order;
static struct leaf *array[2][LEAVES] MT_PAGES_CLOSED; /* each is of whole pages */
static struct leaf *slab[LEAVES / SLAB];
static uint32_t n_given; /* how many of the slabs' leaves have been used */
static struct leaf *free_leaves;

void mt_intervals_start(void) {
    mt_pages_close(array[0], sizeof array[0]);
    mt_pages_close(array[1], sizeof array[1]);
    order.leaf = array[0];
    order.n = n_given = 0;
    free_leaves = NULL;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static struct leaf *new_leaf(void) {
    struct leaf *leaf = free_leaves;
    if (leaf != NULL) {
        free_leaves = leaf->next_free;
    } else {
        uint32_t s = n_given / SLAB;
        if (s >= LEAVES / SLAB ||
            (slab[s] == NULL && (slab[s] = mt_pages_new(SLAB * sizeof *leaf)) == NULL))
            return NULL;
        leaf = &slab[s][n_given++ % SLAB];
    }
    leaf->n = 0;
    return leaf;
}

static void free_leaf(struct leaf *leaf) {
    if (leaf == NULL)
        return;
    leaf->next_free = free_leaves;
    mt_barrier();
    free_leaves = leaf;
}

/* Returns the last leaf that begins at or before address, or else the first one. There must be
 * one. */
static uint32_t leaf_of(uint64_t address) {
    uint32_t low = 0, high = (uint32_t)order.n;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (order.leaf[middle]->interval[0].begin <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Returns the first interval of the leaf that ends after address, or n when there is none. */
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

/* Puts those of fresh[2] that are not NULL in place of n leaves from the i-th on. */
static void publish(uint32_t i, uint32_t n, struct leaf *const *fresh) {
    struct leaf **to = array[order.leaf == array[0]], *old[2] = {NULL, NULL};
    uint32_t m = 0;
    for (uint32_t k = 0; k < n; k++)
        old[k] = order.leaf[i + k];
    if (n == 1 && fresh[0] != NULL && fresh[1] == NULL) {
        mt_barrier(); /* before this the leaf is whole */
        order.leaf[i] = fresh[0];
    } else {
        for (uint32_t k = 0; k < i; k++)
            to[m++] = order.leaf[k];
        for (uint32_t k = 0; k < 2; k++)
            if (fresh[k] != NULL)
                to[m++] = fresh[k];
        for (uint32_t k = i + n; k < order.n; k++)
            to[m++] = order.leaf[k];
        mt_barrier();
        mt_store_pair(&order, (uint64_t)to, m);
    }
    mt_barrier();
    free_leaf(old[0]);
    free_leaf(old[1]);
}

/* Joins the i-th leaf and the one behind it when both together fill at most half a leaf: otherwise
 * sparse leaves would use up the order. */
static void join(uint32_t i) {
    if (i + 1 >= order.n || order.leaf[i]->n + order.leaf[i + 1]->n > LEAF / 2)
        return;
    struct leaf *fresh[2] = {new_leaf(), NULL};
    for (uint32_t k = 0; fresh[0] != NULL && k < 2; k++)
        for (uint32_t j = 0; j < order.leaf[i + k]->n; j++)
            fresh[0]->interval[fresh[0]->n++] = order.leaf[i + k]->interval[j];
    if (fresh[0] != NULL)
        publish(i, 2, fresh);
}

/* ---- intervals ------------------------------------------------------------------------------- */

const struct mt_interval *mt_intervals_after(uint64_t address) {
    if (order.n == 0)
        return NULL;
    uint32_t i = leaf_of(address), k = place_in(order.leaf[i], address);
    if (k < order.leaf[i]->n)
        return &order.leaf[i]->interval[k];
    return i + 1 < order.n ? &order.leaf[i + 1]->interval[0] : NULL;
}

/* Appends the next interval to the first of two leaves or, when that has most, to the second. */
static void append(struct leaf *const *fresh, uint32_t most, const struct mt_interval *m) {
    struct leaf *to = fresh[0] != NULL && fresh[0]->n < most ? fresh[0] : fresh[1];
    if (to != NULL) /* it never is: there is a second leaf when the first does not suffice */
        to->interval[to->n++] = *m;
}

/* Makes a place for one more leaf in both arrays. Returns false when there is none. */
static bool can_grow(void) {
    return order.n < LEAVES && mt_closed_open(array[0], order.n + 1) &&
           mt_closed_open(array[1], order.n + 1);
}

/* Replaces n_gone intervals of the i-th leaf, from the k-th on, by n of part. Returns false when
 * there is no room; then nothing has changed. */
static bool edit(uint32_t i, uint32_t k, uint32_t n_gone, const struct mt_interval *part,
                 uint32_t n) {
    static const struct leaf none;
    const struct leaf *old = order.n != 0 ? order.leaf[i] : &none;
    uint32_t all = old->n - n_gone + n, most = all > LEAF ? LEAF / 2 : LEAF;
    struct leaf *fresh[2] = {all != 0 ? new_leaf() : NULL, all > LEAF ? new_leaf() : NULL};
    bool is_room = (all == 0 || fresh[0] != NULL) &&
                   (all <= LEAF || (fresh[1] != NULL && can_grow())) &&
                   (order.n != 0 || (all != 0 && can_grow()));
    if (!is_room) {
        free_leaf(fresh[0]);
        free_leaf(fresh[1]);
        return false;
    }
    for (uint32_t j = 0; j < k; j++)
        append(fresh, most, &old->interval[j]);
    for (uint32_t j = 0; j < n; j++)
        append(fresh, most, &part[j]);
    for (uint32_t j = k + n_gone; j < old->n; j++)
        append(fresh, most, &old->interval[j]);
    publish(i, order.n != 0, fresh);
    return true;
}

bool mt_intervals_insert(struct mt_interval interval) {
    uint32_t i = order.n != 0 ? leaf_of(interval.begin) : 0;
    uint32_t k = order.n != 0 ? place_in(order.leaf[i], interval.begin) : 0;
    return edit(i, k, 0, &interval, 1);
}

bool mt_intervals_reserve(void) {
    /* A change needs two, and joining one. */
    struct leaf *fresh[3] = {new_leaf(), new_leaf(), new_leaf()};
    bool is_room = fresh[1] != NULL && can_grow();
    for (uint32_t i = 0; i < 3; i++)
        free_leaf(fresh[i]);
    return is_room;
}

/* Replaces one interval by n of part, at most one, when there is no memory for another leaf: what
 * does not grow can be changed where it is. */
static void edit_in_place(struct leaf *leaf, uint32_t k, const struct mt_interval *part,
                          uint32_t n) {
    if (n != 0) {
        leaf->interval[k] = *part;
        return;
    }
    leaf->n--;
    for (; k < leaf->n; k++)
        leaf->interval[k] = leaf->interval[k + 1];
}

void mt_intervals_replace(uint64_t begin, const struct mt_interval *part, uint32_t n) {
    uint32_t i = leaf_of(begin), k = place_in(order.leaf[i], begin);
    if (!edit(i, k, 1, part, n))
        edit_in_place(order.leaf[i], k, part, n);
    join(i);
    if (i > 0)
        join(i - 1);
}

void mt_intervals_erase(uint64_t begin) {
    mt_intervals_replace(begin, NULL, 0);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_intervals_check(void) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < order.n; i++) {
        MT_MUST(order.leaf[i]->n > 0 && order.leaf[i]->n <= LEAF,
                "intervals: a leaf is empty, or too full");
        for (uint32_t k = 0; k < order.leaf[i]->n; k++) {
            const struct mt_interval *m = &order.leaf[i]->interval[k];
            MT_MUST(m->begin < m->end, "intervals: one is empty");
            MT_MUST(m->begin >= end, "intervals: they overlap, or are out of order");
            end = m->end;
        }
    }
    return NULL;
}
#endif
