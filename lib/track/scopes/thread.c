/* SPDX-License-Identifier: MIT */
/*
 * A thread's counters only ever grow (but for its live bytes), so a scope is two readings of them.
 * Its peak takes one comparison per allocation however many scopes are open: the thread keeps the
 * highest live bytes since the scopes were last looked at (scope_high). Beginning one hands that to
 * the scope around it and starts anew; ending one hands its own highest to the scope around it. So
 * every scope has seen the highest of all that happened inside of it.
 *
 *   live bytes     ╭╮  inner.high
 *             ╭╮  ╭╯╰╮     ╭╮ scope_high
 *           ╭╯ ╰──╯   ╰────╯          outer.high = max(its own stretches, inner.high)
 *        outer    inner        end
 *
 * What is known of an open scope lies in the recorder's memory, not in the caller's: a scope that
 * is never ended and whose storage is used for something else costs a wrong count of errors,
 * nothing more. The caller's storage holds a serial number that must be found here, and what has
 * been measured of a scope that is detached.
 */
#include "track/scopes/thread.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "track/ground/hook_frame.h"
#include "track/scopes/calls.h"
#include "track/scopes/choose.h"
#include "track/scopes/measure.h"
#include "track/scopes/stack.h"
#include "track/scopes/totals-local.h"
#include "track/scopes/totals.h"
#include "track/tables/names.h"

#include <signal.h>

/* Lets an open scope measure from now on, and its time from when all was cleared. */
static void clear_open(struct mt_open_scope *f) {
    uint64_t clear_ns = mt_state.header->clear_ns;
    if (is_unmeasured(f)) {
        f->high_bytes = INT64_MIN;
        return;
    }
    f->begin = (struct mt_counters){0};
    f->high_bytes = f->before_bytes = 0;
    f->begin_ns = f->begin_ns > clear_ns ? f->begin_ns : clear_ns;
    f->begin_cpu_ns = cpu_ns();
    f->is_attached = 0;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        f->inner[i] = 0;
}

void mt_scopes_thread_clear(struct mt_thread *t) {
    struct mt_scope_stack *s = t->scopes.stack;
    for (uint32_t i = 0; s != NULL && i < s->depth; i++)
        clear_open(open_at(s, i));
    if (t->bank->scope_high != INT64_MAX)
        t->bank->scope_high = 0;
}

/* ---- the stack of a thread ------------------------------------------------------------------- */

void mt_scopes_thread_reset(struct mt_thread *t) {
    t->scopes.name = t->scopes.root = t->domain = 0;
    t->scopes.random = t->scopes.until = 0;
}

void mt_scopes_thread_free(struct mt_thread *t) {
    if (t->scopes.stack != NULL)
        mt_pages_unmap(t->scopes.stack, sizeof *t->scopes.stack);
    t->scopes.stack = NULL;
}

static int64_t peak_of(const struct mt_open_scope *f) {
    int64_t peak = f->high_bytes - f->begin.live_bytes,
            before = f->is_attached ? f->taken[MT_SCOPE_PEAK_BYTES] : 0;
    return peak > before ? peak : before;
}

/* Processor time has no clock any more once the program has confined itself. */
static inline uint64_t cpu_since(uint64_t now_cpu_ns, uint64_t begin_cpu_ns) {
    return (int64_t)(now_cpu_ns - begin_cpu_ns) > 0 ? now_cpu_ns - begin_cpu_ns : 0;
}

/* Measures the innermost scope, after flush. */
static inline memtrack_delta measure(struct mt_thread *t, const struct mt_open_scope *f,
                                     uint64_t now_ns, uint64_t now_cpu_ns) {
    struct mt_counters now;
    read_bank(&now, t->bank);
    return delta_of(difference(now, f->begin), peak_of(f), now_ns - f->begin_ns,
                    cpu_since(now_cpu_ns, f->begin_cpu_ns));
}

/* Tells whether nothing was allocated or freed in a scope, as is common in a program that is
 * profiled function by function. */
static inline __attribute__((always_inline)) bool is_idle(const struct mt_thread *t,
                                                          const struct mt_open_scope *f) {
    const struct mt_bank *b = t->bank;
    return !f->is_attached && !f->is_failed && f->begin.live_bytes == b->counters.live_bytes &&
           f->begin.allocated_blocks == b->counters.allocated_blocks &&
           f->begin.freed_blocks == b->counters.freed_blocks &&
           f->begin.allocated_bytes == b->counters.allocated_bytes;
}

static inline __attribute__((always_inline)) void
finish_idle(struct mt_thread *t, struct mt_open_scope *f, memtrack_delta *out) {
    uint64_t duration_ns = clock_ns(CLOCK_MONOTONIC) - f->begin_ns;
    int64_t duration = (int64_t)duration_ns;
    struct mt_open_scope *outer = outer_of(t->scopes.stack);
    add_idle(t, (struct mt_scope_totals *)f->totals, f, duration);
    if (outer != NULL)
        outer->inner[MT_SCOPE_DURATION_NS] += duration;
    add_event(t, f->event, f->name, f->begin_ns, duration_ns, 0, 0);
    if (f->is_function)
        mt_scopes_calls_add_idle(t, f, duration);
    pop(t, f);
    if (mt_unlikely(out != NULL)) {
        *out = (memtrack_delta){0};
        out->duration_ns = duration_ns;
    }
}

/* weight: how many scopes it stands for. */
static inline __attribute__((always_inline)) void
finish_weighted(struct mt_thread *t, struct mt_open_scope *f, bool is_misuse, memtrack_delta *out,
                uint64_t weight, uint64_t now_cpu_ns) {
    struct mt_scope_result result = {
        .is_misuse = is_misuse,
        .is_failed = f->is_failed,
        .is_recursive = f->is_recursive,
        .is_sure = is_sampling() && weight == 1,
        .before_bytes = f->before_bytes,
        .after_bytes = mt_scopes_totals_live(t),
        .end_ns = clock_ns(CLOCK_MONOTONIC),
    };
    flush(t);
    memtrack_delta d = measure(t, f, result.end_ns, now_cpu_ns);
    values_of(&d, result.value);
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        result.own[i] = result.value[i] - f->inner[i];
    result.own[MT_SCOPE_PEAK_BYTES] = 0; /* peaks of different instants cannot be subtracted */
    subtract_from_outer(t->scopes.stack, f, result.value, weight);
    mt_scopes_totals_add(t, (struct mt_scope_totals *)f->totals, &result);
    add_event(t, f->event, f->name, f->begin_ns, d.duration_ns, d.net_bytes, d.peak_bytes);
    if (f->is_function)
        mt_scopes_calls_add(t, f, &result, weight);
    pop(t, f);
    if (out != NULL)
        *out = d;
}

MT_NOINLINE static void finish_measured(struct mt_thread *t, struct mt_open_scope *f,
                                        bool is_misuse, memtrack_delta *out) {
    finish_weighted(t, f, is_misuse, out, 1, 0);
}

/* Ends a scope that is only counted. */
static inline __attribute__((always_inline)) void finish_unmeasured(struct mt_thread *t,
                                                                    struct mt_open_scope *f,
                                                                    bool is_misuse,
                                                                    memtrack_delta *out) {
    add_unmeasured(t, (struct mt_scope_totals *)f->totals, is_misuse, f->is_failed,
                   f->is_recursive);
    if (f->is_function)
        mt_scopes_calls_add_unmeasured(t, f);
    pop_unmeasured(t, f);
    if (mt_unlikely(out != NULL))
        *out = (memtrack_delta){0};
}

MT_NOINLINE static void finish_unusual(struct mt_thread *t, struct mt_open_scope *f, bool is_misuse,
                                       memtrack_delta *out) {
    finish_weighted(t, f, is_misuse, out, weight_of(f), cpu_ns());
}

MT_NOINLINE static void finish_either(struct mt_thread *t, struct mt_open_scope *f, bool is_misuse,
                                      memtrack_delta *out) {
    if (mt_likely(is_unmeasured(f)))
        finish_unmeasured(t, f, is_misuse, out);
    else
        finish_unusual(t, f, is_misuse, out);
}

MT_NOINLINE static void finish_usual(struct mt_thread *t, struct mt_open_scope *f, bool is_misuse,
                                     memtrack_delta *out) {
    if (mt_likely(!is_misuse && is_idle(t, f)))
        finish_idle(t, f, out);
    else
        finish_measured(t, f, is_misuse, out);
}

/* Ends f, the innermost scope. out may be NULL. */
static inline void finish(struct mt_thread *t, struct mt_open_scope *f, bool is_misuse,
                          memtrack_delta *out) {
    if (mt_unlikely(mt_state.options.scopes_unusual))
        finish_either(t, f, is_misuse, out);
    else
        finish_usual(t, f, is_misuse, out);
}

/* Ends the innermost scope as a misuse, when nothing else will end it any more. */
static void abandon(struct mt_thread *t) {
    finish(t, t->scopes.stack->top, true, NULL);
}

void mt_scopes_thread_end_all(struct mt_thread *t) {
    while (t->scopes.stack != NULL && t->scopes.stack->depth != 0)
        abandon(t);
}

/* Tells whether a signal handler runs on a stack of its own. That can lie in a local array of main:
 * then what lies below it has not been left by anybody. */
MT_NOINLINE static bool is_on_signal_stack(void) {
    stack_t stack = {0};
    return mt_os_call(SYS_sigaltstack, 0, (long)&stack, 0, 0, 0, 0) == 0 &&
           (stack.ss_flags & SS_ONSTACK) != 0;
}

/* Returns the stack pointer of the caller of the present event. */
static uint64_t entered_at(const struct mt_thread *t) {
    return (t->seen & ~MT_SEEN_BUSY) + sizeof(struct mt_hook_frame);
}

/* Tells whether nobody can end a scope any more: its storage was on the part of the stack that has
 * been left, or is used anew. */
static bool is_lost(const struct mt_thread *t, const struct mt_open_scope *f, const void *storage) {
    const struct mt_stack_map *map = &t->stack.map;
    if (f->is_function)
        return false; /* its return ends it, or that of a function further out */
    return f->storage == (uint64_t)storage ||
           (f->storage < entered_at(t) && mt_stack_together(map, f->storage, entered_at(t)) &&
            !is_on_signal_stack());
}

/* Returns the stack, with room for another scope, or NULL when there is none. */
MT_NOINLINE static struct mt_scope_stack *make_room(struct mt_thread *t, const void *storage) {
    if (t->scopes.stack == NULL &&
        (t->scopes.stack = mt_pages_new(sizeof *t->scopes.stack)) == NULL)
        return NULL;
    struct mt_scope_stack *s = t->scopes.stack;
    while (s->depth != 0 && is_lost(t, s->top, storage))
        abandon(t);
    if (s->depth == MT_MAX_SCOPE_DEPTH)
        return NULL;
    struct mt_open_scope **c = &s->chunk[s->depth / MT_OPEN_PER_CHUNK];
    if (*c == NULL)
        *c = mt_scopes_open_new_chunk();
    return *c != NULL ? s : NULL;
}

static inline bool has_room(const struct mt_scope_stack *s) {
    return s != NULL && s->depth < MT_MAX_SCOPE_DEPTH &&
           s->chunk[s->depth / MT_OPEN_PER_CHUNK] != NULL;
}

/* Returns the stack with room for another scope, or NULL when there is none. */
static inline __attribute__((always_inline)) struct mt_scope_stack *room_of(struct mt_thread *t,
                                                                            const void *storage) {
    struct mt_scope_stack *s = t->scopes.stack;
    return mt_likely(has_room(s) && (s->top == NULL || !is_lost(t, s->top, storage)))
               ? s
               : make_room(t, storage);
}

/* Begins a scope inside of the innermost one. Returns NULL when there is no room. */
static inline __attribute__((always_inline)) struct mt_open_scope *
push(struct mt_thread *t, mt_name_id name, mt_name_id group, const void *storage,
     struct mt_scope_totals *r) {
    struct mt_scope_stack *s = room_of(t, storage);
    if (mt_unlikely(s == NULL))
        return NULL;
    hand_on(t, s->top);
    struct mt_open_scope *f = new_open(t, s, name, group, storage, r);
    f->before_bytes = mt_scopes_totals_live(t);
    read_bank(&f->begin, t->bank);
    f->high_bytes = t->bank->scope_high = f->begin.live_bytes;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        f->inner[i] = 0;
    show(t, s, f, true);
    return f;
}

/* ---- one scope in N -------------------------------------------------------------------------- */

/* As push, of a scope that is only counted, on a stack that has room: no counter is looked at. */
static inline __attribute__((always_inline)) struct mt_open_scope *
push_counted(struct mt_thread *t, struct mt_scope_stack *s, mt_name_id name, mt_name_id group,
             const void *storage, struct mt_scope_totals *r) {
    struct mt_open_scope *f = new_open(t, s, name, group, storage, r);
    f->high_bytes = INT64_MIN;
    f->weight = 0;
    show(t, s, f, false);
    return f;
}

static inline struct mt_open_scope *push_unmeasured(struct mt_thread *t, mt_name_id name,
                                                    mt_name_id group, const void *storage,
                                                    struct mt_scope_totals *r) {
    struct mt_scope_stack *s = room_of(t, storage);
    return mt_likely(s != NULL) ? push_counted(t, s, name, group, storage, r) : NULL;
}

/* Returns the stack, if a scope that begins now finds room on it and nothing that has been left. NULL
 * does not tell anything: what calls no function cannot know it all. */
static inline __attribute__((always_inline)) struct mt_scope_stack *
peek_room(const struct mt_thread *t, const void *storage) {
    struct mt_scope_stack *s = t->scopes.stack;
    if (mt_unlikely(!has_room(s)))
        return NULL;
    const struct mt_open_scope *f = s->top;
    bool is_kept = f == NULL || f->is_function ||
                   (f->storage != (uint64_t)storage && f->storage >= entered_at(t));
    return mt_likely(is_kept) ? s : NULL;
}

MT_NOINLINE static struct mt_open_scope *push_weighted(struct mt_thread *t, mt_name_id name,
                                                       mt_name_id group, const void *storage,
                                                       struct mt_scope_totals *r, uint64_t weight) {
    struct mt_open_scope *f = push(t, name, group, storage, r);
    if (f != NULL)
        f->weight = weight;
    return f;
}

static inline __attribute__((always_inline)) struct mt_open_scope *
push_chosen(struct mt_thread *t, mt_name_id name, mt_name_id group, const void *storage,
            struct mt_scope_totals *r, uint64_t weight) {
    return mt_likely(weight == 0) ? push_unmeasured(t, name, group, storage, r)
                                  : push_weighted(t, name, group, storage, r, weight);
}

static inline __attribute__((always_inline)) struct mt_open_scope *
push_either(struct mt_thread *t, mt_name_id name, mt_name_id group, const void *storage,
            bool is_unusual) {
    struct mt_scope_totals *r = mt_scopes_totals_find(t, name, group);
    return is_unusual ? push_chosen(t, name, group, storage, r, mt_scopes_choose(t, r))
                      : push(t, name, group, storage, r);
}

/* Lets the scope's time begin. */
static inline __attribute__((always_inline)) void start(struct mt_open_scope *f, bool is_unusual) {
    if (is_unusual && is_unmeasured(f))
        return;
    f->begin_cpu_ns = is_unusual ? cpu_ns() : 0;
    f->begin_ns = clock_ns(CLOCK_MONOTONIC);
}

/* ---- thread scopes --------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) int begin(struct mt_thread *t, memtrack_scope *scope,
                                                       const char *name, mt_name_id group,
                                                       const char *file, uint32_t line,
                                                       bool is_unusual) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    mt_name_id id = mt_names_find(&t->names, name);
    struct mt_open_scope *f = id != 0 ? push_either(t, id, group, scope, is_unusual) : NULL;
    if (mt_unlikely(f == NULL)) {
        mt_scopes_totals_drop();
        make_inert(h);
        return -MEMTRACK_ELIMIT;
    }
    struct mt_scope_totals *r = (struct mt_scope_totals *)f->totals;
    if (mt_unlikely(file != NULL && r != NULL && r->file == 0))
        mt_scopes_totals_place(t, r, file, line);
    open_handle(h, OPEN, f->serial, t->scopes.stack->depth - 1, id, group);
    h->event = f->event;
    start(f, is_unusual);
    return 0;
}

/* Begins a scope that is only counted, as most are when one in N is measured, if everything that it
 * takes is known: then no function is called, and nothing has to be kept over calls. Returns false
 * when nothing was done; begin_unusual is for all of them. */
static inline __attribute__((always_inline)) bool begin_counted(struct mt_thread *t,
                                                                memtrack_scope *scope,
                                                                const char *name, mt_name_id group,
                                                                const char *file) {
    struct mt_scope_stack *s = peek_room(t, scope);
    mt_name_id id = s != NULL ? mt_names_peek(&t->names, name) : 0;
    struct mt_scope_totals *r = id != 0 ? mt_scopes_totals_peek(t, id, group) : NULL;
    if (mt_unlikely(r == NULL || !is_only_counted(t, r) || (r->file == 0 && file != NULL)))
        return false;
    count_down(t);
    struct mt_open_scope *f = push_counted(t, s, id, group, scope, r);
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    open_handle(h, OPEN, f->serial, s->depth - 1, id, group);
    h->event = 0;
    return true;
}

MT_NOINLINE static int begin_unusual(struct mt_thread *t, memtrack_scope *scope, const char *name,
                                     mt_name_id group, const char *file, uint32_t line) {
    return begin(t, scope, name, group, file, line, true);
}

MT_NOINLINE static int begin_usual(struct mt_thread *t, memtrack_scope *scope, const char *name,
                                   mt_name_id group, const char *file, uint32_t line) {
    return begin(t, scope, name, group, file, line, false);
}

int mt_scopes_thread_begin(struct mt_thread *t, memtrack_scope *scope, const char *name,
                           mt_name_id group, const char *file, uint32_t line) {
    if (mt_unlikely(mt_state.options.scopes_unusual))
        return mt_likely(begin_counted(t, scope, name, group, file))
                   ? 0
                   : begin_unusual(t, scope, name, group, file, line);
    return begin_usual(t, scope, name, group, file, line);
}

void mt_scopes_thread_fail(struct mt_thread *t, struct mt_scope_handle *h, const char *why) {
    struct mt_scope_totals *r = mt_scopes_totals_find(t, h->name, h->group);
    if (h->state == OPEN)
        open_at(t->scopes.stack, h->index)->is_failed = 1;
    else
        h->is_failed = true;
    if (r != NULL && why != NULL)
        mt_scopes_totals_keep_error(t, r, why, clock_ns(CLOCK_MONOTONIC));
}

/* As begin_counted: ends such a scope, with nobody to be told. */
static inline __attribute__((always_inline)) bool end_counted(struct mt_thread *t,
                                                              struct mt_open_scope *f) {
    struct mt_scope_totals *r = (struct mt_scope_totals *)f->totals;
    if (mt_unlikely(f->weight != 0 || f->is_failed || r == NULL || !is_up_to_date(t, r)))
        return false;
    count_unmeasured(r, f->is_recursive);
    pop_unmeasured(t, f);
    return true;
}

void mt_scopes_thread_end_innermost(struct mt_thread *t, struct mt_open_scope *f,
                                    memtrack_delta *out) {
    if (mt_likely(!mt_state.options.scopes_unusual))
        finish_usual(t, f, false, out);
    else if (mt_unlikely(out != NULL) || !end_counted(t, f))
        finish_either(t, f, false, out);
    else if (f->is_function)
        mt_scopes_calls_add_unmeasured(t, f);
}

int mt_scopes_thread_end(struct mt_thread *t, struct mt_scope_handle *h, memtrack_delta *out) {
    bool is_innermost = h->index + 1 == t->scopes.stack->depth;
    while (h->index + 1 < t->scopes.stack->depth)
        abandon(t);
    mt_scopes_thread_end_innermost(t, t->scopes.stack->top, out);
    h->state = ENDED;
    return is_innermost ? 0 : -MEMTRACK_EORDER;
}

/* ---- detached scopes ------------------------------------------------------------------------- */

/* Keeps what is known of a scope besides what it has measured. */
static void keep_known(struct mt_scope_handle *h, const struct mt_open_scope *f,
                       uint64_t clear_epoch) {
    const struct mt_scope_totals *r = (const struct mt_scope_totals *)f->totals;
    h->is_failed = f->is_failed;
    h->is_recursive = f->is_recursive;
    h->file = r != NULL ? r->file : 0;
    h->line = r != NULL ? r->line : 0;
    h->before_bytes = f->before_bytes;
    h->weight = (uint32_t)weight_of(f);
    h->clear_epoch = clear_epoch;
}

void mt_scopes_thread_note_clear(const struct mt_thread *t, struct mt_scope_handle *h) {
    if (h->clear_epoch == t->clear_epoch)
        return;
    h->sum = (struct mt_counters){0};
    h->peak = h->before_bytes = 0;
    h->cpu_ns = 0;
    if (h->begin_ns < mt_state.header->clear_ns)
        h->begin_ns = mt_state.header->clear_ns;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        h->inner[i] = 0;
    h->clear_epoch = t->clear_epoch;
}

/* Returns the record of a scope that began elsewhere. */
static struct mt_scope_totals *record_of(struct mt_thread *t, const struct mt_scope_handle *h) {
    struct mt_scope_totals *r = mt_scopes_totals_find(t, h->name, h->group);
    if (r != NULL && r->file == 0) {
        r->line = h->line;
        r->file = h->file;
    }
    return r;
}

/* Nothing has been measured, and nothing will be. */
static int detach_unmeasured(struct mt_thread *t, struct mt_scope_handle *h) {
    struct mt_open_scope *f = t->scopes.stack->top;
    f->before_bytes = 0;
    keep_known(h, f, t->clear_epoch);
    h->sum = (struct mt_counters){0};
    h->peak = 0;
    h->begin_ns = h->cpu_ns = 0;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        h->inner[i] = 0;
    pop_unmeasured(t, f);
    h->state = DETACHED;
    return 0;
}

int mt_scopes_thread_detach(struct mt_thread *t, memtrack_scope *scope) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    int rc = fault_of(t, h);
    if (rc != 0)
        return rc;
    if (h->state != OPEN)
        return h->state == DETACHED ? -MEMTRACK_EENDED : -MEMTRACK_EUSAGE;
    if (h->index + 1 != t->scopes.stack->depth)
        return -MEMTRACK_EORDER;
    struct mt_open_scope *f = t->scopes.stack->top;
    if (is_unmeasured(f))
        return detach_unmeasured(t, h);
    flush(t);
    int64_t value[MT_N_SCOPE_VALUES];
    memtrack_delta d = measure(t, f, clock_ns(CLOCK_MONOTONIC), cpu_ns());
    values_of(&d, value);
    subtract_from_outer(t->scopes.stack, f, value, weight_of(f));
    struct mt_counters now;
    read_bank(&now, t->bank);
    h->sum = difference(now, f->begin);
    h->peak = peak_of(f);
    h->begin_ns = f->begin_ns;
    h->cpu_ns = d.cpu_ns;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        h->inner[i] = f->inner[i];
    keep_known(h, f, t->clear_epoch);
    pop(t, f);
    h->state = DETACHED;
    return 0;
}

/* Lets a scope that is attached go on as if it had begun here, with what it has measured. */
static void resume(struct mt_open_scope *f, const struct mt_scope_handle *h, uint64_t now_ns) {
    f->is_failed = h->is_failed;
    f->is_recursive = h->is_recursive;
    if (is_unmeasured(f))
        return;
    /* high_bytes stays: the scope around this one sees only what happens from now on. */
    f->begin = difference(f->begin, h->sum);
    f->begin_ns = h->begin_ns;
    f->begin_cpu_ns = cpu_ns() - h->cpu_ns;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        f->inner[i] = h->inner[i];
    f->event = h->event;
    f->before_bytes = h->before_bytes;
    f->is_attached = 1;
    memtrack_delta d = delta_of(h->sum, h->peak, now_ns - h->begin_ns, h->cpu_ns);
    values_of(&d, f->taken);
}

int mt_scopes_thread_attach(struct mt_thread *t, memtrack_scope *scope) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    int rc = fault_of(t, h);
    if (rc != 0)
        return rc;
    if (h->state != DETACHED)
        return -MEMTRACK_EUSAGE;
    mt_scopes_thread_note_clear(t, h);
    struct mt_open_scope *f = push_chosen(t, h->name, h->group, scope, record_of(t, h), h->weight);
    if (f == NULL)
        return -MEMTRACK_ELIMIT;
    resume(f, h, clock_ns(CLOCK_MONOTONIC));
    return open_handle(h, OPEN, f->serial, t->scopes.stack->depth - 1, h->name, h->group);
}

/* A scope that ends while it is detached has measured everything already. */
int mt_scopes_thread_end_detached(struct mt_thread *t, struct mt_scope_handle *h,
                                  memtrack_delta *out) {
    struct mt_scope_result result = {
        .is_failed = h->is_failed,
        .is_recursive = h->is_recursive,
        .is_sure = is_sampling() && h->weight == 1,
        .before_bytes = h->before_bytes,
        .after_bytes = mt_scopes_totals_live(t),
        .end_ns = clock_ns(CLOCK_MONOTONIC),
    };
    if (h->weight == 0) {
        add_unmeasured(t, record_of(t, h), false, h->is_failed, h->is_recursive);
        if (out != NULL)
            *out = (memtrack_delta){0};
        return 0;
    }
    mt_scopes_thread_note_clear(t, h);
    memtrack_delta d = delta_of(h->sum, h->peak, result.end_ns - h->begin_ns, h->cpu_ns);
    values_of(&d, result.value);
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        result.own[i] = result.value[i] - h->inner[i];
    result.own[MT_SCOPE_PEAK_BYTES] = 0;
    mt_scopes_totals_add(t, record_of(t, h), &result);
    add_event(t, h->event, h->name, h->begin_ns, d.duration_ns, d.net_bytes, d.peak_bytes);
    if (out != NULL)
        *out = d;
    return 0;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Returns the call that a function is entered from, which is innermost itself. Scopes in between
 * are not functions. */
static uint32_t caller_of(const struct mt_scope_stack *s) {
    uint32_t i = s->depth - 1;
    while (i > 0 && !open_at(s, i - 1)->is_function)
        i--;
    return i > 0 ? open_at(s, i - 1)->call : 0;
}

/*
 * While there is no room for one more function, those that are entered are not on the stack, and
 * must not be taken for others with the same address, or for some further out, when they return.
 * They are known by the program's stack: a function that found no room, and all that it calls, lie
 * below the point where it was entered, and its caller lies above.
 */
MT_NOINLINE static void note_unseen(struct mt_thread *t) {
    struct mt_scope_stack *s = t->scopes.stack;
    mt_scopes_totals_drop();
    if (s != NULL && !has_room(s) && entered_at(t) > s->unseen_at)
        s->unseen_at = entered_at(t);
}

/* Tells whether the function that returns found no room when it was entered. */
MT_NOINLINE static bool is_unseen(const struct mt_thread *t, struct mt_scope_stack *s) {
    uint64_t at = s->unseen_at;
    bool is_below = at != 0 && entered_at(t) <= at && !has_room(s);
    if (!is_below || entered_at(t) == at)
        s->unseen_at = 0;
    return is_below;
}

static inline __attribute__((always_inline)) void enter(struct mt_thread *t, uint64_t address,
                                                        bool is_unusual) {
    mt_name_id id = mt_names_find_function(&t->names, address);
    struct mt_open_scope *f = id != 0 ? push_either(t, id, 0, NULL, is_unusual) : NULL;
    if (mt_unlikely(f == NULL)) {
        note_unseen(t);
        return;
    }
    f->storage = address;
    f->call = mt_scopes_calls_enter(t, caller_of(t->scopes.stack), id);
    start(f, is_unusual);
}

MT_NOINLINE static void enter_unusual(struct mt_thread *t, uint64_t address) {
    enter(t, address, true);
}

void mt_scopes_thread_enter_function(struct mt_thread *t, uint64_t address) {
    if (mt_unlikely(mt_state.options.scopes_unusual))
        enter_unusual(t, address);
    else
        enter(t, address, false);
}

/* Functions that were left by longjmp or an exception lie above the one that returns. */
MT_NOINLINE static void leave_outer(struct mt_thread *t, uint64_t address) {
    struct mt_scope_stack *s = t->scopes.stack;
    uint32_t i = s->depth;
    while (i > 0 && (open_at(s, i - 1)->storage != address || !open_at(s, i - 1)->is_function))
        i--;
    if (i == 0)
        return;
    while (s->depth > i)
        abandon(t);
    mt_scopes_thread_end_innermost(t, s->top, NULL);
}

void mt_scopes_thread_leave_function(struct mt_thread *t, uint64_t address) {
    struct mt_scope_stack *s = t->scopes.stack;
    /* There is always room but at the end of a chunk. */
    if (s == NULL || (mt_unlikely(s->depth % MT_OPEN_PER_CHUNK == 0) && is_unseen(t, s)))
        return;
    struct mt_open_scope *f = s->top;
    if (mt_likely(f != NULL && f->storage == address && f->is_function))
        mt_scopes_thread_end_innermost(t, f, NULL);
    else
        leave_outer(t, address);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_scopes_thread_check(const struct mt_thread *t) {
    const struct mt_scope_stack *s = t->scopes.stack;
    uint64_t before = 0;
    MT_MUST(s == NULL || s->depth <= MT_MAX_SCOPE_DEPTH, "scopes: more are open than there can be");
    for (uint32_t i = 0; s != NULL && i < s->depth; i++) {
        const struct mt_open_scope *f = open_at(s, i);
        MT_MUST(f->serial >> MT_SCOPE_SERIAL_BITS == t->bank_id,
                "scopes: one that is open is of another thread");
        MT_MUST(f->serial > before, "scopes: an inner one began before the one around it");
        MT_MUST(f->name > 0 && f->name < mt_state.header->n_names,
                "scopes: the name of an open one is not there");
        before = f->serial;
    }
    return NULL;
}
#endif
