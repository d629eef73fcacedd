/* SPDX-License-Identifier: MIT */
/*
 * The one growing array of the ledger. Items have ids 0, 1, 2, …; they lie in chunks of equal size,
 * each an extent of the ledger, and never move. What counts the items (header.n_sites, …) is the
 * user's: it is stored with release order when an item is whole.
 *
 *   chunk ─►│ 0 │ 1 │ 2 │ NULL …        chunk[id / per_chunk], item id % per_chunk
 *             │   └─► struct mt_site[MT_SITES_PER_CHUNK], in the ledger
 *
 * Reserve: under the caller's growth lock. Items of reserved ids: any thread, without a lock.
 */
#ifndef MT_LEDGER_WRITER_TABLE_H
#define MT_LEDGER_WRITER_TABLE_H

#include "base/atomic.h"
#include "ledger/writer/writer.h"

struct mt_table {
    void **chunk; /* NULL: not there yet */
    uint32_t max_chunks, per_chunk, item_bytes, align;
    uint32_t end; /* all chunks that have ever been there are below this */
    enum mt_extent_kind kind;
};

#define MT_TABLE(chunks, type, items, extent_kind, alignment)                                      \
    {                                                                                              \
        .chunk = (chunks), .max_chunks = sizeof(chunks) / sizeof *(chunks), .per_chunk = (items),  \
        .item_bytes = sizeof(type), .align = (alignment), .kind = (extent_kind)                    \
    }

/* Returns item id, whose chunk is there. Constants stand in place of the table's fields, because
 * this is in the hot path. */
#define mt_table_item(chunks, type, items, id) ((type *)(chunks)[(id) / (items)] + (id) % (items))

/* Returns the same for an id whose chunk may not be there yet: then NULL. Acquire: whoever sees
 * the chunk sees what it was made of. */
#define mt_table_find(chunks, type, items, id)                                                     \
    ({                                                                                             \
        type *chunk_of_it = (type *)mt_load_acquire(&(chunks)[(id) / (items)]);                    \
        chunk_of_it != NULL ? chunk_of_it + (id) % (items) : NULL;                                 \
    })

/* Makes the chunk of item id, zeroed, if it is not there yet. Returns false when there is no
 * room, or ids end before. */
MT_HIDDEN bool mt_table_reserve(struct mt_writer *w, struct mt_table *table, uint32_t id);

/* For when an event has been left by longjmp: returns a chunk that was published before it could
 * be noted where it is, or NULL when there is none. To be called under the growth lock. */
MT_HIDDEN void *mt_table_published(const struct mt_writer *w, enum mt_extent_kind kind,
                                   uint32_t index);

/* Returns a further chunk as the index-th extent of kind, of which the user keeps the address;
 * NULL when there is no room. */
MT_HIDDEN void *mt_table_new_chunk(struct mt_writer *w, enum mt_extent_kind kind, uint32_t index,
                                   size_t bytes, size_t align);

/* For a new process, which has not inherited the chunks: forgets them. */
MT_HIDDEN void mt_table_start(struct mt_table *table);

#endif
