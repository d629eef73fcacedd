/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow, for the reading side (realloc must not be called inside a target). They double,
 * so that adding n elements one by one costs O(n). The pointer to the elements is passed by its
 * address, whatever its type is: NULL is an empty array, and free() gives it back.
 */
#ifndef MT_BASE_ARRAY_H
#define MT_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MT_ARRAY_FIRST = 8 /* elements that the first room is for */ };

/* Private: the array is at items from now on, unless there are none. */
static inline bool mt_array_take(void *array, void *items) {
    if (items)
        memcpy(array, &items, sizeof items);
    return items != NULL;
}

/* Exactly n elements of room. False: out of memory, and the array is as it was. */
static inline bool mt_array_resize(void *array, size_t n, size_t element_bytes) {
    void *items;
    memcpy(&items, array, sizeof items); /* a pointer of another type must not be read as void * */
    return mt_array_take(array, reallocarray(items, n, element_bytes));
}

/* Room for n elements, where there is room for *capacity of them (0: none yet), and more than asked
 * for when it has to grow. False as above. */
static inline bool mt_array_reserve(void *array, size_t *capacity, size_t n, size_t element_bytes) {
    if (n <= *capacity)
        return true;
    size_t wanted = *capacity > MT_ARRAY_FIRST / 2 ? *capacity * 2 : MT_ARRAY_FIRST;
    if (wanted < n)
        wanted = n;
    if (!mt_array_resize(array, wanted, element_bytes))
        return false;
    *capacity = wanted;
    return true;
}

/* The same, and what is added to the room is zero. */
static inline bool mt_array_reserve_zeroed(void *array, size_t *capacity, size_t n,
                                           size_t element_bytes) {
    size_t had = *capacity;
    char *items;
    if (!mt_array_reserve(array, capacity, n, element_bytes))
        return false;
    memcpy(&items, array, sizeof items);
    if (*capacity > had)
        memset(items + had * element_bytes, 0, (*capacity - had) * element_bytes);
    return true;
}

/* Room for one element behind n in an array that keeps no capacity: the next power of two of them.
 * Asking for the room that is there already costs a call of realloc. False as above. */
static inline bool mt_array_grow(void *array, size_t n, size_t element_bytes) {
    size_t wanted = MT_ARRAY_FIRST;
    while (wanted <= n)
        wanted *= 2;
    return mt_array_resize(array, wanted, element_bytes);
}

#endif
