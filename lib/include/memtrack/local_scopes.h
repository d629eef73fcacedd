/* SPDX-License-Identifier: MIT */
/*
 * Scopes of a process that is not recorded: their times and how many there are. What lies where:
 * memtrack/local.h. The functions do, and return, what memtrack.h says of those without local_.
 *
 * A thread's scopes are a stack, which knows of each when it began and how long those inside of it
 * took. A scope of the process lies in the program's own memtrack_scope alone, as does one that is
 * detached.
 */
#ifndef MEMTRACK_LOCAL_SCOPES_H
#define MEMTRACK_LOCAL_SCOPES_H

#include "memtrack/local_hooks.h"
#include "memtrack/local_sample.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MEMTRACK_LOCAL_INERT_ = 1, /* measures nothing, and may be ended */
    MEMTRACK_LOCAL_OPEN_,
    MEMTRACK_LOCAL_OF_PROCESS_,
    MEMTRACK_LOCAL_DETACHED_,
    MEMTRACK_LOCAL_ENDED_
};
#define MEMTRACK_LOCAL_MAGIC_ UINT64_C(0x6c61636f6c6b6d74) /* "tmklocal" */

/* What a memtrack_scope holds. */
struct memtrack_local_handle_ {
    uint64_t magic, generation, serial;
    int state, is_failed, is_recursive;
    uint32_t weight; /* of one that is on no stack */
    uint32_t depth, group;
    struct memtrack_local_thread_ *thread; /* that has it open */
    struct memtrack_local_key_ *key;
    uint64_t begin_ns, cpu_ns; /* cpu_ns: what has been measured, or when it began */
    int64_t inner_ns;
};

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_handle_ *
memtrack_local_handle_of_(memtrack_scope *scope) {
    return (struct memtrack_local_handle_ *)(void *)scope;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_inert_(memtrack_scope *scope, int rc) {
    if (scope) {
        memtrack_local_handle_of_(scope)->magic = MEMTRACK_LOCAL_MAGIC_;
        memtrack_local_handle_of_(scope)->state = MEMTRACK_LOCAL_INERT_;
        memtrack_local_handle_of_(scope)->generation = 0;
    }
    return rc;
}

/* ---- the stack of a thread ------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ uint64_t memtrack_local_cpu_ns_(const struct memtrack_local_process_ *p) {
    return __builtin_expect(p->has_cpu, 0) ? memtrack_system_ns_(MEMTRACK_SYSTEM_THREAD_TIME_) : 0;
}

/* Adds what the innermost scope, which is taken away, has measured to result. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_measure_(const struct memtrack_local_thread_ *t,
                                                       struct memtrack_local_frame_ *f,
                                                       struct memtrack_local_result_ *result) {
    uint64_t now_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_),
             cpu_ns = result->is_misuse ? 0 : memtrack_local_cpu_ns_(t->process);
    result->duration_ns = (int64_t)(now_ns - f->begin_ns);
    result->cpu_ns = cpu_ns ? (int64_t)(cpu_ns - f->begin_cpu_ns) : 0;
    result->own_ns = result->duration_ns - f->inner_ns;
    memtrack_local_subtract_(t, f, result->duration_ns);
}

/* Ends the innermost scope of t, which is the calling thread or one that has ended. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_finish_(struct memtrack_local_thread_ *t,
                                                      int is_misuse, memtrack_delta *out) {
    struct memtrack_local_frame_ *f = &t->stack[t->depth - 1];
    struct memtrack_local_result_ result;
    MEMTRACK_LOCAL_SET_(t->depth, t->depth - 1);
    result.duration_ns = result.cpu_ns = result.own_ns = 0;
    result.is_failed = f->is_failed;
    result.is_misuse = is_misuse;
    result.is_recursive = f->is_recursive;
    result.weight = f->weight;
    if (f->weight)
        memtrack_local_measure_(t, f, &result);
    f->serial = 0;
    memtrack_local_add_(t, f->record, &result);
    if (f->weight)
        memtrack_local_add_event_(t, f->record->key, f->begin_ns, (uint64_t)result.duration_ns);
    if (out) {
        out->duration_ns = (uint64_t)result.duration_ns;
        out->cpu_ns = (uint64_t)result.cpu_ns;
    }
}

/* Ends the innermost scope as a misuse, when nothing else will end it any more. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_abandon_(struct memtrack_local_thread_ *t) {
    memtrack_local_finish_(t, 1, NULL);
}

/* The lock is let go meanwhile: what ends may need more room, and takes it. */
MEMTRACK_LOCAL_ void memtrack_local_end_all_(struct memtrack_local_thread_ *t) {
    int tid = t->tid;
    if (!t->depth)
        return;
    MEMTRACK_LOCAL_SET_(
        t->tid, -1); /* nobody else finds that it has ended: there is no such thread, nor a group */
    memtrack_local_unlock_(memtrack_local_state_.page);
    while (t->depth)
        memtrack_local_abandon_(t);
    memtrack_local_lock_(memtrack_local_state_.page);
    MEMTRACK_LOCAL_SET_(t->tid, tid);
}

MEMTRACK_LOCAL_ int memtrack_local_deepen_(struct memtrack_local_thread_ *t);
MEMTRACK_LOCAL_ int memtrack_local_deepen_(struct memtrack_local_thread_ *t) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct memtrack_local_frame_ *stack, *old;
    if (t->depth == MEMTRACK_LOCAL_MAX_DEPTH_)
        return 0;
    stack = (struct memtrack_local_frame_ *)memtrack_system_pages_(capacity * sizeof *stack);
    if (!stack)
        return 0;
    if (t->depth)
        memcpy(stack, t->stack, t->depth * sizeof *stack);
    old = t->stack;
    t->stack = stack;
    memtrack_system_free_(old, t->capacity * sizeof *stack);
    t->capacity = capacity;
    return 1;
}

/* Begins a scope inside of the innermost one. One that began in the same storage has been left:
 * nobody can end it any more. Returns NULL when there is no room. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_frame_ *
memtrack_local_push_(struct memtrack_local_thread_ *t, struct memtrack_local_record_ *r,
                     const void *storage, uint32_t weight) {
    struct memtrack_local_frame_ *f;
    while (t->depth && t->stack[t->depth - 1].storage == storage)
        memtrack_local_abandon_(t);
    if (t->depth == t->capacity && !memtrack_local_deepen_(t))
        return NULL;
    f = &t->stack[t->depth];
    f->serial = ++t->n_serials;
    f->record = r;
    f->storage = storage;
    f->inner_ns = f->taken_ns = 0;
    f->is_failed = 0;
    f->weight = weight;
    f->is_recursive = r->outermost < t->depth && t->stack[r->outermost].record == r;
    if (!f->is_recursive)
        r->outermost = t->depth;
    MEMTRACK_LOCAL_SET_(t->depth, t->depth + 1);
    return f;
}

/* Fills in what a scope knows of itself when it is open in t. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_open_(struct memtrack_local_handle_ *h,
                                                    struct memtrack_local_thread_ *t,
                                                    const struct memtrack_local_frame_ *f) {
    h->magic = MEMTRACK_LOCAL_MAGIC_;
    h->generation = t->process->generation;
    h->state = MEMTRACK_LOCAL_OPEN_;
    h->thread = t;
    h->key = f->record->key;
    h->serial = f->serial;
    h->depth = t->depth - 1;
}

/* Returns 0, or why there is no such scope of this thread. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_fault_(const struct memtrack_local_thread_ *t,
                                                    const struct memtrack_local_handle_ *h) {
    if (h->magic != MEMTRACK_LOCAL_MAGIC_ ||
        (h->state != MEMTRACK_LOCAL_OPEN_ && h->state != MEMTRACK_LOCAL_OF_PROCESS_ &&
         h->state != MEMTRACK_LOCAL_DETACHED_))
        return -MEMTRACK_EENDED;
    if (h->generation != t->process->generation)
        return -MEMTRACK_EFORKED;
    if (h->state != MEMTRACK_LOCAL_OPEN_)
        return 0;
    if (h->thread != t)
        return -MEMTRACK_ETHREAD;
    return h->depth >= t->depth || t->stack[h->depth].serial != h->serial ? -MEMTRACK_EENDED : 0;
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* Notes where the first scope of a name began. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_note_place_(struct memtrack_local_thread_ *t,
                                                          struct memtrack_local_key_ *key,
                                                          const char *file, uint32_t line) {
    if (!file || MEMTRACK_LOCAL_FIND_(key->file))
        return;
    memtrack_local_lock_(memtrack_local_state_.page);
    if (!key->file) {
        key->line = line;
        MEMTRACK_LOCAL_PUBLISH_(key->file, memtrack_local_copy_(t->process, file));
    }
    memtrack_local_unlock_(memtrack_local_state_.page);
}

/* Leaves, and calls what is to be called when a scope has begun. Returns 0. */
__attribute__((always_inline)) MEMTRACK_SYSTEM_FUNCTION_ int
memtrack_local_begun_(struct memtrack_local_thread_ *t, memtrack_scope *scope, const char *name) {
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    if (memtrack_local_has_hooks_(t, frame))
        memtrack_local_call_hooks_(t, frame, scope, name, 0);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_group_begin_at(uint32_t group, memtrack_scope *scope,
                                                  const char *name, const char *file,
                                                  uint32_t line) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    struct memtrack_local_thread_ *t;
    struct memtrack_local_record_ *r;
    struct memtrack_local_frame_ *f = NULL;
    int why;
    if (!scope || !name)
        return memtrack_local_inert_(scope, -MEMTRACK_EUSAGE);
    if (!(t = memtrack_local_enter_(&why)))
        return memtrack_local_inert_(scope, why);
    if (group >= MEMTRACK_LOCAL_FIND_(t->process->n_groups))
        return memtrack_local_leave_(t, memtrack_local_inert_(scope, -MEMTRACK_EUSAGE));
    if ((r = memtrack_local_find_record_(t, group, 0, name)) != NULL)
        f = memtrack_local_push_(t, r, scope, memtrack_local_choose_(t, r));
    if (!f) {
        memtrack_local_drop_();
        return memtrack_local_leave_(t, memtrack_local_inert_(scope, -MEMTRACK_ELIMIT));
    }
    memtrack_local_note_place_(t, r->key, file, line);
    memtrack_local_open_(h, t, f);
    if (f->weight) {
        f->begin_cpu_ns = memtrack_local_cpu_ns_(t->process);
        f->begin_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    }
    return memtrack_local_begun_(t, scope, r->key->text);
}

MEMTRACK_LOCAL_ int memtrack_local_begin_at(memtrack_scope *scope, const char *name,
                                            const char *file, uint32_t line) {
    return memtrack_local_group_begin_at(0, scope, name, file, line);
}

MEMTRACK_LOCAL_ int memtrack_local_begin(memtrack_scope *scope, const char *name) {
    return memtrack_local_group_begin_at(0, scope, name, NULL, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_begin_process_at(memtrack_scope *scope, const char *name,
                                                    const char *file, uint32_t line) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    struct memtrack_local_thread_ *t;
    struct memtrack_local_record_ *r;
    int why;
    if (!scope || !name)
        return memtrack_local_inert_(scope, -MEMTRACK_EUSAGE);
    if (!(t = memtrack_local_enter_(&why)))
        return memtrack_local_inert_(scope, why);
    if (!(r = memtrack_local_find_record_(t, 0, 1, name))) {
        memtrack_local_drop_();
        return memtrack_local_leave_(t, memtrack_local_inert_(scope, -MEMTRACK_ELIMIT));
    }
    memtrack_local_note_place_(t, r->key, file, line);
    h->magic = MEMTRACK_LOCAL_MAGIC_;
    h->generation = t->process->generation;
    h->state = MEMTRACK_LOCAL_OF_PROCESS_;
    h->key = r->key;
    h->is_failed = h->is_recursive = 0;
    h->weight = 1;
    h->cpu_ns = 0;
    h->inner_ns = 0;
    h->begin_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    return memtrack_local_begun_(t, scope, r->key->text);
}

MEMTRACK_LOCAL_ int memtrack_local_begin_process(memtrack_scope *scope, const char *name) {
    return memtrack_local_begin_process_at(scope, name, NULL, 0);
}

/* Ends a scope that is on no stack. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_end_alone_(struct memtrack_local_thread_ *t,
                                                        struct memtrack_local_handle_ *h,
                                                        memtrack_delta *out) {
    uint64_t now_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    struct memtrack_local_record_ *r =
        memtrack_local_find_record_(t, h->key->group, h->key->is_process, h->key->text);
    struct memtrack_local_result_ result;
    result.weight = h->weight;
    result.duration_ns = h->weight ? (int64_t)(now_ns - h->begin_ns) : 0;
    result.cpu_ns = (int64_t)h->cpu_ns;
    result.own_ns = result.duration_ns - h->inner_ns;
    result.is_failed = h->is_failed;
    result.is_misuse = 0;
    result.is_recursive = h->is_recursive;
    h->state = MEMTRACK_LOCAL_ENDED_;
    if (out) {
        out->duration_ns = (uint64_t)result.duration_ns;
        out->cpu_ns = h->cpu_ns;
    }
    if (!r) {
        memtrack_local_drop_();
        return 0;
    }
    memtrack_local_add_(t, r, &result);
    if (h->weight)
        memtrack_local_add_event_(t, r->key, h->begin_ns, (uint64_t)result.duration_ns);
    return 0;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_end_inside_(struct memtrack_local_thread_ *t,
                                                         struct memtrack_local_handle_ *h,
                                                         memtrack_delta *out) {
    int rc = memtrack_local_fault_(t, h);
    if (rc)
        return rc;
    if (h->state != MEMTRACK_LOCAL_OPEN_)
        return memtrack_local_end_alone_(t, h, out);
    while (h->depth + 1 < t->depth) {
        memtrack_local_abandon_(t);
        rc = -MEMTRACK_EORDER;
    }
    h->state = MEMTRACK_LOCAL_ENDED_;
    memtrack_local_finish_(t, 0, out);
    return rc;
}

MEMTRACK_LOCAL_ int memtrack_local_end(memtrack_scope *scope, memtrack_delta *out) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    struct memtrack_local_thread_ *t;
    int why;
    if (out)
        memset(out, 0, sizeof *out);
    if (!scope)
        return -MEMTRACK_EUSAGE;
    if (h->magic == MEMTRACK_LOCAL_MAGIC_ && h->state == MEMTRACK_LOCAL_INERT_) {
        h->state = MEMTRACK_LOCAL_ENDED_;
        return 0;
    }
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    if (memtrack_local_has_hooks_(t, frame) && memtrack_local_fault_(t, h) == 0) {
        memtrack_local_call_hooks_(t, frame, scope, h->key->text, 1);
        if (!(t = memtrack_local_enter_(&why)))
            return why;
    }
    return memtrack_local_leave_(t, memtrack_local_end_inside_(t, h, out));
}

/* ---- what else can be done with a scope ------------------------------------------------------ */

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_detach_inside_(struct memtrack_local_thread_ *t,
                                                            memtrack_scope *scope) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    struct memtrack_local_frame_ *f;
    uint64_t cpu_ns;
    int rc = memtrack_local_fault_(t, h);
    if (rc)
        return rc;
    if (h->state != MEMTRACK_LOCAL_OPEN_)
        return h->state == MEMTRACK_LOCAL_DETACHED_ ? -MEMTRACK_EENDED : -MEMTRACK_EUSAGE;
    if (h->depth + 1 != t->depth)
        return -MEMTRACK_EORDER;
    f = &t->stack[t->depth - 1];
    MEMTRACK_LOCAL_SET_(t->depth, t->depth - 1);
    h->weight = f->weight;
    h->begin_ns = h->cpu_ns = 0;
    h->inner_ns = f->inner_ns;
    if (f->weight) {
        cpu_ns = memtrack_local_cpu_ns_(t->process);
        memtrack_local_subtract_(
            t, f, (int64_t)(memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_) - f->begin_ns));
        h->begin_ns = f->begin_ns;
        h->cpu_ns = cpu_ns - f->begin_cpu_ns;
    }
    h->is_failed = f->is_failed;
    h->is_recursive = f->is_recursive;
    h->state = MEMTRACK_LOCAL_DETACHED_;
    f->serial = 0;
    return 0;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_attach_inside_(struct memtrack_local_thread_ *t,
                                                            memtrack_scope *scope) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    struct memtrack_local_record_ *r;
    struct memtrack_local_frame_ *f = NULL;
    int rc = memtrack_local_fault_(t, h);
    if (rc || h->state != MEMTRACK_LOCAL_DETACHED_)
        return rc ? rc : -MEMTRACK_EUSAGE;
    if ((r = memtrack_local_find_record_(t, h->key->group, 0, h->key->text)) != NULL)
        f = memtrack_local_push_(t, r, scope, h->weight);
    if (!f)
        return -MEMTRACK_ELIMIT;
    f->inner_ns = h->inner_ns;
    if (f->weight) {
        f->begin_ns = h->begin_ns;
        f->begin_cpu_ns = memtrack_local_cpu_ns_(t->process) - h->cpu_ns;
        f->taken_ns = (int64_t)(memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_) - h->begin_ns);
    }
    f->is_failed = h->is_failed;
    f->is_recursive = h->is_recursive;
    memtrack_local_open_(h, t, f);
    return 0;
}

/* There is no recording that could keep what is said of it. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_set_inside_(struct memtrack_local_thread_ *t,
                                                         memtrack_scope *scope) {
    return memtrack_local_fault_(t, memtrack_local_handle_of_(scope));
}

/* Does something with a scope, inside. */
MEMTRACK_SYSTEM_FUNCTION_ int
memtrack_local_with_scope_(memtrack_scope *scope,
                           int (*work)(struct memtrack_local_thread_ *, memtrack_scope *)) {
    struct memtrack_local_thread_ *t;
    int why;
    if (!scope)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    return memtrack_local_leave_(t, work(t, scope));
}

MEMTRACK_LOCAL_ int memtrack_local_scope_detach(memtrack_scope *scope) {
    return memtrack_local_with_scope_(scope, memtrack_local_detach_inside_);
}

MEMTRACK_LOCAL_ int memtrack_local_scope_attach(memtrack_scope *scope) {
    return memtrack_local_with_scope_(scope, memtrack_local_attach_inside_);
}

MEMTRACK_LOCAL_ int memtrack_local_scope_set(memtrack_scope *scope, const char *key,
                                             const char *value) {
    return key && value ? memtrack_local_with_scope_(scope, memtrack_local_set_inside_)
                        : -MEMTRACK_EUSAGE;
}

MEMTRACK_LOCAL_ int memtrack_local_scope_fail(memtrack_scope *scope, const char *why_failed) {
    struct memtrack_local_handle_ *h = memtrack_local_handle_of_(scope);
    struct memtrack_local_thread_ *t;
    struct memtrack_local_record_ *r;
    int rc;
    if (!scope)
        return -MEMTRACK_EUSAGE;
    if (h->magic == MEMTRACK_LOCAL_MAGIC_ && h->state == MEMTRACK_LOCAL_INERT_)
        return 0;
    if (!(t = memtrack_local_enter_(&rc)))
        return rc;
    if ((rc = memtrack_local_fault_(t, h)) != 0)
        return memtrack_local_leave_(t, rc);
    if (h->state == MEMTRACK_LOCAL_OPEN_)
        t->stack[h->depth].is_failed = 1;
    else
        h->is_failed = 1;
    r = h->state == MEMTRACK_LOCAL_OPEN_
            ? t->stack[h->depth].record
            : memtrack_local_find_record_(t, h->key->group, h->key->is_process, h->key->text);
    if (r && why_failed)
        memtrack_local_keep_error_(t, r, why_failed);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_group_record(uint32_t group, const char *name,
                                                uint64_t duration_ns) {
    struct memtrack_local_thread_ *t;
    struct memtrack_local_record_ *r;
    struct memtrack_local_result_ result;
    uint64_t now_ns;
    int why;
    if (!name || duration_ns > UINT64_C(1) << 51)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    if (group >= MEMTRACK_LOCAL_FIND_(t->process->n_groups))
        return memtrack_local_leave_(t, -MEMTRACK_EUSAGE);
    if (!(r = memtrack_local_find_record_(t, group, 0, name))) {
        memtrack_local_drop_();
        return memtrack_local_leave_(t, -MEMTRACK_ELIMIT);
    }
    memset(&result, 0, sizeof result);
    result.duration_ns = result.own_ns = (int64_t)duration_ns;
    result.weight = 1;
    now_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    memtrack_local_add_(t, r, &result);
    memtrack_local_add_event_(t, r->key, now_ns > duration_ns ? now_ns - duration_ns : 0,
                              duration_ns);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_record(const char *name, uint64_t duration_ns) {
    return memtrack_local_group_record(0, name, duration_ns);
}

#ifdef __cplusplus
}
#endif

#endif
