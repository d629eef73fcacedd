/* SPDX-License-Identifier: MIT */
/*
 * A slot for each, with the frame of the hook and the thread's token. Whether it is over is seen on
 * the stack, when the thread allocates: its calls lead through that frame or they do not. Of other
 * threads it is known only that they have ended. One that finds no slot is believed to end.
 *
 * Cost: a walk of the stack for each EVENTS allocations while code is being unloaded, else nothing.
 */
#include "track/tables/unloading.h"

#include "base/atomic.h"
#include "base/lock.h"
#include "track/ground/left.h"
#include "unwind/chain.h"

enum { SLOTS = 16, EVENTS = 64, MOST_STEPS = 4096 };

/* Each slot is taken and given back by one exchange. */
static struct slot {
    uint32_t token;     /* 0: free */
    uint64_t frame, pc; /* the frame of the hook, and where that returns to */
} slots[SLOTS];
static uint32_t n_events;

void mt_unloading_start(void) {
    for (int i = 0; i < SLOTS; i++)
        slots[i].token = 0;
}

void mt_unloading_begin(const struct mt_hook_frame *frame) {
    for (int i = 0; i < SLOTS; i++) {
        uint32_t free = 0;
        /* Only this thread looks at the frame. */
        if (mt_replace_acquire(&slots[i].token, &free, mt_lock_me())) {
            slots[i].frame = (uint64_t)frame;
            slots[i].pc = frame->return_address;
            return;
        }
    }
}

static bool give_back(struct slot *s, uint32_t token) {
    return mt_replace_both(&s->token, &token, 0); /* only one of two that find it over does it */
}

void mt_unloading_end(const struct mt_hook_frame *frame) {
    for (int i = 0; i < SLOTS; i++)
        if (mt_load_relaxed(&slots[i].token) == mt_lock_me() &&
            slots[i].frame == (uint64_t)frame) /* the slot is our own */
            give_back(&slots[i], mt_lock_me());
}

/* Tells whether the chain has come to the hook's frame. Another frame may lie there by now, so
 * where it returns to is compared as well. */
static bool is_at(const struct mt_chain *c, const struct slot *s) {
    return c->state.sp == s->frame + sizeof(struct mt_hook_frame) && c->state.pc == s->pc;
}

static bool leads_through(const struct slot *s, const struct mt_hook_frame *now) {
    struct mt_chain c = {.state = {.pc = now->return_address,
                                   .sp = (uint64_t)now->caller_stack,
                                   .bp = now->caller_bp}};
    bool is_through = is_at(&c, s);
    for (int i = 0; i < MOST_STEPS && !is_through && mt_chain_step(&c); i++)
        is_through = is_at(&c, s);
    return is_through;
}

static bool is_over(const struct slot *s, uint32_t token, uint32_t me,
                    const struct mt_hook_frame *now) {
    if (token != me)
        return mt_lock_holder_is_gone(token);
    return !leads_through(s, now) && mt_left_fate(s->frame, now) == MT_FATE_LEFT;
}

uint32_t mt_unloading_look(const struct mt_hook_frame *frame) {
    uint32_t n = 0;
    if (mt_add_relaxed(&n_events, 1) % EVENTS != 0) /* this count is read alone */
        return 0;
    for (int i = 0; i < SLOTS; i++) {
        uint32_t token = mt_load_acquire(&slots[i].token); /* if it is ours, the frame is there */
        if (token != 0 && is_over(&slots[i], token, mt_lock_me(), frame))
            n += give_back(&slots[i], token);
    }
    return n;
}
