/* SPDX-License-Identifier: MIT */
/*
 * A closed array, of the process's own: address space for as many items as there can ever be, of
 * which only what is in use can be touched. An item stays where it is.
 */
#ifndef MT_TRACK_CLOSED_H
#define MT_TRACK_CLOSED_H

#include "base/os.h"
#include "base/pages.h"

/* *array, NULL before the first time, becomes such an array of bytes in all, of which nothing is in
 * use; also in a new process. False: no memory. */
MT_HIDDEN bool mt_closed_start(void **array, size_t bytes);

/* The first n items of an array are in use from now on, those that were not before as zeros. False:
 * no memory. */
#define mt_closed_open(array, n) mt_pages_open(array, &(array)[n])

#endif
