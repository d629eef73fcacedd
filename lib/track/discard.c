/* SPDX-License-Identifier: MIT */
/*
 * Which blocks belong is asked of whoever gives them up, one by one, before the fact: afterwards
 * nobody knows. They are freed in the table when it has succeeded. In between their addresses may
 * go to another thread, whose block then stands in the table under the same address (the insert has
 * counted the missed free); so the question is asked again for each.
 *
 * Rejected: to take them out of the table first, as a realloc does: what fails would have to be put
 * back, and a snapshot in between would miss them. To keep the arena beside each block would cost
 * every block of every program.
 *
 * Cost: the list (8 bytes for each block that belongs) and two questions, where the allocator walks
 * the same blocks.
 */
#include "track/discard.h"

#include "base/pages.h"
#include "track/ground/state.h"
#include "track/guard.h"
#include "track/live/live.h"
#include "track/record.h"

enum { PIECE_BYTES = 1 << 16, PIECE_BLOCKS = PIECE_BYTES / 8 - 3 };

struct piece {
    struct piece *next;
    uint64_t n;
    void *block[PIECE_BLOCKS];
};

struct mt_discard {
    struct piece *first;
    bool incomplete; /* there was no memory for all of the list */
    uint64_t listed[MT_LIVE_LISTED];
};

static bool add(struct mt_discard *d, void *block) {
    if (d->first == NULL || d->first->n == PIECE_BLOCKS) {
        struct piece *fresh = mt_pages_new(sizeof *fresh);
        if (fresh == NULL)
            return false;
        fresh->next = d->first;
        d->first = fresh;
    }
    d->first->block[d->first->n++] = block;
    return true;
}

/* Lists the next blocks of the table, in an event of its own. Returns how many, 0 at the end. */
static uint32_t list(struct mt_discard *d, struct mt_live_cursor *cursor,
                     const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return 0;
    uint32_t n = mt_live_list(t, cursor, d->listed);
    mt_guard_leave(t);
    return n;
}

struct mt_discard *mt_discard_begin(mt_discard_belongs *belongs, void *context,
                                    const struct mt_hook_frame *frame) {
    struct mt_live_cursor cursor = {0};
    if (mt_page.state < MT_STATE_FIRST)
        return NULL;
    struct mt_discard *d = mt_pages_new(sizeof *d);
    if (d == NULL) {
        mt_discard_unseen();
        return NULL;
    }
    for (uint32_t n; (n = list(d, &cursor, frame)) != 0;)
        for (uint32_t i = 0; i < n; i++) {
            void *block = (void *)d->listed[i];
            if (belongs(context, block, false) && !add(d, block))
                d->incomplete = true;
        }
    return d;
}

void mt_discard_end(struct mt_discard *discard, bool done, mt_discard_belongs *belongs,
                    void *context) {
    if (discard == NULL)
        return;
    if (done && discard->incomplete)
        mt_discard_unseen();
    for (struct piece *p = discard->first, *next; p != NULL; p = next) {
        for (uint64_t i = 0; done && i < p->n; i++)
            if (belongs(context, p->block[i], true))
                mt_record_free(p->block[i]);
        next = p->next;
        mt_pages_unmap(p, sizeof *p);
    }
    mt_pages_unmap(discard, sizeof *discard);
}

void mt_discard_unseen(void) {
    if (mt_state_is_recording())
        mt_add_relaxed(&mt_state.header->unseen_discards, 1); /* this count is read alone */
}
