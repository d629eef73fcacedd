/* SPDX-License-Identifier: MIT */
/* See open.h. */
#include "track/scopes/open.h"

#include "ledger/writer/table.h"

enum { MAX_SCOPES = 256 };

uint32_t mt_scopes_open_n;
static struct mt_open_scope *chunk[MAX_SCOPES / MT_OPEN_PER_CHUNK];

struct mt_open_scope *mt_scopes_open_new_chunk(void) {
    struct mt_ledger_header *h = mt_state.header;
    size_t bytes = sizeof(struct mt_open_scope) * MT_OPEN_PER_CHUNK;
    if (!mt_state_lock_growth())
        return NULL;
    struct mt_open_scope *c = mt_table_new_chunk(&mt_state.ledger, MT_EXTENT_OPEN,
                                                 h->n_open / MT_OPEN_PER_CHUNK, bytes, 64);
    if (c != NULL)
        /* Release: the places that it counts are there. */
        mt_store_release(&h->n_open, h->n_open + MT_OPEN_PER_CHUNK);
    mt_state_unlock_growth();
    return c;
}

/* ---- of the process -------------------------------------------------------------------------- */

void mt_scopes_open_start(void) {
    for (uint32_t i = 0; i < MAX_SCOPES / MT_OPEN_PER_CHUNK; i++)
        chunk[i] = NULL;
    mt_scopes_open_n = 0;
}

struct mt_open_scope *mt_scopes_open_at(uint32_t i) {
    return &chunk[i / MT_OPEN_PER_CHUNK][i % MT_OPEN_PER_CHUNK];
}

/* Relaxed: of several threads the highest wins, whichever comes first. */
void mt_scopes_open_raise(int64_t *high, int64_t value) {
    int64_t old = mt_load_relaxed(high);
    while (value > old && !mt_replace_relaxed(high, &old, value))
        ;
}

void mt_scopes_open_note_current(int64_t current) {
    uint32_t n = mt_load_acquire(&mt_scopes_open_n); /* the chunks that these lie in are seen */
    for (uint32_t i = 0; mt_unlikely(i < n); i++)
        mt_scopes_open_raise(&mt_scopes_open_at(i)->high_bytes, current);
}

struct mt_open_scope *mt_scopes_open_free_place(uint32_t *index) {
    for (uint32_t i = 0; i < MAX_SCOPES; i++) {
        struct mt_open_scope **c = &chunk[i / MT_OPEN_PER_CHUNK];
        if (*c == NULL && (*c = mt_scopes_open_new_chunk()) == NULL)
            return NULL;
        *index = i;
        if (mt_scopes_open_at(i)->serial == 0)
            return mt_scopes_open_at(i);
    }
    return NULL;
}
