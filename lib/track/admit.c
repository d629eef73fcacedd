/* SPDX-License-Identifier: MIT */
/*
 * Room is asked for in an event of its own, which tells whether the call will be recorded: what is
 * not (recording is off, the thread has interrupted the recorder) has no part in the limit. Of the
 * allocations that are refused, the first one is kept in the ledger with its call path, and all are
 * counted.
 *
 * Aborting is what abort does: SIGABRT to this thread, for a handler or a core file, and once more
 * without the handler if that returns. libc's own takes a lock.
 */
#include "track/admit.h"

#include "base/text.h"
#include "track/ground/state.h"
#include "track/guard.h"
#include "track/live/live.h"
#include "track/start.h"
#include "track/tables/paths.h"
#include "track/thread/ceiling.h"

#include <signal.h>
#include <time.h>

bool mt_admit_is_asked(void) {
    mt_start_read_options();
    return mt_state.options.limit_bytes != 0;
}

/* ---- a refusal ------------------------------------------------------------------------------- */

static void keep(struct mt_thread *t, uint64_t bytes, uint64_t held,
                 const struct mt_hook_frame *frame) {
    struct mt_refusal *r = &mt_state.header->bounds.refusal;
    struct mt_frame_state here = {
        .pc = frame->return_address, .sp = (uint64_t)frame->caller_stack, .bp = frame->caller_bp};
    r->bytes = bytes;
    r->held_bytes = held;
    r->tid = (uint32_t)mt_os_tid();
    r->time_ns = mt_os_clock_ns(CLOCK_MONOTONIC) - mt_state.header->start_monotonic_ns;
    r->node = mt_walk(&t->stack, here, mt_paths_child, &t->paths, MT_NODE_ROOT, MT_NODE_TRUNCATED);
    mt_store_release(&r->is_there, 1); /* the rest is there */
}

static char *put(char *p, const char *end, const char *before, uint64_t number) {
    return mt_text_put_number(mt_text_put(p, end, before), end, number);
}

static void say(uint64_t bytes, uint64_t held) {
    char text[256], *p = text;
    const char *end = text + sizeof text - 1;
    p = put(p, end, "memtrack: an allocation of ", bytes);
    p = put(p, end, " bytes with ", held);
    p = put(p, end, " bytes live would exceed the limit of ", mt_state.options.limit_bytes);
    p = mt_text_put(p, end, " bytes: aborted, as the limit says\n");
    mt_os_call(SYS_write, 2, (long)text, p - text, 0, 0, 0);
}

_Noreturn static void abort_process(void) {
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } usual = {0};
    uint64_t mask = UINT64_C(1) << (SIGABRT - 1);
    for (int i = 0; i < 2; i++) {
        mt_os_call(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&mask, 0, sizeof mask, 0, 0);
        mt_os_call(SYS_tgkill, mt_os_pid(), mt_os_tid(), SIGABRT, 0, 0, 0);
        mt_os_call(SYS_rt_sigaction, SIGABRT, (long)&usual, 0, sizeof usual.mask, 0, 0);
    }
    __builtin_trap();
}

/* Ends the event of t. */
static enum mt_admit refuse(struct mt_thread *t, uint64_t bytes, uint64_t held,
                            const struct mt_hook_frame *frame) {
    /* Relaxed: whoever gets 0 keeps its own. */
    if (mt_add_relaxed(&mt_state.header->bounds.n_refused, 1) == 0)
        keep(t, bytes, held, frame);
    mt_guard_leave(t);
    if (mt_state.options.limit_aborts) {
        say(bytes, held);
        abort_process();
    }
    return MT_ADMIT_REFUSED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Begins an event, unless the call will not be recorded: then it returns NULL. */
static struct mt_thread *enter(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL || (!mt_load_relaxed(&mt_state.off) && t->paused == 0))
        return t;
    mt_guard_leave(t);
    return NULL;
}

/* Ends the event of t. asked: what the whole block will have. */
static enum mt_admit reserve(struct mt_thread *t, uint64_t bytes, uint64_t asked,
                             const struct mt_hook_frame *frame) {
    uint64_t held;
    if (!mt_ceiling_reserve(t, bytes, &held))
        return refuse(t, asked, held, frame);
    mt_guard_leave(t);
    return MT_ADMIT_TAKEN;
}

/* More than there can be is for the allocator to refuse, in its own way. */
static bool is_possible(uint64_t bytes) {
    return bytes <= PTRDIFF_MAX;
}

enum mt_admit mt_admit_block(uint64_t bytes, const struct mt_hook_frame *frame) {
    struct mt_thread *t = is_possible(bytes) ? enter(frame) : NULL;
    if (t == NULL)
        return MT_ADMIT_PASSED;
    if (t->asked_most != 0 && bytes >= t->asked && bytes <= t->asked_most)
        bytes = t->asked;
    return reserve(t, bytes, bytes, frame);
}

/* Returns what is recorded of block, or 0. */
static uint64_t bytes_of(struct mt_thread *t, const void *block, bool moving) {
    if (!moving)
        return mt_live_look(t, (uint64_t)block).bytes;
    if (t->moved.journal.taking == 0 || t->moved.address != (uint64_t)block)
        return 0;
    return mt_live_noted(t->moved.journal.taking, &t->moved.journal).bytes;
}

enum mt_admit mt_admit_growth(const void *block, bool moving, uint64_t bytes,
                              const struct mt_hook_frame *frame) {
    struct mt_thread *t = is_possible(bytes) ? enter(frame) : NULL;
    if (t == NULL)
        return MT_ADMIT_PASSED;
    uint64_t before = bytes_of(t, block, moving);
    return reserve(t, bytes > before ? bytes - before : 0, bytes, frame);
}

void mt_admit_end(void) {
    struct mt_thread *t = mt_guard_enter(__builtin_frame_address(0));
    if (t == NULL)
        return;
    mt_ceiling_settle(t);
    mt_guard_leave(t);
}
