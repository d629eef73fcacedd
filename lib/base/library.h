/* SPDX-License-Identifier: MIT */
/* A shared library that one command needs, and that no other is to wait for: loaded when it is
 * used. */
#ifndef MT_BASE_LIBRARY_H
#define MT_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

struct mt_library {
    const char *soname;       /* the one whose headers were compiled against */
    const char *package;      /* that holds it, where this was built; "": not known */
    const char *const *names; /* of the functions that are called */
    size_t n;
    void *functions; /* to be filled in: their addresses, in this order, one behind the other */
};

/* Loads the library, for as long as the process lives, and fills in the functions. A second call is
 * cheap. Returns 0 or -MEMTRACK_EIO: it is not there, cannot be loaded, or lacks one of them. By one
 * thread at a time. */
int mt_library_load(const struct mt_library *library, struct mt_error *error);

#endif
