/* SPDX-License-Identifier: MIT */
/*
 * The copy is made before the fork, by the thread that calls it: what this thread was doing stands
 * still meanwhile, so that its own part of the ledger is copied as of one instant. The fork then
 * inherits the ledger's mappings, which keeps other mappings out of these addresses, and the child
 * replaces each by its copy in one call.
 *
 * Pages of zeros are not copied: a segment is set aside as a whole and used bit by bit.
 *
 * Rejected: to map the file anew in the child, privately (a path that may be gone, a permission
 * that may be gone, and the parent goes on changing pages that the child has not touched); to take
 * the copy in the child (the same).
 */
#include "ledger/writer/copy.h"

#include "base/atomic.h"

#include <sys/mman.h>

enum { WORDS = MT_OS_PAGE / 8 };

/* Counts the segments that readers know of, and one that is there and not counted yet, because
 * its growth has been interrupted. */
static uint32_t count_segments(const struct mt_ledger_header *h) {
    uint32_t n = mt_load_acquire(&h->n_segments); /* acquire: each that it counts is whole */
    const struct mt_segment *next = &h->segment[n];
    bool is_more = n < MT_MAX_SEGMENTS && next->address != 0 && next->bytes != 0 &&
                   mt_os_is_mapped(next->address, next->address + next->bytes);
    return n + is_more;
}

static void copy_page(uint64_t *to, const uint64_t *from) {
    uint64_t any = 0;
    for (int i = 0; i < WORDS; i++)
        any |= mt_load_relaxed(&from[i]); /* other threads may be writing to it */
    for (int i = 0; any != 0 && i < WORDS; i++)
        to[i] = mt_load_relaxed(&from[i]); /* likewise */
}

static void advise(const struct mt_ledger_header *h, uint32_t n, int advice) {
    for (uint32_t i = 0; i < n; i++)
        mt_os_call(SYS_madvise, (long)h->segment[i].address, (long)h->segment[i].bytes, advice, 0,
                   0, 0);
}

static void *map(size_t bytes) {
    long r = mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mt_os_failed(r) ? NULL : (void *)r;
}

void mt_writer_copy_begin(const struct mt_writer *w, struct mt_writer_copy *copy) {
    const struct mt_ledger_header *h = w->header;
    *copy = (struct mt_writer_copy){0};
    if (h == NULL)
        return;
    copy->n = count_segments(h);
    for (uint32_t i = 0; i < copy->n; i++)
        copy->bytes += h->segment[i].bytes;
    char *to = copy->memory = map(copy->bytes);
    for (uint32_t i = 0; to != NULL && i < copy->n; to += h->segment[i++].bytes)
        for (uint64_t at = 0; at < h->segment[i].bytes; at += MT_OS_PAGE)
            copy_page((uint64_t *)(to + at), (const uint64_t *)(h->segment[i].address + at));
    advise(h, copy->n, MADV_DOFORK);
}

void mt_writer_copy_drop(const struct mt_writer *w, struct mt_writer_copy *copy) {
    if (w->header != NULL)
        advise(w->header, copy->n, MADV_DONTFORK);
    if (copy->memory != NULL)
        mt_os_call(SYS_munmap, (long)copy->memory, (long)copy->bytes, 0, 0, 0, 0);
}

/* When mremap may not be called, the copy is copied once more. */
static void put(uint64_t address, char *copy, uint64_t bytes) {
    long r = mt_os_call(SYS_mremap, (long)copy, (long)bytes, (long)bytes,
                        MREMAP_MAYMOVE | MREMAP_FIXED, (long)address, 0);
    if (!mt_os_failed(r))
        return;
    r = mt_os_call(SYS_mmap, (long)address, (long)bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (uint64_t at = 0; !mt_os_failed(r) && at < bytes; at += MT_OS_PAGE)
        copy_page((uint64_t *)(address + at), (const uint64_t *)(copy + at));
}

void mt_writer_copy_use(struct mt_writer *w, const struct mt_writer_copy *copy) {
    w->is_copy = true;
    w->exhausted = true; /* the file is the parent's */
    w->sparse_bytes = 0;
    char *from = copy->memory;
    if (from == NULL)
        return;
    /* The header's own segment is the first; from then on the table of segments is the copy's. */
    for (uint32_t i = 0; i < copy->n; i++) {
        struct mt_segment s =
            ((const struct mt_ledger_header *)(i == 0 ? (uint64_t)from : (uint64_t)w->header))
                ->segment[i];
        put(s.address, from, s.bytes);
        from += s.bytes;
    }
}

void mt_writer_copy_unmap(struct mt_writer *w) {
    if (!w->is_copy || w->header == NULL)
        return;
    for (uint32_t i = w->header->n_segments; i-- > 0;) /* the segment with the table goes last */
        mt_os_call(SYS_munmap, (long)w->header->segment[i].address,
                   (long)w->header->segment[i].bytes, 0, 0, 0, 0);
}
