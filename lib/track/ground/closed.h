/* SPDX-License-Identifier: MIT */
/*
 * A closed array, of the process's own: address space for as many items as there can ever be, of
 * which only what is in use can be touched. An item stays where it is.
 */
#ifndef MT_TRACK_CLOSED_H
#define MT_TRACK_CLOSED_H

#include "base/os.h"
#include "base/pages.h"

/* Makes *array, which is NULL before the first time, a closed array of bytes in all, of which
 * nothing is in use. In a new process it is made so again. Returns false when there is no
 * memory. */
MT_HIDDEN bool mt_closed_start(void **array, size_t bytes);

/* Lets the first n items of an array be used; those that were not in use before are zeros. Returns
 * false when there is no memory. */
#define mt_closed_open(array, n) mt_pages_open(array, &(array)[n])

#endif
