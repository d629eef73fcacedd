/* SPDX-License-Identifier: MIT */
/* What scopes of threads (thread.c) and scopes of the process (process.c) are both made of. Only
 * this room includes it. */
#ifndef MT_TRACK_OPEN_H
#define MT_TRACK_OPEN_H

#include "base/atomic.h"
#include "memtrack.h"
#include "track/ground/state.h"
#include "track/thread/thread.h"

#include <time.h>

enum { MT_MAX_SCOPE_DEPTH = 16384 };

struct mt_scope_stack {
    uint64_t n_serials;
    uint32_t depth;
    uint32_t until_event;
    uint64_t
        unseen_at; /* the stack pointer of the outermost function that found no room; 0: none */
    struct mt_open_scope *top; /* the innermost one, NULL: none is open */
    /* They lie in the ledger, and there are as many as have been needed. */
    struct mt_open_scope *chunk[MT_MAX_SCOPE_DEPTH / MT_OPEN_PER_CHUNK];
};

enum mt_scope_state { INERT = 1, OPEN, PROCESS, DETACHED, ENDED };
#define MAGIC UINT64_C(0x65706f636b61726d) /* "markcope" read as little endian */

/* What memtrack_scope holds. */
struct mt_scope_handle {
    uint64_t magic, serial, event;
    uint32_t state, index, pid;
    mt_name_id name, group;
    /* Of a scope that is detached: what is known of it, and has been measured. */
    bool is_failed, is_recursive;
    uint32_t line;
    mt_name_id file;
    uint32_t weight; /* as of struct mt_open_scope */
    int64_t before_bytes;
    uint64_t clear_epoch; /* what has been measured is from before any later one */
    struct mt_counters sum;
    int64_t peak;
    uint64_t begin_ns, cpu_ns;
    int64_t inner[MT_N_SCOPE_VALUES];
};
_Static_assert(sizeof(struct mt_scope_handle) <= sizeof(memtrack_scope),
               "a scope has room for what is kept in it");

/* ---- reading ---- */

static inline uint64_t clock_ns(int clock) {
    struct timespec now = {0};
    if (mt_unlikely(!mt_os_may(SYS_clock_gettime)))
        return mt_os_clock_ns(clock);
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t cpu_ns(void) {
    return mt_unlikely(mt_state.options.scope_cpu) ? clock_ns(CLOCK_THREAD_CPUTIME_ID) : 0;
}

/* Reads the counters of a bank. Relaxed: those of another thread are each as of some moment of the
 * call. They are read word by word: a struct that is copied with wide loads right after narrow
 * stores stalls the store buffer. */
static inline void read_bank(struct mt_counters *out, const struct mt_bank *b) {
    out->live_bytes = mt_load_relaxed(&b->counters.live_bytes);
    out->allocated_bytes = mt_load_relaxed(&b->counters.allocated_bytes);
    out->allocated_blocks = mt_load_relaxed(&b->counters.allocated_blocks);
    out->freed_blocks = mt_load_relaxed(&b->counters.freed_blocks);
    out->temporary_blocks = mt_load_relaxed(&b->counters.temporary_blocks);
}

static inline struct mt_counters difference(struct mt_counters a, struct mt_counters b) {
    mt_counters_add(&a, &b, -1);
    return a;
}

static inline memtrack_delta delta_of(struct mt_counters d, int64_t peak, uint64_t duration,
                                      uint64_t cpu) {
    return (memtrack_delta){.net_bytes = d.live_bytes,
                            .net_blocks = (int64_t)(d.allocated_blocks - d.freed_blocks),
                            .peak_bytes = peak > 0 ? peak : 0,
                            .allocated_bytes = d.allocated_bytes,
                            .allocated_blocks = d.allocated_blocks,
                            .freed_bytes = d.allocated_bytes - (uint64_t)d.live_bytes,
                            .freed_blocks = d.freed_blocks,
                            .temporary_blocks = d.temporary_blocks,
                            .duration_ns = duration,
                            .cpu_ns = cpu};
}

static inline void values_of(const memtrack_delta *d, int64_t *value) {
    value[MT_SCOPE_NET_BYTES] = d->net_bytes;
    value[MT_SCOPE_PEAK_BYTES] = d->peak_bytes;
    value[MT_SCOPE_ALLOCATED_BYTES] = (int64_t)d->allocated_bytes;
    value[MT_SCOPE_ALLOCATED_BLOCKS] = (int64_t)d->allocated_blocks;
    value[MT_SCOPE_FREED_BYTES] = (int64_t)d->freed_bytes;
    value[MT_SCOPE_DURATION_NS] = (int64_t)d->duration_ns;
    value[MT_SCOPE_CPU_NS] = (int64_t)d->cpu_ns;
}

/* Returns a time as the nanoseconds since recording started; 0 for one before that. */
static inline uint64_t since_start(uint64_t ns) {
    uint64_t start = mt_state.header->start_monotonic_ns;
    return ns > start ? ns - start : 0;
}

/* ---- open scopes ---- */

static inline struct mt_open_scope *open_at(const struct mt_scope_stack *s, uint32_t i) {
    return &s->chunk[i / MT_OPEN_PER_CHUNK][i % MT_OPEN_PER_CHUNK];
}

/* Returns the scope around the innermost one, which there is, or NULL. */
static inline struct mt_open_scope *outer_of(const struct mt_scope_stack *s) {
    return s->depth > 1 ? open_at(s, s->depth - 2) : NULL;
}

/* Fills in what a handle says of an open scope. Returns 0. */
static inline int open_handle(struct mt_scope_handle *h, enum mt_scope_state state, uint64_t serial,
                              uint32_t index, mt_name_id name, mt_name_id group) {
    h->magic = MAGIC;
    h->serial = serial;
    h->state = state;
    h->index = index;
    h->pid = (uint32_t)mt_state.pid;
    h->name = name;
    h->group = group;
    return 0;
}

/* Tells whether one scope in so many is measured, and the others only counted. */
static inline bool is_sampling(void) {
    return mt_unlikely(mt_state.options.scope_sample > 1);
}

static inline uint64_t weight_of(const struct mt_open_scope *f) {
    return is_sampling() ? f->weight : 1;
}

/* Tells whether an open scope is only counted. */
static inline bool is_unmeasured(const struct mt_open_scope *f) {
    return weight_of(f) == 0;
}

/* Makes a scope one that measures nothing, and may be ended. */
static inline void make_inert(struct mt_scope_handle *h) {
    open_handle(h, INERT, 0, 0, 0, 0);
}

/* Returns MT_OPEN_PER_CHUNK places for open scopes, where readers find them; NULL when there is no
 * room. */
MT_HIDDEN struct mt_open_scope *mt_scopes_open_new_chunk(void);

/* ---- those of the process: any number of threads ---- */

/* Forgets all scopes of the process, in a new process. */
MT_HIDDEN void mt_scopes_open_start(void);
MT_HIDDEN extern uint32_t mt_scopes_open_n; /* all open ones lie below; others have serial 0 */
/* Returns the place with this index, whose chunk has been made. */
MT_HIDDEN struct mt_open_scope *mt_scopes_open_at(uint32_t index);
/* Returns a place that is free, and its index, or NULL when there is no room. The caller has the
 * lock of these scopes. */
MT_HIDDEN struct mt_open_scope *mt_scopes_open_free_place(uint32_t *index);
/* Raises *high to value, unless it is higher. */
MT_HIDDEN void mt_scopes_open_raise(int64_t *high, int64_t value);
/* Raises what each of them has held to the current bytes of the process. */
MT_HIDDEN void mt_scopes_open_note_current(int64_t current);

/* ---- what a program passes ---- */

/* Returns the innermost scope of this thread if that is what h stands for, else NULL. */
static inline __attribute__((always_inline)) struct mt_open_scope *
innermost_of(const struct mt_thread *t, const struct mt_scope_handle *h) {
    const struct mt_scope_stack *s = t->scopes.stack;
    struct mt_open_scope *f = s != NULL ? s->top : NULL;
    bool is_it = f != NULL && f->serial == h->serial && h->state == OPEN && h->magic == MAGIC &&
                 h->pid == (uint32_t)mt_state.pid;
    return is_it ? f : NULL;
}

/* Returns 0, or -MEMTRACK_E... that says why there is no such scope of this thread. */
static inline __attribute__((always_inline)) int fault_of(const struct mt_thread *t,
                                                          const struct mt_scope_handle *h) {
    const struct mt_scope_stack *s = t->scopes.stack;
    if (h->magic != MAGIC || (h->state != OPEN && h->state != PROCESS && h->state != DETACHED))
        return -MEMTRACK_EENDED;
    if (h->pid != (uint32_t)mt_state.pid)
        return -MEMTRACK_EFORKED;
    if (h->state != OPEN)
        return 0;
    if (h->serial >> MT_SCOPE_SERIAL_BITS != t->bank_id)
        return -MEMTRACK_ETHREAD;
    if (s == NULL || h->index >= s->depth || open_at(s, h->index)->serial != h->serial)
        return -MEMTRACK_EENDED;
    return 0;
}

#endif
