/* SPDX-License-Identifier: MIT */
/*
 * The recorder's own memory, apart from the ledger: whole pages of the kernel's. All functions: any
 * thread, any context, unless they say otherwise; no libc, no allocator.
 */
#ifndef MT_BASE_PAGES_H
#define MT_BASE_PAGES_H

#include "base/os.h"

/* Zeroed private memory (not part of the ledger), or NULL. bytes is rounded up to pages by the
 * kernel. */
MT_HIDDEN void *mt_pages_new(size_t bytes);
/*
 * Arrays that are large by their ids and used from the beginning on. What can be written counts
 * against RLIMIT_DATA, used or not; so they can be read only, as zeros, and are opened as far as
 * they are used. One thread at a time for each.
 */
#define MT_PAGES_CLOSED __attribute__((aligned(MT_OS_PAGE)))
/* A new one, or NULL. */
MT_HIDDEN void *mt_pages_new_closed(size_t bytes);
/* One that is declared so, in which only zeros are, and which has pages of its own: at the start,
 * any number of times. */
MT_HIDDEN void mt_pages_close(void *array, size_t bytes);
/* What lies before end can be written from now on. False: there is no memory for it. Any array,
 * also one that is open. */
MT_HIDDEN bool mt_pages_open(void *array, const void *end);
/* Before a filter may forbid it: all of them. */
MT_HIDDEN void mt_pages_open_all(void);
/* Set private memory aside for mt_pages_new, for when mmap may not be called any more, or locks
 * what it maps. It costs address space, and memory only as it is used. Once. */
MT_HIDDEN void mt_pages_reserve(size_t bytes);
/* mlockall(MCL_FUTURE): what is mapped from now on is locked. */
MT_HIDDEN extern bool mt_pages_are_locked;
/* Each piece of private memory, and what has been set aside. */
MT_HIDDEN void mt_pages_each(void (*visit)(void *context, uint64_t begin, uint64_t end),
                             void *context);
/* Give the pages back; the range stays readable and reads as zero. */
MT_HIDDEN void mt_pages_discard(void *memory, size_t bytes);
MT_HIDDEN void mt_pages_prefer_huge(void *memory, size_t bytes);
MT_HIDDEN void mt_pages_unmap(void *memory, size_t bytes);

#endif
