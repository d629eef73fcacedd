/* SPDX-License-Identifier: MIT */
/*
 * A hook is the program's code, called between events: the recorder is not inside, holds no lock,
 * and whatever the hook does is done by the program. It may not come back: it throws, or leaves by
 * longjmp.
 *
 *   free ──add──► taken ──► in use ──remove──► leaving ──nobody inside──► free
 *
 * Each place counts the threads that are inside. A thread counts itself and looks at the state
 * afterwards; who removes changes the state and looks at the count afterwards, both by atomic
 * exchanges of the count. So one of the two sees the other, and a hook of which remove says that
 * nobody is inside is not called any more.
 *
 * A thread inside of a hook calls no other one: a hook that begins a scope would call itself for
 * ever. Whether it is still inside is proven by the stack: the frame that it came by is on the chain
 * of the present one, with the same return address. If not, it has left the hook, and is taken off
 * the count.
 */
#include "track/scopes/hooks.h"

#include "track/scopes/open.h"
#include "track/tables/names.h"
#include "unwind/chain.h"

enum { PLACES = 16, MOST_STEPS = 4096 };
enum place_state { FREE, TAKEN, IN_USE, LEAVING };

struct place {
    uint32_t state;
    uint32_t n_inside; /* threads */
    memtrack_hook_t hook;
};

static struct place places[PLACES];
uint32_t mt_hooks_n;

/* ---- threads inside -------------------------------------------------------------------------- */

/* Takes a thread off the count, which a fork may have made zero meanwhile. */
static void leave(struct place *p) {
    uint32_t n = mt_load_relaxed(&p->n_inside);
    /* Both: what the hook has done comes before its removal is complete. */
    while (n != 0 && !mt_replace_both(&p->n_inside, &n, n - 1))
        ;
}

void mt_hooks_release(struct mt_thread *t) {
    if (t->hooks.frame == 0)
        return;
    t->hooks.frame = 0;
    leave(&places[t->hooks.place]);
}

void mt_hooks_start(void) {
    for (uint32_t i = 0; i < PLACES; i++)
        places[i].n_inside = 0;
}

/* Tells whether the call of the recorder that has called a hook is still under way, seen from a
 * call of now. A chain that cannot be followed proves nothing, and then it is taken to be. */
static bool is_under_way(const struct mt_hooks_part *part, const struct mt_hook_frame *now) {
    struct mt_chain chain = {.state = {.pc = now->return_address,
                                       .sp = (uint64_t)now->caller_stack,
                                       .bp = now->caller_bp}};
    if (part->frame == (uint64_t)now)
        return false;
    for (int i = 0; i < MOST_STEPS; i++) {
        if (chain.state.sp == part->frame + sizeof(struct mt_hook_frame) &&
            chain.state.pc == part->return_address)
            return true;
        if (!mt_chain_step(&chain))
            break;
    }
    return !chain.is_whole;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Returns the text of the name of a scope that is open, for this thread to end; else NULL. */
static const char *name_of(const struct mt_thread *t, const memtrack_scope *scope) {
    const struct mt_scope_handle *h = (const struct mt_scope_handle *)scope;
    return fault_of(t, h) == 0 ? mt_names_text(h->name) : NULL;
}

static void call(struct mt_thread *t, uint32_t i, memtrack_scope *scope, const char *name,
                 bool begins, const struct mt_hook_frame *frame) {
    struct place *p = &places[i];
    mt_add_both(&p->n_inside, 1);               /* before the state is looked at: see above */
    if (mt_load_acquire(&p->state) == IN_USE) { /* acquire: the hook is whole */
        void (*function)(memtrack_scope *, const char *, void *) =
            begins ? p->hook.begin : p->hook.end;
        t->hooks.place = i;
        t->hooks.return_address = frame->return_address;
        t->hooks.frame = (uint64_t)frame;
        if (function != NULL)
            function(scope, name, p->hook.arg);
        t->hooks.frame = 0;
    }
    leave(p);
}

/* Returns the calling thread if it may call hooks. In a process that was forked and has recorded
 * nothing yet, there is none. */
static struct mt_thread *caller(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_self;
    if (t == NULL || t->bank == NULL || !mt_state_is_recording() || mt_thread_is_busy(t))
        return NULL;
    if (t->hooks.frame != 0 && is_under_way(&t->hooks, frame))
        return NULL;
    mt_hooks_release(t);
    return t;
}

/* Returns the places that are in use, as bits. Relaxed: call looks again. */
static uint32_t wanted(void) {
    uint32_t n = mt_load_relaxed(&mt_hooks_n), bits = 0;
    for (uint32_t i = 0; i < n; i++)
        bits |= (uint32_t)(mt_load_relaxed(&places[i].state) == IN_USE) << i;
    return bits;
}

/* What hooks add is called from the next time on. */
static void call_all(memtrack_scope *scope, bool begins, const struct mt_hook_frame *frame) {
    struct mt_thread *t = caller(frame);
    const char *name = t != NULL ? name_of(t, scope) : NULL;
    uint32_t bits = name != NULL ? wanted() : 0;
    for (uint32_t i = 0; bits >> i != 0; i++)
        if (bits >> i & 1)
            call(t, i, scope, name, begins, frame);
}

void mt_hooks_begin(memtrack_scope *scope, const struct mt_hook_frame *frame) {
    call_all(scope, true, frame);
}

void mt_hooks_end(memtrack_scope *scope, const struct mt_hook_frame *frame) {
    call_all(scope, false, frame);
}

/* ---- adding and removing --------------------------------------------------------------------- */

/* Takes a place that nobody uses, or is inside of. */
static bool take(struct place *p) {
    uint32_t state = FREE;
    if (mt_replace_acquire(&p->state, &state, TAKEN)) /* acquire: the former hook has gone */
        return true;
    return state == LEAVING && mt_add_both(&p->n_inside, 0) == 0 &&
           mt_replace_acquire(&p->state, &state, TAKEN);
}

static void count_place(uint32_t i) {
    uint32_t n = mt_load_relaxed(&mt_hooks_n);
    while (n <= i && !mt_replace_relaxed(&mt_hooks_n, &n, i + 1))
        ;
}

int mt_hooks_add(const memtrack_hook_t *hook) {
    for (uint32_t i = 0; i < PLACES; i++)
        if (take(&places[i])) {
            places[i].hook = *hook;
            mt_store_release(&places[i].state, IN_USE); /* it is whole */
            count_place(i);
            return 0;
        }
    return -MEMTRACK_ELIMIT;
}

static bool is_same(const memtrack_hook_t *a, const memtrack_hook_t *b) {
    return a->begin == b->begin && a->end == b->end && a->arg == b->arg;
}

/* Finds the last place of a hook in this state. Returns PLACES when there is none. */
static uint32_t find(const memtrack_hook_t *hook, enum place_state state) {
    uint32_t i = PLACES;
    while (i-- > 0)
        if (mt_load_acquire(&places[i].state) == (uint32_t)state && is_same(&places[i].hook, hook))
            return i;
    return PLACES;
}

int mt_hooks_remove(const memtrack_hook_t *hook) {
    uint32_t i = find(hook, IN_USE), state = IN_USE;
    if (i < PLACES && !mt_replace_both(&places[i].state, &state, LEAVING))
        return mt_hooks_remove(hook); /* another thread has removed it */
    if (i == PLACES && (i = find(hook, LEAVING)) == PLACES)
        return -MEMTRACK_ENOTFOUND;
    if (mt_add_both(&places[i].n_inside, 0) != 0) /* after the state has changed: see above */
        return -MEMTRACK_EBUSY;
    state = LEAVING;
    mt_replace_both(&places[i].state, &state, FREE);
    return 0;
}
