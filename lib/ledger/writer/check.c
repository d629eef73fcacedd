/* SPDX-License-Identifier: MIT */
/*
 * What the writer promises its users and readers. Extents are compared each with each: there are
 * some hundred, and a sort would need memory.
 */
#include "ledger/writer/check.h"

#ifdef MEMTRACK_CHECKS

#include "ledger/invariants.h"

static const char *check_segments(const struct mt_writer *w) {
    const struct mt_ledger_header *h = w->header;
    uint64_t end = 0;
    MT_MUST(h->n_segments > 0 && h->n_segments <= MT_MAX_SEGMENTS,
            "writer: there is no segment, or there are too many");
    for (uint32_t i = 0; i < h->n_segments; i++) {
        MT_MUST(h->segment[i].offset == end, "writer: a segment does not follow the one before it");
        MT_MUST(h->segment[i].bytes != 0 && h->segment[i].bytes % MT_OS_PAGE == 0,
                "writer: a segment is no pages");
        end += h->segment[i].bytes;
    }
    MT_MUST(end == h->file_bytes && end == w->file_bytes,
            "writer: segments are not what the file holds");
    return NULL;
}

static bool lies_in_a_segment(const struct mt_ledger_header *h, uint64_t address, uint64_t bytes) {
    for (uint32_t i = 0; i < h->n_segments; i++) {
        const struct mt_segment *s = &h->segment[i];
        if (address >= s->address && address - s->address <= s->bytes)
            return bytes <= s->bytes - (address - s->address);
    }
    return false;
}

static const struct mt_extent *extent_at(const struct mt_ledger_header *h, uint32_t i) {
    const struct mt_directory *d = (const struct mt_directory *)h->directory;
    if (i < MT_FIRST_EXTENTS)
        return &h->extent[i];
    for (i -= MT_FIRST_EXTENTS; i >= MT_DIRECTORY_EXTENTS; i -= MT_DIRECTORY_EXTENTS)
        d = (const struct mt_directory *)d->next;
    return &d->extent[i];
}

static const char *check_extents(const struct mt_writer *w) {
    enum {
        /* So many are compared each with each; beyond that a walk would take longer than the
         * program. */
        MOST = 1024
    };
    const struct mt_ledger_header *h = w->header;
    uint32_t n = h->n_extents < MOST ? h->n_extents : MOST;
    for (uint32_t i = 0; i < n; i++) {
        const struct mt_extent *e = extent_at(h, i);
        MT_MUST(e->kind != 0 && e->kind < MT_N_EXTENT_KINDS,
                "writer: there is no such kind of extent");
        MT_MUST(lies_in_a_segment(h, e->address, e->bytes),
                "writer: an extent lies outside of the segments");
        for (uint32_t k = 0; k < i; k++) {
            const struct mt_extent *o = extent_at(h, k);
            MT_MUST(e->address + e->bytes <= o->address || o->address + o->bytes <= e->address,
                    "writer: two extents share an address");
            MT_MUST(e->kind != o->kind || e->index != o->index,
                    "writer: two extents have the same name");
        }
    }
    return NULL;
}

static bool is_room(const struct mt_ledger_header *h, const struct mt_writer_room *room) {
    return room->begin == NULL ||
           (room->begin <= room->end &&
            lies_in_a_segment(h, (uint64_t)room->begin, (uint64_t)(room->end - room->begin)));
}

const char *mt_writer_check(const struct mt_writer *w) {
    const char *violation = check_segments(w);
    if (violation == NULL)
        violation = check_extents(w);
    MT_MUST(violation == NULL, violation);
    MT_MUST(is_room(w->header, &w->free), "writer: what is free lies outside of the segments");
    MT_MUST(is_room(w->header, &w->reserve), "writer: the reserve lies outside of the segments");
    MT_MUST(w->own.begin <= w->own.end, "writer: the room of its own ends before it begins");
    return NULL;
}

const char *mt_writer_check_table(const struct mt_table *table, uint32_t n) {
    for (uint32_t i = 0; i < table->max_chunks && i * table->per_chunk < n; i++)
        MT_MUST(table->chunk[i] != NULL && i < table->end, "table: an item's chunk is missing");
    return NULL;
}

#endif
