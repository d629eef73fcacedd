/* SPDX-License-Identifier: MIT */
/*
 * A cache is up to three things of one name: scopes in the group of hits, scopes in that of misses,
 * and a tally of its size. They are put together in pages of the recorder's own, since the caller's
 * rows may be too few to count the caches with. Names are compared by address, since a text is kept
 * once, and found by hash: a program may have a cache for each of its tables.
 */
#include "track/scopes/caches.h"

#include "base/pages.h"
#include "memtrack/error.h"
#include "track/ground/index.h"
#include "track/scopes/read.h"
#include "track/scopes/tallies.h"

struct answers {
    memtrack_scope_row *rows;
    size_t n, bytes;
};

/* Reads the scopes of a group, and as many more as may have come meanwhile. */
static int read_answers(mt_name_id group, struct answers *out) {
    enum { MORE = 16 };
    int n = mt_scopes_read(group, NULL, 0);
    if (n < 0)
        return n;
    uint32_t room = (uint32_t)n + MORE;
    out->bytes = room * sizeof *out->rows;
    out->rows = mt_pages_new(out->bytes);
    if (out->rows == NULL)
        return -MEMTRACK_ENOMEM;
    n = mt_scopes_read(group, out->rows, room);
    out->n = n < 0 ? 0 : (uint32_t)n < room ? (size_t)n : room;
    return n < 0 ? n : 0;
}

static void free_answers(struct answers *answers) {
    if (answers->rows != NULL)
        mt_pages_unmap(answers->rows, answers->bytes);
}

struct joining {
    memtrack_cache_row *rows;
    uint32_t n;
    uint32_t mask;  /* of the number of slots, which is a power of two */
    uint32_t *slot; /* one more than the row, by name; 0: none */
    size_t bytes;
};

/* Makes room for so many rows. */
static bool start(struct joining *j, size_t most) {
    size_t slots = 16;
    while (slots < 2 * most)
        slots *= 2;
    j->bytes = most * sizeof *j->rows + slots * sizeof *j->slot;
    j->rows = mt_pages_new(j->bytes);
    j->slot = (uint32_t *)(j->rows + most);
    j->mask = (uint32_t)slots - 1;
    return j->rows != NULL;
}

static memtrack_cache_row *row_of(struct joining *j, const char *name) {
    uint32_t i = (uint32_t)mt_index_mix((uint64_t)name, 0) & j->mask;
    while (j->slot[i] != 0 && j->rows[j->slot[i] - 1].name != name)
        i = (i + 1) & j->mask;
    if (j->slot[i] == 0) {
        j->rows[j->n].name = name;
        j->slot[i] = ++j->n;
    }
    return &j->rows[j->slot[i] - 1];
}

static void join(struct joining *j, const struct answers *hits, const struct answers *misses) {
    for (size_t i = 0; i < hits->n; i++) {
        memtrack_cache_row *row = row_of(j, hits->rows[i].name);
        row->hits = hits->rows[i].count;
        row->hit_ns = hits->rows[i].duration_ns;
    }
    for (size_t i = 0; i < misses->n; i++) {
        memtrack_cache_row *row = row_of(j, misses->rows[i].name);
        row->misses = misses->rows[i].count;
        row->miss_ns = misses->rows[i].duration_ns;
    }
    for (uint32_t i = 0; i < j->n; i++) {
        memtrack_cache_row *row = &j->rows[i];
        mt_scopes_read_rate(row->hits, row->hits + row->misses, &row->hit_rate);
    }
}

static void join_sizes(struct joining *j, uint32_t n_tallies) {
    memtrack_counter_row size;
    for (uint32_t i = 0; mt_tallies_size(i, n_tallies, &size); i++) {
        memtrack_cache_row *row = size.name != NULL ? row_of(j, size.name) : NULL;
        if (row != NULL) {
            row->size_bytes = (uint64_t)size.value;
            row->highest_bytes = (uint64_t)size.highest;
        }
    }
}

int mt_scopes_caches_read(mt_name_id hits, mt_name_id misses, memtrack_cache_row *rows,
                          uint32_t capacity) {
    struct answers of_hits = {0}, of_misses = {0};
    struct joining j = {0};
    int rc = read_answers(hits, &of_hits);
    if (rc == 0)
        rc = read_answers(misses, &of_misses);
    uint32_t n_tallies = mt_tallies_count();
    if (rc == 0 && !start(&j, of_hits.n + of_misses.n + n_tallies + 1))
        rc = -MEMTRACK_ENOMEM;
    if (rc == 0) {
        join(&j, &of_hits, &of_misses);
        join_sizes(&j, n_tallies);
        for (uint32_t i = 0; i < j.n && i < capacity; i++)
            rows[i] = j.rows[i];
        rc = (int)j.n;
        mt_pages_unmap(j.rows, j.bytes);
    }
    free_answers(&of_hits);
    free_answers(&of_misses);
    return rc;
}
