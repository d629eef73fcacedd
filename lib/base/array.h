/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow, on the reading side: a pointer to malloc'ed items, or NULL for none, and how
 * many there are. Adding n items one after the other moves each of them twice on average.
 *
 * Both functions take the address of the pointer. Where there is no memory, or there could not be
 * so much, they return false, and the array is as it was.
 */
#ifndef MT_BASE_ARRAY_H
#define MT_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MT_ARRAY_FIRST = 8 };

static inline bool mt_array_resize(void *items, size_t n, size_t item_bytes) {
    void *old;
    memcpy(&old, items, sizeof old); /* whatever type the pointer has */
    void *grown = reallocarray(old, n, item_bytes);
    if (grown)
        memcpy(items, &grown, sizeof grown);
    return grown != NULL;
}

/* Makes room for n items where there is room for *capacity; zero-initialized is none. */
static inline bool mt_array_reserve(void *items, size_t *capacity, size_t n, size_t item_bytes) {
    if (n <= *capacity)
        return true;
    size_t want = *capacity > MT_ARRAY_FIRST / 2 ? *capacity * 2 : MT_ARRAY_FIRST;
    if (want < n)
        want = n;
    if (!mt_array_resize(items, want, item_bytes))
        return false;
    *capacity = want;
    return true;
}

/*
 * Makes room for one more behind n items, of an array that nobody keeps the capacity of: it follows
 * from n, as long as no other function has made the array larger. Items may be taken from its end.
 */
static inline bool mt_array_grow(void *items, size_t n, size_t item_bytes) {
    bool is_full = n == 0 || (n >= MT_ARRAY_FIRST && (n & (n - 1)) == 0);
    return !is_full || mt_array_resize(items, n ? n * 2 : MT_ARRAY_FIRST, item_bytes);
}

#endif
