/* SPDX-License-Identifier: MIT */
/*
 * Which words of a stack may be read. Correct unwind tables never lead off the stack; garbage in
 * rbp below code without tables does, and so does a kept stack whose memory has gone meanwhile. The
 * recorder must not fault where the program would not, so a word is read only when one of two
 * things is certain:
 *
 *   - it lies on the thread's own stack (the kernel's or pthread_create's), above where the thread
 *   stands. That cannot
 *     go while the thread lives: `now`, one comparison;
 *   - on any other stack (coroutines, signal stacks) its page has been asked for since the walk
 *   began: `window`. There
 *     `now` is empty, so that every comparison with it leads to the question.
 */
#ifndef MT_UNWIND_STACK_H
#define MT_UNWIND_STACK_H

#include "base/os.h"

enum { MT_STACK_QUICK = 12 }; /* with so many kept frames to compare, a call is worth its cost */

struct mt_stack_range {
    uint64_t low, high;
};
struct mt_stack_map {
    struct mt_stack_range now; /* = own while the thread is known to stand on it, else empty */
    struct mt_stack_range
        own; /* the part of its own stack that the thread has been seen to use; or empty */
    struct mt_stack_range
        window; /* whole pages that have been found readable since the last mt_stack_locate */
    /* Where windows of this stack have ended: so much is worth asking for at once. */
    uint64_t reach;
    /* A page below own that could not be read: what is below the page is another stack. */
    uint64_t barrier;
    /* So many kept frames are compared without a question: MT_STACK_QUICK, elsewhere 0. */
    uint32_t quick;
};

/*
 * Notes that the thread stands at sp, with a return address right below it. Sets now, and begins a
 * new window. Makes a few system calls when the own stack is in use further down than was known,
 * else none. Any context; owner thread only.
 */
MT_HIDDEN void mt_stack_locate(struct mt_stack_map *map, uint64_t sp);

/* Notes that the stack is another one from here on, and that nothing is known of it. */
MT_HIDDEN void mt_stack_leave(struct mt_stack_map *map);

/*
 * Learns the thread's own stack from what a walk has shown: the walk led from the slot low without
 * a break to the slot outermost, which is the end of the stack. Without a walk, outermost is low.
 * Returns true when own has become what it was not; then what is kept of earlier walks has to be
 * forgotten.
 */
MT_HIDDEN bool mt_stack_settle(struct mt_stack_map *map, uint64_t low, uint64_t outermost);

/* Returns whether the addresses low <= high are on the same stack, as far as what is mapped
 * between can tell: on own, or in a part of less than a MiB all of which can be read now. For
 * rare questions, because it may ask for every page. */
MT_HIDDEN bool mt_stack_together(const struct mt_stack_map *map, uint64_t low, uint64_t high);

/* This is the slow half of mt_stack_can_read. */
MT_HIDDEN bool mt_stack_ask(struct mt_stack_map *map, uint64_t address, uint64_t bytes);

/* Returns whether the ranges are as the comments above say. For the unit tests, and where the
 * recorder checks itself. */
MT_HIDDEN bool mt_stack_check(const struct mt_stack_map *map);

static inline bool mt_stack_range_holds(const struct mt_stack_range *range, uint64_t address) {
    return address - range->low < range->high - range->low;
}

/* sp is that of the thread itself, not of one of its callers. */
static inline bool mt_stack_contains(const struct mt_stack_map *map, uint64_t sp) {
    return mt_stack_range_holds(&map->now, sp);
}

/* Returns whether bytes (at least 1, at most a page) at address can be read. On the own stack,
 * address is known to be above where the thread stands. */
static inline bool mt_stack_can_read(struct mt_stack_map *map, uint64_t address, uint64_t bytes) {
    const struct mt_stack_range *range = map->now.high != 0 ? &map->now : &map->window;
    if (mt_stack_range_holds(range, address) && range->high - address >= bytes)
        return true;
    return map->now.high == 0 && mt_stack_ask(map, address, bytes);
}

#endif
