/* SPDX-License-Identifier: MIT */
/*
 * A handler that has interrupted the recorder may fork (_Fork is async-signal-safe), and in the
 * child it returns, too: into an event that goes on, with addresses of the parent's ledger in its
 * registers. Forks do not inherit the ledger, so that would be the end of the child. So it gets a
 * copy, in which it brings the event to its end and which nobody will read; only then it begins a
 * ledger of its own (mt_start). What the handler itself allocates in the child is not recorded.
 *
 * What is left out: a fork by a system call of the program's own code, not by libc's functions; see
 * docs/internals/processes.md.
 *
 * Whether one of the recorder's functions will be gone on with is seen on the stack, not told by
 * itself: it would have to say so before its first access to the ledger and after its last.
 *
 * Cost: the size of the ledger, when it happens; else a walk of the stack for each fork.
 */
#include "track/fork.h"

#include "track/ground/left.h"
#include "track/ground/state.h"
#include "track/thread/thread.h"
#include "unwind/chain.h"

enum { MOST_STEPS = 4096 };

extern MT_HIDDEN const char __ehdr_start[], etext; /* of this object, by the linker */

/* Tells whether code of the recorder lies on the stack, beyond a signal frame: then a handler has
 * interrupted it, or what it has called. */
static bool is_interrupted(const struct mt_hook_frame *frame) {
    struct mt_chain c = {.state = {.pc = frame->return_address,
                                   .sp = (uint64_t)frame->caller_stack,
                                   .bp = frame->caller_bp}};
    uint64_t begin = (uint64_t)__ehdr_start, end = (uint64_t)&etext;
    for (int i = 0; i < MOST_STEPS && mt_chain_step(&c); i++)
        if (c.has_crossed_signal && (c.state.pc & ~MT_PC_EXACT) - begin < end - begin)
            return true;
    return false;
}

/* An event that is_interrupted does not find may be a coroutine's, and be resumed. */
bool mt_fork_is_inside(const struct mt_hook_frame *frame) {
    uint64_t inside = mt_thread_inside();
    return is_interrupted(frame) || (inside != 0 && mt_left_fate(inside, frame) != MT_FATE_LEFT);
}

void mt_fork_begin(struct mt_fork *f) {
    mt_writer_copy_begin(&mt_state.ledger, &f->copy);
}

void mt_fork_in_parent(struct mt_fork *f) {
    mt_writer_copy_drop(&mt_state.ledger, &f->copy);
}

void mt_fork_in_child(const struct mt_fork *f) {
    mt_state.interrupted = mt_self;
    mt_state.is_unrecorded = false;
    mt_state.is_copied = true; /* what other threads were doing stands as it stood */
    mt_writer_copy_use(&mt_state.ledger, &f->copy);
}
