/* SPDX-License-Identifier: MIT */
/* See closed.h. */
#include "track/ground/closed.h"

#include "base/pages.h"
bool mt_closed_start(void **array, size_t bytes) {
    if (*array == NULL)
        *array = mt_pages_new_closed(bytes);
    else
        mt_pages_discard(*array, bytes);
    return *array != NULL;
}
