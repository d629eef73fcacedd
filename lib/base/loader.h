/* SPDX-License-Identifier: MIT */
/*
 * The dynamic loader's list of objects, under the names that debuggers use. Both are weak: which of
 * them is there says whose loader has loaded us. A child can be of another libc than its parent,
 * whose LD_PRELOAD it has.
 */
#ifndef MT_BASE_LOADER_H
#define MT_BASE_LOADER_H

#include <link.h>
#include <stdbool.h>

#pragma weak _r_debug /* glibc's */
extern struct r_debug *_dl_debug_addr
    __attribute__((weak)); /* musl's is the same, as far as its list goes */

static inline bool mt_loader_is_glibc(void) {
    return &_r_debug != NULL;
}

/* Returns the first object, which is the program, or NULL when nobody knows it. */
static inline const struct link_map *mt_loader_first(void) {
    if (mt_loader_is_glibc())
        return _r_debug.r_map;
    return &_dl_debug_addr != NULL && _dl_debug_addr != NULL ? _dl_debug_addr->r_map : NULL;
}

#endif
