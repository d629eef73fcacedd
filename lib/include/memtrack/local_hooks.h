/* SPDX-License-Identifier: MIT */
/*
 * The program's own functions at the two ends of a scope, in a process that is not recorded: a part
 * of memtrack/local_scopes.h.
 *
 * A hook is called outside: it may begin scopes, which call no hooks. Whether one lies inside of a
 * hook is told by the stack: what a hook calls lies below the frame that called the hook, and when
 * an exception has left the hook, what comes next does not.
 *
 * A thread says which hook it is in before it looks whether that is still wanted, and who removes a
 * hook takes it away before looking at the threads: one of the two sees the other.
 */
#ifndef MEMTRACK_LOCAL_HOOKS_H
#define MEMTRACK_LOCAL_HOOKS_H

#include "memtrack/local_records.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the place of the wanted hook that was added next after that number, up to the last one,
 * or -1. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_next_hook_(const struct memtrack_local_process_ *p,
                                                        uint64_t after, uint64_t last) {
    int found = -1;
    for (int i = 0; i < MEMTRACK_LOCAL_MAX_HOOKS_; i++) {
        uint64_t number = MEMTRACK_LOCAL_FIND_(p->hook[i].number);
        if (number > after && number <= last &&
            (found < 0 || number < MEMTRACK_LOCAL_GET_(p->hook[found].number)))
            found = i;
    }
    return found;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_leave_hook_(struct memtrack_local_thread_ *const *t) {
    __atomic_store_n(&(*t)->hook, 0, __ATOMIC_RELEASE);
    (*t)->hook_frame = 0;
}

/* Calls one hook of a thread that has left, if it is still wanted. An exception leaves it as well,
 * where this is C++ or compiled with -fexceptions. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_call_hook_(struct memtrack_local_thread_ *t, int i,
                                                         uint64_t number, uintptr_t frame,
                                                         memtrack_scope *scope, const char *name,
                                                         int is_end) {
    struct memtrack_local_thread_ *inside __attribute__((cleanup(memtrack_local_leave_hook_))) = t;
    struct memtrack_local_hook_ *h = &inside->process->hook[i];
    void (*function)(memtrack_scope *, const char *, void *) = is_end ? h->hook.end : h->hook.begin;
    void *arg = h->hook.arg;
    t->hook_frame = frame;
    __atomic_store_n(&t->hook, i + 1, __ATOMIC_SEQ_CST);
    if (function && __atomic_load_n(&h->number, __ATOMIC_SEQ_CST) == number)
        function(scope, name, arg);
}

/* Returns whether a thread, which is inside, has hooks to call. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_has_hooks_(struct memtrack_local_thread_ *t,
                                                        uintptr_t frame) {
    if (__builtin_expect(t->hook_frame != 0, 0)) {
        if (frame < t->hook_frame)
            return 0;
        t->hook_frame = 0; /* an exception has left it */
        __atomic_store_n(&t->hook, 0, __ATOMIC_RELEASE);
    }
    return MEMTRACK_LOCAL_GET_(t->process->n_hooks) != 0;
}

/* Calls all hooks of a thread, which is inside before, and outside afterwards. What they add is
 * called from the next time on. */
MEMTRACK_LOCAL_ void memtrack_local_call_hooks_(struct memtrack_local_thread_ *t, uintptr_t frame,
                                                memtrack_scope *scope, const char *name,
                                                int is_end);
MEMTRACK_LOCAL_ void memtrack_local_call_hooks_(struct memtrack_local_thread_ *t, uintptr_t frame,
                                                memtrack_scope *scope, const char *name,
                                                int is_end) {
    uint64_t after = 0, last = MEMTRACK_LOCAL_GET_(t->process->hooks_added);
    int i;
    memtrack_local_leave_(t, 0);
    while ((i = memtrack_local_next_hook_(t->process, after, last)) >= 0) {
        uint64_t number = MEMTRACK_LOCAL_FIND_(t->process->hook[i].number);
        if (number <= after || number > last)
            continue; /* it was removed at this moment */
        after = number;
        memtrack_local_call_hook_(t, i, number, frame, scope, name, is_end);
    }
}

/* ---- adding and removing --------------------------------------------------------------------- */

/* Returns whether a thread is in the hook at this place. The caller has the lock. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_in_hook_(const struct memtrack_local_process_ *p,
                                                         int i) {
    for (const struct memtrack_local_thread_ *t = p->threads; t; t = t->next)
        if (__atomic_load_n(&t->hook, __ATOMIC_SEQ_CST) == i + 1 && !memtrack_local_has_ended_(t))
            return 1;
    return 0;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_add_hook_(struct memtrack_local_process_ *p,
                                                       const memtrack_hook_t *hook) {
    for (int i = 0; i < MEMTRACK_LOCAL_MAX_HOOKS_; i++) {
        struct memtrack_local_hook_ *h = &p->hook[i];
        if (h->number || memtrack_local_is_in_hook_(p, i))
            continue;
        h->hook = *hook;
        h->is_leaving = 0;
        MEMTRACK_LOCAL_SET_(p->hooks_added, p->hooks_added + 1);
        MEMTRACK_LOCAL_PUBLISH_(h->number, p->hooks_added);
        MEMTRACK_LOCAL_SET_(p->n_hooks, p->n_hooks + 1);
        return 0;
    }
    return -MEMTRACK_ELIMIT;
}

/* Returns the place of the latest hook that is the same, among those that are wanted, or those that
 * somebody was inside of when they were removed. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_find_hook_(const struct memtrack_local_process_ *p,
                                                        const memtrack_hook_t *hook,
                                                        int is_wanted) {
    int found = -1;
    for (int i = 0; i < MEMTRACK_LOCAL_MAX_HOOKS_; i++) {
        const struct memtrack_local_hook_ *h = &p->hook[i];
        if (h->hook.begin == hook->begin && h->hook.end == hook->end && h->hook.arg == hook->arg &&
            (is_wanted ? h->number != 0 : h->is_leaving) &&
            (found < 0 || h->number > p->hook[found].number))
            found = i;
    }
    return found;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_remove_hook_(struct memtrack_local_process_ *p,
                                                          const memtrack_hook_t *hook) {
    int i = memtrack_local_find_hook_(p, hook, 1);
    if (i >= 0) {
        MEMTRACK_LOCAL_SET_(p->n_hooks, p->n_hooks - 1);
        __atomic_store_n(&p->hook[i].number, 0, __ATOMIC_SEQ_CST);
    } else if ((i = memtrack_local_find_hook_(p, hook, 0)) < 0) {
        return -MEMTRACK_ENOTFOUND;
    }
    p->hook[i].is_leaving = memtrack_local_is_in_hook_(p, i);
    return p->hook[i].is_leaving ? -MEMTRACK_EBUSY : 0;
}

/* Adds or removes one, with the lock. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_change_hooks_(
    const memtrack_hook_t *hook,
    int (*change)(struct memtrack_local_process_ *, const memtrack_hook_t *)) {
    struct memtrack_local_thread_ *t;
    int rc;
    if (!hook)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&rc)))
        return rc;
    memtrack_local_lock_(memtrack_local_state_.page);
    rc = change(t->process, hook);
    memtrack_local_unlock_(memtrack_local_state_.page);
    return memtrack_local_leave_(t, rc);
}

MEMTRACK_LOCAL_ int memtrack_local_hook_add(const memtrack_hook_t *hook) {
    return memtrack_local_change_hooks_(hook, memtrack_local_add_hook_);
}

MEMTRACK_LOCAL_ int memtrack_local_hook_remove(const memtrack_hook_t *hook) {
    return memtrack_local_change_hooks_(hook, memtrack_local_remove_hook_);
}

#ifdef __cplusplus
}
#endif

#endif
