/* SPDX-License-Identifier: MIT */
/*
 * Stack bounds without pthread_getattr_np (which allocates) and without reading /proc at every thread's start. glibc
 * puts a thread's control block at the top of its stack, and __libc_stack_end is the top of the main one, so a
 * candidate for the upper end is at hand; mincore confirms that everything between is mapped. On other stacks
 * (coroutines, signal stacks) the range grows upwards by what is mapped.
 */
#include "unwind/stack.h"

enum { LARGEST_STACK = 64 << 20, GROWTH_STEP = 1 << 20, FOREIGN_PAGES = 16 };

extern void *__libc_stack_end __attribute__((weak));

static uint64_t page_of(uint64_t address) {
    return address & ~(uint64_t)(MT_OS_PAGE - 1);
}

static void use(struct mt_stack_map *map, struct mt_stack_range range) {
    map->known[map->next] = range;
    map->next = (map->next + 1) % MT_STACK_RANGES;
    map->now = range;
}

static bool try_known(struct mt_stack_map *map, uint64_t sp) {
    for (int i = 0; i < MT_STACK_RANGES; i++) {
        struct mt_stack_range *r = &map->known[i];
        if (sp - r->low < r->high - r->low) {
            map->now = *r;
            return true;
        }
    }
    for (int i = 0; i < MT_STACK_RANGES; i++) {
        struct mt_stack_range *r = &map->known[i];
        if (sp < r->low && r->low - sp < GROWTH_STEP && mt_os_is_mapped(sp, r->low)) {
            r->low = page_of(sp);
            map->now = *r;
            return true;
        }
    }
    return false;
}

static bool try_top(struct mt_stack_map *map, uint64_t sp, uint64_t top) {
    if (top <= sp || top - sp > LARGEST_STACK || !mt_os_is_mapped(sp, top))
        return false;
    use(map, (struct mt_stack_range){page_of(sp), top});
    return true;
}

void mt_stack_locate(struct mt_stack_map *map, uint64_t sp) {
    if (try_known(map, sp))
        return;
    if (&__libc_stack_end != NULL && try_top(map, sp, (uint64_t)__libc_stack_end))
        return;
    if (try_top(map, sp, (uint64_t)__builtin_thread_pointer()))
        return;
    use(map, (struct mt_stack_range){page_of(sp), page_of(sp) + MT_OS_PAGE});
}

bool mt_stack_extend(struct mt_stack_map *map, uint64_t address) {
    uint64_t high = page_of(map->now.high);
    if (!mt_os_may(SYS_mincore) || address < map->now.high || address - map->now.low > LARGEST_STACK ||
        map->now.high != high)
        return false;
    uint64_t wanted = page_of(address) + MT_OS_PAGE;
    if (!mt_os_is_mapped(high, wanted))
        return false;
    if (mt_os_is_mapped(wanted, wanted + FOREIGN_PAGES * MT_OS_PAGE))
        wanted += FOREIGN_PAGES * MT_OS_PAGE;
    for (int i = 0; i < MT_STACK_RANGES; i++)
        if (map->known[i].low == map->now.low && map->known[i].high == map->now.high)
            map->known[i].high = wanted;
    map->now.high = wanted;
    return true;
}
