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

enum { MT_STACK_QUICK = 12 }; /* kept frames to compare from which on it is worth a call */

struct mt_stack_range {
    uint64_t low, high;
};
struct mt_stack_map {
    struct mt_stack_range now; /* = own while the thread is known to stand on it, else empty */
    struct mt_stack_range
        own; /* the part of the thread's own stack that it has been seen to use; or empty */
    struct mt_stack_range
        window;     /* whole pages that have been found readable since the last mt_stack_locate */
    uint64_t reach; /* where windows of this stack have ended: what is worth asking for at once */
    uint64_t
        barrier;    /* a page below own that could not be read: what is below it is another stack */
    uint32_t quick; /* kept frames to compare without a question: MT_STACK_QUICK, elsewhere 0 */
};

/*
 * The thread stands at sp, and a return address lies right below. Sets now, and begins a new
 * window. A few system calls where the own stack is in use further down than was known, else none.
 * Any context; owner thread only.
 */
MT_HIDDEN void mt_stack_locate(struct mt_stack_map *map, uint64_t sp);

/* The stack is another one from here on, and nothing is known of it. */
MT_HIDDEN void mt_stack_leave(struct mt_stack_map *map);

/*
 * The thread's own stack, from what a walk has shown: it led from the slot low without a break to
 * the slot outermost, which is the end of the stack. Without a walk outermost is low. True when own
 * has become what it was not, and then what is kept of earlier walks is to be forgotten.
 */
MT_HIDDEN bool mt_stack_settle(struct mt_stack_map *map, uint64_t low, uint64_t outermost);

/* Whether the addresses low <= high lie on the same stack, as far as what is mapped between can
 * tell: own, or a part of less than a MiB all of which can be read now. For rare questions: it may
 * ask for every page. */
MT_HIDDEN bool mt_stack_together(const struct mt_stack_map *map, uint64_t low, uint64_t high);

/* The slow half of mt_stack_can_read. */
MT_HIDDEN bool mt_stack_ask(struct mt_stack_map *map, uint64_t address, uint64_t bytes);

/* For the unit tests, and where the recorder checks itself: whether the ranges are as the comments
 * above say. */
MT_HIDDEN bool mt_stack_check(const struct mt_stack_map *map);

static inline bool mt_stack_range_holds(const struct mt_stack_range *range, uint64_t address) {
    return address - range->low < range->high - range->low;
}

/* sp: of the thread itself, not of one of its callers. */
static inline bool mt_stack_contains(const struct mt_stack_map *map, uint64_t sp) {
    return mt_stack_range_holds(&map->now, sp);
}

/* Whether bytes (at least 1, at most a page) at address can be read. On the own stack address is
 * known to lie above where the thread stands. */
static inline bool mt_stack_can_read(struct mt_stack_map *map, uint64_t address, uint64_t bytes) {
    const struct mt_stack_range *range = map->now.high != 0 ? &map->now : &map->window;
    if (mt_stack_range_holds(range, address) && range->high - address >= bytes)
        return true;
    return map->now.high == 0 && mt_stack_ask(map, address, bytes);
}

#endif
