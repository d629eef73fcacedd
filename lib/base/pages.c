/* SPDX-License-Identifier: MIT */
/*
 * The recorder's own memory, apart from the ledger: mappings, one for each piece. Which they are is
 * kept, in pages of ranges, since the kernel cannot tell them from the program's, and the program
 * must not pay when it locks its memory.
 *
 * An array of which the end may never be used is mapped for reading, and opened by mprotect as it
 * grows. (A mapping that is shared would not count either, but a fork would have its parent's; and
 * mapping it piece by piece puts another load before each access.)
 *
 * What is set aside is used when mmap may not be called, or when a mapping would be locked at once:
 * address space, of which pages come as they are touched. It is handed out once and not taken back.
 */
#include "base/pages.h"

#include <sys/mman.h>

struct range {
    uint64_t begin, end; /* 0: none any more */
};
enum { RANGES = (MT_OS_PAGE - 16) / (int)sizeof(struct range) };
struct page {
    struct page *older;
    uint64_t used;
    struct range range[RANGES];
};
_Static_assert(sizeof(struct page) <= MT_OS_PAGE, "a page of ranges is one");

static struct page *ranges;
static struct range reserve; /* what is left of it */
static struct range reserved;
bool mt_pages_are_locked;

static uint64_t pages_of(size_t bytes) {
    return (bytes + MT_OS_PAGE - 1) & ~(uint64_t)(MT_OS_PAGE - 1);
}

static void *map(size_t bytes, int flags) {
    long r = mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return mt_os_failed(r) ? NULL : (void *)r;
}

static void add_page(struct page *full) {
    struct page *p = map(sizeof *p, 0);
    if (p == NULL)
        return;
    p->older = full;
    /* Release: whoever finds the page finds the older ones in it. */
    if (!mt_replace_both(&ranges, &full, p))
        mt_os_call(SYS_munmap, (long)p, sizeof *p, 0, 0, 0,
                   0); /* another thread has just done this */
}

/* A piece for which there is no memory to note it is like the program's own. */
static void note(uint64_t begin, uint64_t end) {
    for (int attempt = 0; attempt < 3; attempt++) {
        struct page *p = mt_load_acquire(&ranges); /* release: with what is in it */
        uint64_t i =
            p != NULL ? mt_add_relaxed(&p->used, 1) : RANGES; /* that nobody else gets this part */
        if (i < RANGES) {
            p->range[i].end = end;
            mt_store_release(&p->range[i].begin, begin); /* with its end */
            return;
        }
        add_page(p);
    }
}

/* Looks at the latest first, because it is mostly the one that goes first. */
static void forget(uint64_t begin) {
    for (struct page *p = mt_load_acquire(&ranges); p != NULL; p = p->older) {
        uint64_t used = mt_load_relaxed(&p->used);
        for (uint64_t i = used < RANGES ? used : RANGES; i-- > 0;)
            if (p->range[i].begin == begin) {
                p->range[i].begin = 0;
                if (i + 1 == used)
                    mt_replace_relaxed(&p->used, &used, i); /* unless another one has come */
                return;
            }
    }
}

void mt_pages_each(void (*visit)(void *context, uint64_t begin, uint64_t end), void *context) {
    if (reserved.begin != 0)
        visit(context, reserved.begin, reserved.end);
    for (struct page *p = mt_load_acquire(&ranges); p != NULL; p = p->older) {
        visit(context, (uint64_t)p, (uint64_t)p + MT_OS_PAGE);
        uint64_t used = mt_load_relaxed(&p->used);
        for (uint64_t i = 0; i < used && i < RANGES; i++)
            if (mt_load_acquire(&p->range[i].begin) != 0)
                visit(context, p->range[i].begin, p->range[i].end);
    }
}

void mt_pages_reserve(size_t bytes) {
    if (mt_load_relaxed(&reserve.begin) != 0) /* done by this thread, which is the only one yet */
        return;
    void *memory = NULL;
    for (; memory == NULL && bytes >= MT_OS_PAGE; bytes /= 2) /* address space can be limited */
        if ((memory = map(bytes, MAP_NORESERVE)) != NULL)
            reserve.end = (uint64_t)memory + bytes;
    reserved = (struct range){(uint64_t)memory, reserve.end};
    mt_store_release(&reserve.begin, (uint64_t)memory); /* with its end */
}

static void *take_reserved(size_t bytes) {
    uint64_t begin = mt_load_acquire(&reserve.begin); /* with its end */
    do
        if (begin == 0 || pages_of(bytes) > reserve.end - begin)
            return NULL;
    while (!mt_replace_both(&reserve.begin, &begin, begin + pages_of(bytes)));
    return (void *)begin;
}

void *mt_pages_new(size_t bytes) {
    void *memory = NULL;
    if (mt_unlikely(mt_pages_are_locked || !mt_os_may(SYS_mmap)))
        memory = take_reserved(bytes);
    if (memory != NULL || (memory = map(bytes, 0)) == NULL)
        return memory;
    note((uint64_t)memory, (uint64_t)memory + pages_of(bytes));
    if (mt_unlikely(mt_pages_are_locked))
        mt_os_call(SYS_munlock, (long)memory, (long)bytes, 0, 0, 0, 0);
    return memory;
}

/* ---- closed ones ----------------------------------------------------------------------------- */

enum { ARRAYS = 32 /* one too many would stay open */, STEP = 16 * MT_OS_PAGE };
static struct array { uint64_t begin, open, end; } arrays[ARRAYS];
static uint32_t n_arrays;

static struct array *array_at(const void *begin) {
    for (uint32_t i = 0; i < n_arrays; i++)
        if (arrays[i].begin == (uint64_t)begin)
            return &arrays[i];
    return NULL;
}

static void add_array(uint64_t begin, uint64_t end) {
    if (n_arrays < (uint32_t)ARRAYS)
        arrays[n_arrays++] = (struct array){begin, begin, end};
}

void *mt_pages_new_closed(size_t bytes) {
    if (n_arrays == (uint32_t)ARRAYS || mt_pages_are_locked || !mt_os_may(SYS_mmap))
        return mt_pages_new(bytes);
    long memory =
        mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mt_os_failed(memory))
        return NULL;
    note((uint64_t)memory, (uint64_t)memory + pages_of(bytes));
    add_array((uint64_t)memory, (uint64_t)memory + pages_of(bytes));
    return (void *)memory;
}

void mt_pages_close(void *array, size_t bytes) {
    uint64_t begin = (uint64_t)array, whole = bytes & ~(uint64_t)(MT_OS_PAGE - 1);
    if (begin % MT_OS_PAGE == 0 && whole != 0 && n_arrays < (uint32_t)ARRAYS &&
        array_at(array) == NULL &&
        mt_os_call(SYS_mprotect, (long)begin, (long)whole, PROT_READ, 0, 0, 0) == 0)
        add_array(begin, begin + whole);
}

static bool open_to(struct array *a, uint64_t end) {
    if (end > a->end)
        end = a->end;
    if (end > a->open && mt_os_call(SYS_mprotect, (long)a->open, (long)(end - a->open),
                                    PROT_READ | PROT_WRITE, 0, 0, 0) != 0)
        return false;
    if (end > a->open)
        a->open = end;
    return true;
}

bool mt_pages_open(void *array, const void *end) {
    struct array *a = array_at(array);
    if (a == NULL || (uint64_t)end <= a->open)
        return true;
    uint64_t whole = ((uint64_t)end + STEP - 1) & ~(uint64_t)(STEP - 1);
    return open_to(a, whole) ||
           open_to(a, ((uint64_t)end + MT_OS_PAGE - 1) & ~(uint64_t)(MT_OS_PAGE - 1));
}

void mt_pages_open_all(void) {
    for (uint32_t i = 0; i < n_arrays; i++)
        open_to(&arrays[i], arrays[i].end);
}

/* ---- the end of one -------------------------------------------------------------------------- */

void mt_pages_unmap(void *memory, size_t bytes) {
    if ((uint64_t)memory - reserved.begin < reserved.end - reserved.begin) {
        mt_pages_discard(memory, bytes);
        return;
    }
    forget((uint64_t)memory);
    mt_os_call(SYS_munmap, (long)memory, (long)bytes, 0, 0, 0, 0);
}

void mt_pages_discard(void *memory, size_t bytes) {
    uint64_t *word = memory;
    const struct array *a = array_at(memory);
    if (a != NULL && bytes > a->open - a->begin)
        bytes = a->open - a->begin; /* beyond this there are zeros */
    if (bytes == 0 ||
        mt_os_call(SYS_madvise, (long)memory, (long)bytes, MADV_DONTNEED, 0, 0, 0) == 0)
        return;
    for (size_t i = 0; i < bytes / sizeof *word; i++)
        mt_store_relaxed(&word[i], 0); /* another thread may still be looking */
}

void mt_pages_prefer_huge(void *memory, size_t bytes) {
    mt_os_call(SYS_madvise, (long)memory, (long)bytes, MADV_HUGEPAGE, 0, 0, 0);
}
