/* SPDX-License-Identifier: MIT */
/* See array.h. */
#include "track/ground/array.h"

#include "base/pages.h"
bool mt_array_start(void **array, size_t bytes) {
    if (*array == NULL)
        *array = mt_pages_new_closed(bytes);
    else
        mt_pages_discard(*array, bytes);
    return *array != NULL;
}
