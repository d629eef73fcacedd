/* SPDX-License-Identifier: MIT */
/*
 * The proof is in the stack. Frames of now lead outwards to the end of a stack:
 *
 *   now ─► handler ─► signal frame ─► … ─► busy ─► main
 *
 * The event lies on this chain, beyond a signal frame: it was interrupted, and is gone on with when
 * the handler returns.
 *
 *   now ─► ……………………………………………………………► main
 *            busy ─► ……………………………………► main
 *
 * It does not. A frame calls one function at a time: so when what was called from the same
 * outermost frame once led to the event, that call is over.
 *
 * Where the handler's stack lies says nothing: an alternate stack may be an array of main's, above
 * what it interrupts, or below, or next to a coroutine's in one mapping.
 *
 * Two shorter proofs that it was left, which also do where the chain cannot be followed to its end:
 * live frames cover the place where the event's frame was; or that place is not there any more, or
 * is below the stack of now and holds nothing that could be returned to. The live frames begin with
 * our own, which lie below that of now and write over what was there.
 *
 * When the event's own chain is whole, and ends elsewhere, it is a coroutine's: left for good, or
 * switched away from in a handler and perhaps resumed. Nothing can tell; see replace in enter.c.
 */
#include "track/ground/left.h"

#include "unwind/chain.h"
#include "unwind/stack.h"

enum { MOST_STEPS = 4096, OWN_STACK_BYTES = 1024 /* of what is called here, and a margin */ };

static struct mt_chain chain_from(const struct mt_hook_frame *frame) {
    return (struct mt_chain){.state = {.pc = frame->return_address,
                                       .sp = (uint64_t)frame->caller_stack,
                                       .bp = frame->caller_bp}};
}

/* Follows the chain of now to its end, unless the fate is decided on the way. Between one frame and
 * the next all of the stack is in use: what was there before has gone. */
static enum mt_fate follow(struct mt_chain *c, uint64_t busy, uint64_t low) {
    for (int i = 0; i < MOST_STEPS; i++) {
        bool is_in_use = busy >= low && busy < c->state.sp;
        if (is_in_use)
            return c->has_crossed_signal && c->state.sp == busy + sizeof(struct mt_hook_frame)
                       ? MT_FATE_INTERRUPTED
                       : MT_FATE_LEFT;
        bool had_crossed_signal = c->has_crossed_signal;
        low = c->state.sp;
        if (!mt_chain_step(c))
            break;
        if (c->has_crossed_signal != had_crossed_signal || c->state.sp < low)
            low = c->state.sp; /* here begins another stack, or the interrupted part of this one */
    }
    return MT_FATE_UNKNOWN;
}

/* Returns where the event's own chain leads to, if its frame is still there. */
static struct mt_chain chain_of_busy(uint64_t busy) {
    const struct mt_hook_frame *frame =
        (const struct mt_hook_frame *)busy; /* NOLINT(performance-no-int-to-ptr) */
    struct mt_chain c = chain_from(frame);
    for (int i = 0; i < MOST_STEPS && mt_chain_step(&c); i++)
        ;
    return c;
}

/* Tells whether now is not in a handler, and the event's frame is deeper in the same stack. */
static bool is_below(const struct mt_chain *chain, uint64_t busy, const struct mt_hook_frame *now) {
    struct mt_stack_map none = {0};
    return chain->is_whole && !chain->has_crossed_signal && busy < (uint64_t)now &&
           mt_stack_together(&none, busy, (uint64_t)now);
}

enum mt_fate mt_left_fate(uint64_t busy, const struct mt_hook_frame *now) {
    struct mt_chain chain = chain_from(now);
    uint64_t own = (uint64_t)__builtin_frame_address(0) - OWN_STACK_BYTES;
    enum mt_fate fate = follow(&chain, busy, own);
    if (fate != MT_FATE_UNKNOWN)
        return fate;
    if (mt_os_first_unreadable((uint64_t)now, (uint64_t)now + 1) != (uint64_t)now + 1)
        return MT_FATE_UNKNOWN; /* the kernel may not be asked what can be read */
    if (mt_os_first_unreadable(busy, busy + sizeof *now) < busy + sizeof *now)
        return MT_FATE_LEFT;
    struct mt_chain before = chain_of_busy(busy);
    if (before.is_whole)
        return chain.is_whole && before.state.sp == chain.state.sp ? MT_FATE_LEFT : MT_FATE_UNKNOWN;
    return is_below(&chain, busy, now) ? MT_FATE_LEFT : MT_FATE_UNKNOWN;
}
