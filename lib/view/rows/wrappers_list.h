/* SPDX-License-Identifier: MIT */
/* Names of functions that are known not to be the one that wanted the memory. Private to
 * lib/view. */
#ifndef MT_VIEW_ROWS_WRAPPERS_LIST_H
#define MT_VIEW_ROWS_WRAPPERS_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum mt_wrappers_list {
    MT_WRAPPERS_ALLOCATING, /* whatever module they are in */
    MT_WRAPPERS_LIBC,       /* that allocate what they return, when they are the C library's */
    MT_WRAPPERS_RUNTIME,    /* that start programs and threads */
};

/* Is the qualified name, of so many bytes, in the list? */
bool mt_wrappers_list_has(enum mt_wrappers_list list, const char *name, size_t bytes);

/* Returns a name that is out of order and cannot be found, or NULL: for the tests. */
const char *mt_wrappers_list_check(void);

#endif
