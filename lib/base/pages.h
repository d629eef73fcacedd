/* SPDX-License-Identifier: MIT */
/*
 * The recorder's own memory, apart from the ledger: whole pages of the kernel's. All functions: any
 * thread, any context, unless they say otherwise; no libc, no allocator.
 */
#ifndef MT_BASE_PAGES_H
#define MT_BASE_PAGES_H

#include "base/os.h"

/* Returns zeroed private memory (not part of the ledger), or NULL. The kernel rounds bytes up to
 * pages. */
MT_HIDDEN void *mt_pages_new(size_t bytes);
/*
 * These are arrays that are as large as their ids can be, and are used from the beginning on. What
 * can be written counts against RLIMIT_DATA, used or not. So the arrays can only be read, as zeros,
 * and are opened as far as they are used. One thread at a time for each.
 */
#define MT_PAGES_CLOSED __attribute__((aligned(MT_OS_PAGE)))
/* Returns a new array, or NULL. */
MT_HIDDEN void *mt_pages_new_closed(size_t bytes);
/* Makes an array of a declared one that holds only zeros and has pages of its own. At the start,
 * any number of times. */
MT_HIDDEN void mt_pages_close(void *array, size_t bytes);
/* Makes everything before end writable. Returns false when there is no memory for it. Any array
 * will do, also one that is open. */
MT_HIDDEN bool mt_pages_open(void *array, const void *end);
/* Opens all of it, before a filter may forbid that. */
MT_HIDDEN void mt_pages_open_all(void);
/* Sets private memory aside for mt_pages_new, for when mmap may not be called any more, or locks
 * what it maps. It costs address space, and memory only as it is used. To be called once. */
MT_HIDDEN void mt_pages_reserve(size_t bytes);
/* After mlockall(MCL_FUTURE), what is mapped from now on is locked. */
MT_HIDDEN extern bool mt_pages_are_locked;
/* Visits each piece of private memory, and what has been set aside. */
MT_HIDDEN void mt_pages_each(void (*visit)(void *context, uint64_t begin, uint64_t end),
                             void *context);
/* Gives the pages back; the range stays readable and reads as zero. */
MT_HIDDEN void mt_pages_discard(void *memory, size_t bytes);
MT_HIDDEN void mt_pages_prefer_huge(void *memory, size_t bytes);
MT_HIDDEN void mt_pages_unmap(void *memory, size_t bytes);

#endif
