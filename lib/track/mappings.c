/* SPDX-License-Identifier: MIT */
/*
 * What each call does to the ranges that it touches; those are in mappings/ranges.c. Nothing is
 * done before the system call, and so a call that fails has changed nothing; the serial numbers of
 * the intervals take the place of "out of the table before it is freed" (see mt_mappings_now).
 * Rejected: taking pieces out before the call and putting them back, split or not, when it fails.
 *
 * A range that nothing recorded touches is no news: libc, the loader and allocators map and unmap
 * on their own.
 */
#include "track/mappings.h"

#include "track/guard.h"
#include "track/mappings/ranges.h"
#include "track/record.h"
#include "track/thread/ceiling.h"

#include <sys/mman.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#define MAP_HUGE_MASK  0x3f
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

enum { PAGE_SHIFT = 12, USUAL_HUGE_SHIFT = 21 };

_Static_assert(1 << PAGE_SHIFT == MT_OS_PAGE, "lengths are rounded to pages");

uint64_t mt_mappings_now(void) {
    return mt_ranges_now();
}

/* ---- ranges, under the lock ------------------------------------------------------------------ */

static void add(struct mt_thread *t, struct mt_interval m, const struct mt_hook_frame *frame) {
    mt_name_id id = mt_ranges_begin_adding(t, &m);
    if (id != 0 && !m.is_reserved && !mt_record_block(t, id, m.begin, m.end - m.begin, frame))
        mt_intervals_erase(m.begin);
    mt_ranges_end_adding();
}

static struct mt_interval part_of(const struct mt_interval *m, uint64_t begin, uint64_t end) {
    struct mt_interval part = *m;
    if (part.begin < begin)
        part.begin = begin;
    if (part.end > end)
        part.end = end;
    return part;
}

/* Makes all that is mapped in [begin, end) reserved or accessible, as reserve says. */
static void change(struct mt_thread *t, uint64_t begin, uint64_t end, bool reserve,
                   const struct mt_hook_frame *frame) {
    const struct mt_interval *m;
    for (uint64_t at = begin; (m = mt_ranges_within(at, end)) != NULL;) {
        struct mt_interval part = part_of(m, begin, end);
        at = part.end;
        if (part.is_reserved == reserve)
            continue;
        mt_ranges_cut_interval(t, m, part.begin, part.end);
        part.is_reserved = reserve;
        add(t, part, frame);
    }
}

/*
 * Follows an mremap without a change of size. The kernel (since 6.17) moves several mappings at
 * once; where there is a gap between them, what was at the new place stays. Under MREMAP_DONTUNMAP
 * the old addresses stay mapped.
 */
static void move(struct mt_thread *t, const struct mt_remap *remap, struct mt_interval to,
                 bool is_recorded, const struct mt_hook_frame *frame) {
    uint64_t distance = to.begin - remap->old, end = to.end - distance;
    const struct mt_interval *m;
    bool is_known = false;
    for (uint64_t at = remap->old; (m = mt_ranges_within(at, end)) != NULL;) {
        struct mt_interval part = part_of(m, remap->old, end);
        at = part.end;
        is_known = true;
        if (part.serial >= remap->before)
            continue;
        if (!(remap->flags & MREMAP_DONTUNMAP))
            mt_ranges_cut(t, part.begin, part.end, remap->before);
        part.begin += distance;
        part.end += distance;
        mt_ranges_cut(t, part.begin, part.end, MT_RANGES_ANYTHING);
        if (is_recorded)
            add(t, part, frame);
    }
    if (is_known)
        return;
    mt_ranges_cut(t, to.begin, to.end, MT_RANGES_ANYTHING);
    if (is_recorded)
        add(t, to, frame);
}

/* Follows an mremap to another size that does not merely cut the end off. It is of one mapping,
 * which may have been made by several calls. With old_bytes 0, the same pages are mapped once
 * more. */
static void replace(struct mt_thread *t, const struct mt_remap *remap, uint64_t old_end,
                    struct mt_interval to, bool is_recorded, const struct mt_hook_frame *frame) {
    mt_ranges_cut(t, remap->old, old_end, remap->before);
    mt_ranges_cut(t, to.begin, to.end, MT_RANGES_ANYTHING);
    if (is_recorded)
        add(t, to, frame);
}

/* ---- the kernel's word ----------------------------------------------------------------------- */

/* Returns the size of huge pages, as a shift, for calls that do not say it. The kernel tells it in
 * a line like "Hugepagesize:    2048 kB". */
static uint32_t usual_huge_shift(void) {
    long kib = mt_os_number_in("/proc/meminfo", "\nHugepagesize:", 0);
    return kib > 0 ? 73 - (uint32_t)__builtin_clzll((uint64_t)kib) : USUAL_HUGE_SHIFT;
}

static uint32_t huge_shift(int flags) {
    static uint32_t usual;
    uint32_t shift = (uint32_t)flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
    if (shift == 0 && usual == 0)
        usual = usual_huge_shift();
    return shift != 0 ? shift : usual;
}

static uint32_t page_shift(int flags) {
    return flags & MAP_HUGETLB ? huge_shift(flags) : PAGE_SHIFT;
}

/* Tells whether all of a range is mapped; that is taken for granted when the kernel may not be
 * asked. msync looks at mappings and, with this flag, does nothing; mincore would look at each
 * page. */
static bool is_mapped(uint64_t begin, uint64_t end) {
    return !mt_os_may(SYS_msync) ||
           mt_os_call(SYS_msync, (long)begin, (long)(end - begin), MS_ASYNC, 0, 0, 0) == 0;
}

/* ---- events ---------------------------------------------------------------------------------- */

struct visit {
    struct mt_thread *thread; /* NULL: the event is not to be recorded */
};

static struct visit enter(const struct mt_hook_frame *frame) {
    struct visit v = {.thread = mt_guard_enter(frame)};
    if (v.thread == NULL || mt_ranges_lock(v.thread))
        return v;
    v.thread->bank->rare.dropped++;
    mt_guard_leave(v.thread);
    v.thread = NULL;
    return v;
}

static void leave(struct visit v) {
    mt_ranges_unlock();
    mt_record_charge_line(v.thread);
    mt_guard_leave(v.thread);
}

/* Does what leave does, for a call that may have asked for room (track/admit.h). */
static void leave_with_room(struct visit v) {
    if (mt_ceiling_is_set())
        mt_ceiling_settle(v.thread);
    leave(v);
}

/* Does what enter does, for such a call: what was in its place goes at the same instant. */
static struct visit enter_with_room(const struct mt_hook_frame *frame) {
    struct visit v = enter(frame);
    if (v.thread != NULL && mt_ceiling_is_set())
        mt_ceiling_defer(v.thread);
    return v;
}

#define HERE() ((const struct mt_hook_frame *)__builtin_frame_address(0))

/* Returns the end of a mapping whose call says bytes. */
static uint64_t end_of(uint64_t begin, uint64_t bytes, uint32_t page_shift) {
    uint64_t rest = (UINT64_C(1) << page_shift) - 1;
    return (begin + bytes + rest) & ~rest;
}

void mt_mappings_mapped(uint64_t address, uint64_t bytes, int protection, int flags, bool is_ours,
                        const struct mt_hook_frame *frame) {
    uint32_t shift = page_shift(flags);
    struct visit v = enter_with_room(frame);
    struct mt_thread *t = v.thread;
    if (t == NULL)
        return;
    struct mt_interval m = {.begin = address,
                            .end = end_of(address, bytes, shift),
                            .page_shift = shift,
                            .is_reserved = protection == PROT_NONE,
                            .is_file = !(flags & MAP_ANONYMOUS)};
    mt_ranges_cut(t, m.begin, m.end, MT_RANGES_ANYTHING);
    if (is_ours && mt_record_nesting(t, frame) != MT_NESTING_INSIDE)
        add(t, m, frame);
    leave_with_room(v);
}

void mt_mappings_unmapped(uint64_t before, uint64_t address, uint64_t bytes) {
    struct visit v = enter(HERE());
    if (v.thread == NULL)
        return;
    mt_ranges_cut(v.thread, address, end_of(address, bytes, PAGE_SHIFT), before);
    leave(v);
}

void mt_mappings_remapped(const struct mt_remap *remap, bool is_ours,
                          const struct mt_hook_frame *frame) {
    struct visit v = enter_with_room(frame);
    struct mt_thread *t = v.thread;
    if (t == NULL)
        return;
    const struct mt_interval *old = mt_intervals_after(remap->old);
    bool is_known = old != NULL && old->begin <= remap->old;
    struct mt_interval like = is_known ? *old : (struct mt_interval){.page_shift = PAGE_SHIFT};
    uint64_t old_end = end_of(remap->old, remap->old_bytes, like.page_shift);
    struct mt_interval to = {.begin = remap->result,
                             .end = end_of(remap->result, remap->bytes, like.page_shift),
                             .page_shift = like.page_shift,
                             .is_reserved = like.is_reserved,
                             .is_file = like.is_file};
    bool is_recorded = is_ours && mt_record_nesting(t, frame) != MT_NESTING_INSIDE;
    if (to.begin == remap->old && to.end <= old_end) /* all that the kernel looks at is the end */
        mt_ranges_cut(t, to.end, old_end, remap->before);
    else if (to.end - to.begin == old_end - remap->old)
        move(t, remap, to, is_recorded, frame);
    else
        replace(t, remap, old_end, to, is_recorded, frame);
    leave_with_room(v);
}

void mt_mappings_protected(uint64_t address, uint64_t bytes, int protection,
                           const struct mt_hook_frame *frame) {
    struct visit v = enter_with_room(frame);
    if (v.thread == NULL)
        return;
    change(v.thread, address, end_of(address, bytes, PAGE_SHIFT), protection == PROT_NONE, frame);
    leave_with_room(v);
}

void mt_mappings_protected_in_part(uint64_t address, uint64_t bytes, int protection,
                                   const struct mt_hook_frame *frame) {
    uint64_t pages = (end_of(address, bytes, PAGE_SHIFT) - address) >> PAGE_SHIFT, mapped = 0;
    if (is_mapped(address, address + (pages << PAGE_SHIFT)))
        return; /* there is no gap, so the call has failed for another reason */
    for (uint64_t none = pages; none - mapped > 1;) {
        uint64_t middle = (mapped + none) / 2;
        if (is_mapped(address, address + (middle << PAGE_SHIFT)))
            mapped = middle;
        else
            none = middle;
    }
    if (mapped != 0)
        mt_mappings_protected(address, mapped << PAGE_SHIFT, protection, frame);
}

/* ---- before the call ------------------------------------------------------------------------- */

static bool is_inside_ours(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return true; /* then it is not recorded either */
    bool is = mt_record_nesting(t, frame) == MT_NESTING_INSIDE;
    mt_guard_leave(t);
    return is;
}

uint64_t mt_mappings_of_mmap(uint64_t bytes, int protection, int flags,
                             const struct mt_hook_frame *frame) {
    bool is_block = protection != PROT_NONE && bytes <= PTRDIFF_MAX && !is_inside_ours(frame);
    return is_block ? end_of(0, bytes, page_shift(flags)) : 0;
}

uint64_t mt_mappings_of_mremap(uint64_t address, uint64_t before, uint64_t bytes,
                               const struct mt_hook_frame *frame) {
    if (bytes > PTRDIFF_MAX || is_inside_ours(frame))
        return 0;
    struct visit v = enter(frame);
    if (v.thread == NULL)
        return 0;
    const struct mt_interval *old = mt_intervals_after(address);
    bool is_known = old != NULL && old->begin <= address;
    uint32_t shift = is_known ? old->page_shift : PAGE_SHIFT;
    uint64_t old_end = is_known ? end_of(address, before, shift) : address;
    uint64_t end = end_of(address, bytes, shift);
    bool is_block = !is_known || !old->is_reserved;
    leave(v);
    return is_block && end > old_end ? end - old_end : 0;
}

uint64_t mt_mappings_of_mprotect(uint64_t address, uint64_t bytes, int protection) {
    struct visit v = {NULL};
    if (protection != PROT_NONE && bytes <= PTRDIFF_MAX)
        v = enter(HERE());
    if (v.thread == NULL)
        return 0;
    uint64_t end = end_of(address, bytes, PAGE_SHIFT), sum = 0;
    const struct mt_interval *m;
    for (uint64_t at = address; (m = mt_ranges_within(at, end)) != NULL;) {
        struct mt_interval part = part_of(m, address, end);
        at = part.end;
        if (part.is_reserved)
            sum += part.end - part.begin;
    }
    leave(v);
    return sum;
}

void mt_mappings_failed(void) {
    struct visit v = enter(HERE());
    if (v.thread == NULL)
        return;
    v.thread->bank->rare.failed++;
    leave(v);
}

void mt_mappings_doubtful(uint64_t before, uint64_t address, uint64_t bytes) {
    if (address % MT_OS_PAGE != 0)
        return; /* the kernel has refused it before it did anything */
    struct visit v = enter(HERE());
    if (v.thread == NULL)
        return;
    uint64_t end = end_of(address, bytes, PAGE_SHIFT);
    const struct mt_interval *m;
    for (uint64_t at = address; (m = mt_ranges_within(at, end)) != NULL;) {
        uint64_t begin = m->begin > at ? m->begin : at;
        at = m->end < end ? m->end : end;
        if (!is_mapped(begin, at))
            mt_ranges_cut(v.thread, begin, at, before);
    }
    leave(v);
}
