/* SPDX-License-Identifier: MIT */
/* The stack of a thread's scopes: how one gets a place on it, and is taken away. thread.c has what
 * they measure. For this room alone. */
#ifndef MT_TRACK_SCOPES_STACK_H
#define MT_TRACK_SCOPES_STACK_H

#include "track/scopes/measure.h"
#include "track/scopes/open.h"

/* Tells whether a scope that begins at this depth lies inside of one of the same record; if not, it
 * is the outermost one of it. */
static inline bool is_inside_its_like(const struct mt_scope_stack *s, struct mt_scope_totals *r,
                                      uint32_t depth) {
    if (r == NULL)
        return false;
    if (r->outermost < depth && open_at(s, r->outermost)->totals == (uint64_t)r)
        return true;
    r->outermost = depth;
    return false;
}

/* Makes a place for a scope inside of the innermost one, and fills in what it is. storage is the
 * program's, or NULL for a function. It is not whole before show. */
static inline __attribute__((always_inline)) struct mt_open_scope *
new_open(struct mt_thread *t, struct mt_scope_stack *s, mt_name_id name, mt_name_id group,
         const void *storage, struct mt_scope_totals *r) {
    uint32_t depth = s->depth++;
    struct mt_open_scope *f = s->top = open_at(s, depth);
    f->storage = (uint64_t)storage;
    f->name = name;
    f->group = group;
    f->totals = (uint64_t)r;
    f->is_function = storage == NULL;
    f->is_attached = f->is_failed = 0;
    f->is_recursive = is_inside_its_like(s, r, depth);
    f->begin_ns = 0;
    t->scopes.name = name;
    return f;
}

static inline __attribute__((always_inline)) void
show(const struct mt_thread *t, struct mt_scope_stack *s, struct mt_open_scope *f, bool is_event) {
    uint64_t serial = (uint64_t)t->bank_id << MT_SCOPE_SERIAL_BITS | ++s->n_serials;
    f->event = is_event ? serial : 0;
    mt_store_release(&f->serial, serial); /* the scope is whole: readers begin here */
}

/* Takes away f, the innermost scope. Returns the one around it, or NULL. */
static inline __attribute__((always_inline)) struct mt_open_scope *
take_away(struct mt_thread *t, struct mt_open_scope *f) {
    struct mt_scope_stack *s = t->scopes.stack;
    struct mt_open_scope *outer = outer_of(s);
    int64_t high = f->high_bytes;
    s->depth--;
    s->top = outer;
    mt_store_release(&f->serial, 0); /* this comes before its place is used again */
    if (outer != NULL && high > outer->high_bytes)
        outer->high_bytes = high;
    t->scopes.name = outer != NULL ? outer->name : 0;
    return outer;
}

static inline __attribute__((always_inline)) void pop(struct mt_thread *t,
                                                      struct mt_open_scope *f) {
    look_anew(t, take_away(t, f));
}

/* The same of one that is only counted: what is the highest goes on, for the scope around it. */
static inline __attribute__((always_inline)) void pop_unmeasured(struct mt_thread *t,
                                                                 struct mt_open_scope *f) {
    /* Relaxed: a scope of the process that begins now makes the highest its own. */
    if (take_away(t, f) == NULL && mt_load_relaxed(&mt_scopes_open_n) == 0)
        t->bank->scope_high = INT64_MAX;
}

/* Adds the values of the innermost scope to what lies inside of the scope around it. What was
 * measured before this one was attached does not lie there. weight: how many scopes it stands for.
 */
static inline void subtract_from_outer(struct mt_scope_stack *s, const struct mt_open_scope *f,
                                       const int64_t *value, uint64_t weight) {
    struct mt_open_scope *outer = outer_of(s);
    for (int i = 0; outer != NULL && i < MT_N_SCOPE_VALUES; i++) {
        int64_t inside = value[i] - (f->is_attached ? f->taken[i] : 0);
        outer->inner[i] = (int64_t)((uint64_t)outer->inner[i] + (uint64_t)inside * weight);
    }
}

#endif
