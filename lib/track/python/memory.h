/* SPDX-License-Identifier: MIT */
/*
 * Reading what belongs to an interpreter. A page is asked for before anything on it is read for
 * the first time; after that it is taken for granted as long as the interpreter leads there, which
 * is about to read it itself: a frame that runs holds its code, and the code its texts. Owner
 * thread only, inside of an event; nothing here locks, allocates or faults.
 */
#ifndef MT_TRACK_PYTHON_MEMORY_H
#define MT_TRACK_PYTHON_MEMORY_H

#include "base/os.h"
#include "track/thread/python_part.h"

/* Added to the number of a page that is known to be there: an empty place is not page 0. */
#define MT_PYTHON_PAGE_IS_THERE (UINT64_C(1) << 63)

/* Returns where a page is among those that are known to be there, if it is: the first of
 * MT_PYTHON_PAGE_WAYS places. */
static inline uint64_t *mt_python_memory_known(struct mt_python_part *p, uint64_t page) {
    return &p->page[page % (1 << MT_PYTHON_PAGES_BITS) * MT_PYTHON_PAGE_WAYS];
}

/* The slow half of mt_python_memory_is_there. */
MT_HIDDEN bool mt_python_memory_ask(struct mt_python_part *p, uint64_t address, uint64_t bytes);

/* Returns whether bytes (at least 1) at address can be read. */
static inline bool mt_python_memory_is_there(struct mt_python_part *p, uint64_t address,
                                             uint64_t bytes) {
    uint64_t page = address / MT_OS_PAGE;
    return (mt_likely(*mt_python_memory_known(p, page) == (page | MT_PYTHON_PAGE_IS_THERE)) &&
            (address + bytes - 1) / MT_OS_PAGE == page) ||
           mt_python_memory_ask(p, address, bytes);
}

/* Reads what is known to be there. */
static inline uint64_t mt_python_memory_word(uint64_t address) {
    return *(const uint64_t *)address;
}
static inline uint32_t mt_python_memory_int(uint64_t address) {
    return *(const uint32_t *)address;
}

/* Returns false when the word cannot be read. */
static inline bool mt_python_memory_load(struct mt_python_part *p, uint64_t address,
                                         uint64_t *word) {
    if ((address & 7) != 0 || !mt_python_memory_is_there(p, address, sizeof *word))
        return false;
    *word = mt_python_memory_word(address);
    return true;
}

#endif
