/* SPDX-License-Identifier: MIT */
/*
 * The thread's own stack without pthread_getattr_np (which allocates) and without reading /proc at
 * every thread's start: glibc puts a thread's control block at the top of its stack, and
 * __libc_stack_end is the top of the main one. So the upper end is at hand, and how far down the
 * stack reaches is learnt as the thread gets there: what is near to what is known must be readable
 * without a gap, for which the guard page below every stack cares; what is further away must also
 * have been walked through, from there to the end of the stack. So a coroutine's stack that happens
 * to lie below is not taken for a part of it.
 *
 * Cost: on the own stack nothing but a page's question when it is used for the first time. On
 * others, each page beyond that of the stack pointer is asked for anew in every walk that reads it:
 * such a stack may have been unmapped, shrunk or protected between two events of the thread, by a
 * system call that nobody can see. A question is a system call of the cheapest kind (os.h), and two
 * pages take one.
 *
 * Rejected: to hook munmap and mprotect (libc's own calls, and the program's direct ones, go past
 * every hook); mincore (it says mapped of a guard page); process_vm_readv (seven times as slow, and
 * forbidden in many sandboxes); a handler for SIGSEGV (it would be the program's to see).
 */
#include "unwind/stack.h"

enum { LARGEST_STACK = 256 << 20, NEAR = 256 << 10, FARTHEST_TOGETHER = 1 << 20 };

extern void *__libc_stack_end __attribute__((weak));

static uint64_t page_of(uint64_t address) {
    return address & ~(uint64_t)(MT_OS_PAGE - 1);
}

/* The first thread's control block is not on its stack. When nobody may be asked which thread
 * this is, it is taken for the first one if it runs where the first one's stack is. */
static uint64_t top_of_own(uint64_t low) {
    static uint64_t first_thread;
    uint64_t mine = (uint64_t)__builtin_thread_pointer();
    if (!mt_os_may(SYS_gettid) && &__libc_stack_end != NULL &&
        (uint64_t)__libc_stack_end - low <= NEAR)
        return (uint64_t)__libc_stack_end;
    if (first_thread == 0 && mt_os_tid() == mt_os_pid())
        first_thread = mine;
    if (mine != first_thread)
        return mine;
    return &__libc_stack_end != NULL ? (uint64_t)__libc_stack_end : 0;
}

static void stand(struct mt_stack_map *map, bool on_own) {
    map->now = on_own ? map->own : (struct mt_stack_range){0, 0};
    map->quick = on_own ? MT_STACK_QUICK : 0;
}

/* Returns whether everything from low up to what is known of the own stack can be read. In a
 * confined process this cannot be asked: its thread runs at low, and is taken to run on its own
 * stack if that is so near. */
static bool is_joined(struct mt_stack_map *map, uint64_t low, uint64_t high) {
    if (mt_unlikely(!mt_os_may_ask()))
        return high - low <= NEAR;
    if (map->barrier >= low && map->barrier < high &&
        !mt_os_is_readable(map->barrier, map->barrier + 1))
        return false;
    uint64_t unreadable = mt_os_first_unreadable(low, high);
    if (unreadable >= high)
        return true;
    map->barrier = unreadable;
    return false;
}

static bool grow(struct mt_stack_map *map, uint64_t low, uint64_t farthest) {
    if (low >= map->own.low ||
        /* this holds also when nothing is known: own.low is 0 */ map->own.low - low > farthest ||
        !is_joined(map, page_of(low), map->own.low))
        return false;
    map->own.low = page_of(low);
    return true;
}

void mt_stack_locate(struct mt_stack_map *map, uint64_t sp) {
    bool on_own = mt_stack_range_holds(&map->own, sp) || grow(map, sp, NEAR);
    stand(map, on_own);
    map->window.low = page_of(sp - 8);
    map->window.high = map->window.low + MT_OS_PAGE;
    if (!on_own && (sp > map->reach || map->reach - sp > NEAR))
        map->reach = 0;
}

void mt_stack_leave(struct mt_stack_map *map) {
    stand(map, false);
    map->window = (struct mt_stack_range){0, 0};
    map->reach = 0;
}

bool mt_stack_settle(struct mt_stack_map *map, uint64_t low, uint64_t outermost) {
    bool by_a_walk = outermost != low;
    if (map->own.high != 0) {
        if (by_a_walk && mt_stack_range_holds(&map->own, outermost))
            grow(map, low, LARGEST_STACK); /* what is kept is on this stack already */
        return false;
    }
    uint64_t top = top_of_own(low);
    if (outermost >= top || top - outermost > NEAR || top - low > LARGEST_STACK ||
        !is_joined(map, page_of(low), top))
        return false;
    map->own = (struct mt_stack_range){page_of(low), top};
    return true;
}

bool mt_stack_together(const struct mt_stack_map *map, uint64_t low, uint64_t high) {
    if (mt_stack_range_holds(&map->own, low) && mt_stack_range_holds(&map->own, high))
        return true;
    return low <= high && high - low < FARTHEST_TOGETHER && mt_os_is_readable(low, high + 1);
}

bool mt_stack_ask(struct mt_stack_map *map, uint64_t address, uint64_t bytes) {
    if (address > UINT64_MAX - 2 * MT_OS_PAGE)
        return false;
    struct mt_stack_range *w = &map->window,
                          wanted = {page_of(address), page_of(address + bytes - 1) + MT_OS_PAGE};
    if (wanted.low < w->high && wanted.low >= w->low) /* only the second page of the two is new */
        wanted.low = w->high;
    bool goes_on = wanted.low == w->high;
    uint64_t both = wanted.high + MT_OS_PAGE;
    if (goes_on && both <= map->reach && mt_os_is_readable(wanted.low, both))
        wanted.high = both;
    else if (!mt_os_is_readable(wanted.low, wanted.high))
        return false;
    *w = goes_on ? (struct mt_stack_range){w->low, wanted.high} : wanted;
    if (w->high > map->reach)
        map->reach = w->high;
    return true;
}

bool mt_stack_check(const struct mt_stack_map *map) {
    const struct mt_stack_range *now = &map->now, *own = &map->own, *w = &map->window;
    bool on_own = now->high != 0;
    return own->low <= own->high && w->low <= w->high &&
           ((w->low | w->high) & (MT_OS_PAGE - 1)) == 0 &&
           map->quick == (on_own ? MT_STACK_QUICK : 0) &&
           (on_own ? now->high == own->high && now->low >= own->low && now->low < now->high
                   : now->low == 0);
}
