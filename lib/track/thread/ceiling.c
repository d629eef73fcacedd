/* SPDX-License-Identifier: MIT */
/*
 * One word says what the process holds: the live bytes that all threads have published, and the
 * room that is reserved for calls under way. It is raised before a block is allocated, never above
 * the limit, and lowered after its free has been counted, and so the published bytes stay at or
 * below it. An allocation fails exactly when the blocks that there are or will be, should those
 * calls succeed, leave no room for it.
 *
 * A signal handler can interrupt the allocator and allocate itself: then the thread has two calls
 * under way, and the room of the outer one waits until the inner one is done. When such a handler
 * leaves by longjmp, the outer call's room stays reserved: it cannot be known that the call will
 * never go on.
 *
 * Rejected: to look at what is published and to go on when there is room (several threads then go
 * on at once), and a lock from there to the event's end (a handler that allocates would wait for
 * itself). Cost: two atomic operations for each allocation, and the event's own entry once more.
 */
#include "track/thread/ceiling.h"

#include "base/atomic.h"

static struct {
    uint64_t held;
    char rest[56];
} of_process __attribute__((aligned(64)));

void mt_ceiling_start(void) {
    mt_store_relaxed(&of_process.held, 0); /* no other thread is there yet */
}

/* Relaxed, here and below: the word stands alone. What is added was reserved by the same thread
 * before, and what is subtracted was added before. */
static void change_held(int64_t change) {
    if (change != 0)
        mt_add_relaxed(&of_process.held, (uint64_t)change);
}

bool mt_ceiling_reserve(struct mt_thread *t, uint64_t bytes, uint64_t *held) {
    uint64_t limit = mt_state.options.limit_bytes;
    *held = mt_load_relaxed(&of_process.held);
    do {
        if (*held > limit || bytes > limit - *held)
            return false;
    } while (!mt_replace_relaxed(&of_process.held, held, *held + bytes));
    t->ceiling.outer += t->ceiling.reserved;
    t->ceiling.reserved = bytes;
    return true;
}

void mt_ceiling_note(struct mt_thread *t, int64_t change) {
    struct mt_ceiling_part *part = &t->ceiling;
    if (part->is_deferring) {
        part->deferred += change;
        return;
    }
    uint64_t used = 0;
    if (change > 0)
        used = (uint64_t)change < part->reserved ? (uint64_t)change : part->reserved;
    part->reserved -= used;
    change_held(change - (int64_t)used);
}

void mt_ceiling_defer(struct mt_thread *t) {
    t->ceiling.is_deferring = true;
}

void mt_ceiling_settle(struct mt_thread *t) {
    struct mt_ceiling_part *part = &t->ceiling;
    int64_t deferred = part->deferred;
    part->is_deferring = false;
    part->deferred = 0;
    mt_ceiling_note(t, deferred);
    change_held(-(int64_t)part->reserved);
    part->reserved = part->outer;
    part->outer = 0;
}

void mt_ceiling_forget(struct mt_thread *t) {
    mt_ceiling_settle(t);
    mt_ceiling_settle(t);
}
