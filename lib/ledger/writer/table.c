/* SPDX-License-Identifier: MIT */
/*
 * Growing by chunks. An array that is moved when it grows would pull items away from under the
 * threads that write to them, and one large reservation counts against RLIMIT_AS. A chunk that
 * found no room in the list of extents is lost: no reader could find it, and after that nothing can
 * be had any more anyway. A bank is a part of the totals; the rest is detail, and ends at the
 * bound.
 */
#include "ledger/writer/table.h"

#include "base/pages.h"

void *mt_table_published(const struct mt_writer *w, enum mt_extent_kind kind, uint32_t index) {
    const struct mt_ledger_header *h = w->header;
    const struct mt_directory *d = (const struct mt_directory *)h->directory;
    uint32_t n = mt_load_acquire(&h->n_extents); /* acquire: those that it counts are whole */
    for (uint32_t i = 0; mt_unlikely(w->was_left) && i < n; i++) {
        uint32_t beyond = i - MT_FIRST_EXTENTS;
        if (i > MT_FIRST_EXTENTS && beyond % MT_DIRECTORY_EXTENTS == 0)
            d = (const struct mt_directory *)d->next;
        const struct mt_extent *e =
            i < MT_FIRST_EXTENTS ? &h->extent[i] : &d->extent[beyond % MT_DIRECTORY_EXTENTS];
        if (e->kind == (uint32_t)kind && e->index == index)
            return (void *)e->address;
    }
    return NULL;
}

void *mt_table_new_chunk(struct mt_writer *w, enum mt_extent_kind kind, uint32_t index,
                         size_t bytes, size_t align) {
    void *left = mt_table_published(w, kind, index);
    if (left != NULL)
        return left;
    void *chunk = kind == MT_EXTENT_BANKS ? mt_writer_allocate(w, bytes, align)
                                          : mt_writer_allocate_detail(w, bytes, align);
    return chunk != NULL && mt_writer_publish(w, kind, index, chunk, bytes) ? chunk : NULL;
}

bool mt_table_reserve(struct mt_writer *w, struct mt_table *table, uint32_t id) {
    uint32_t i = id / table->per_chunk;
    if (i >= table->max_chunks)
        return false;
    if (table->chunk[i] != NULL)
        return true;
    if (!mt_pages_open(table->chunk, &table->chunk[i + 1]))
        return false;
    void *chunk = mt_table_new_chunk(w, table->kind, i,
                                     (size_t)table->item_bytes * table->per_chunk, table->align);
    if (chunk != NULL && i >= table->end)
        table->end = i + 1; /* an event that is left here does it again, since there is no chunk */
    /* release: whoever sees the address without the lock sees what was written to the ledger
     * before */
    mt_store_release(&table->chunk[i], chunk);
    return chunk != NULL;
}

/* Above the end there are pages that nobody has touched yet. */
void mt_table_start(struct mt_table *table) {
    mt_pages_close(table->chunk, table->max_chunks * sizeof *table->chunk);
    for (uint32_t i = 0; i < table->end; i++)
        table->chunk[i] = NULL;
    table->end = 0;
}
