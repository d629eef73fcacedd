/* SPDX-License-Identifier: MIT */
/*
 * memtrack_task: a scope that follows a task through its callbacks, in whichever threads these run.
 * It measures what is done between memtrack_task_enter and memtrack_task_leave, and its time goes
 * on in between.
 *
 *     memtrack_task task;                        in what the program keeps of the task anyway
 *     memtrack_task_begin(&task, "request");
 *     ...
 *     memtrack_turn turn;                        in each callback of the task
 *     memtrack_task_enter(&task, &turn);
 *     ...
 *     memtrack_task_leave(&turn);
 *     ...
 *     memtrack_task_end(&task, NULL);            in a callback or elsewhere; once
 *
 * memtrack/uv.h and memtrack/asio.hpp do this for callbacks of libuv and handlers of Asio, and
 * memtrack/tasks.hpp for functions and coroutines of C++.
 *
 * Callbacks of a task may run at the same time, in several threads: what they allocate is added up,
 * and the task is one. Its peak is then that of the callback that held most. A callback that is
 * called within another one of the same task, in the same thread, is part of that.
 *
 * All of this is header-only, never allocates, and does nothing where nothing is recorded. C11 or
 * C++11, gcc or clang. Functions return what memtrack.h says of the scope's functions.
 */
#ifndef MEMTRACK_TASK_H
#define MEMTRACK_TASK_H

#include <pthread.h>
#include <sched.h>

#include "../memtrack.h"

#ifdef __cplusplus
extern "C" {
#endif

struct memtrack_turn;

/* Stays where it is until it has ended. */
typedef struct memtrack_task {
    memtrack_scope scope;
    memtrack_scope rest; /* of turns that came while another thread had the scope; see has_rest */
    const char *name, *file; /* file and line: where it was begun */
    uint32_t line;
    struct memtrack_turn *turn; /* that measures with the scope; of the thread holder */
    uintptr_t holder;           /* 0: none */
    int lock;                   /* of what follows, and of rest */
    int has_rest, has_failed;
    struct memtrack_turn *others; /* that have a scope of their own, in other threads */
    char error[128];
} memtrack_task;

/* From enter to leave, in one thread; usually a local variable. */
typedef struct memtrack_turn {
    memtrack_scope scope; /* when another thread has the task's */
    memtrack_task *task;  /* NULL: there is nothing to be given back */
    uintptr_t own;        /* 0: scope is not in use; the thread of it */
    struct memtrack_turn *next;
} memtrack_turn;

#define MEMTRACK_TASK_ MEMTRACK_UNSEEN_ __attribute__((unused)) static __inline__

/* Is held for a few instructions, and not while anything waits. */
MEMTRACK_TASK_ void memtrack_task_lock_(memtrack_task *task) {
    while (__atomic_exchange_n(&task->lock, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}
MEMTRACK_TASK_ void memtrack_task_unlock_(memtrack_task *task) {
    __atomic_store_n(&task->lock, 0, __ATOMIC_RELEASE);
}

/* Begins a task, which measures nothing until it is entered. The name, and that of the file, have to
 * stay until it has ended. */
MEMTRACK_TASK_ int memtrack_task_begin_at(memtrack_task *task, const char *name, const char *file,
                                          uint32_t line) {
    int rc;
    task->name = name;
    task->file = file;
    task->line = line;
    task->turn = NULL;
    task->holder = 0;
    task->others = NULL;
    task->lock = task->has_rest = task->has_failed = 0;
    rc = memtrack_begin_at(&task->scope, name, file, line);
    return rc != 0 ? rc : memtrack_scope_detach(&task->scope);
}
/* A call says where it stands, as memtrack_begin does: memtrack_task_begin(task, name). */
#define memtrack_task_begin(...) memtrack_task_begin_at(__VA_ARGS__, __FILE__, __LINE__)

/* Is for a thread that comes while another one has the scope: one of its own, unless this is within
 * a turn of the task that this thread has already. */
MEMTRACK_TASK_ int memtrack_task_enter_beside_(memtrack_task *task, memtrack_turn *turn,
                                               uintptr_t self) {
    memtrack_turn *other;
    memtrack_task_lock_(task);
    for (other = task->others; other != NULL && other->own != self;)
        other = other->next;
    if (other == NULL) {
        turn->task = task;
        turn->own = self;
        turn->next = task->others;
        task->others = turn;
    }
    memtrack_task_unlock_(task);
    return other == NULL ? memtrack_begin_at(&turn->scope, task->name, task->file, task->line) : 0;
}

/* Measures what this thread does for the task from here on. The scopes that it begins end before
 * memtrack_task_leave. */
MEMTRACK_TASK_ int memtrack_task_enter(memtrack_task *task, memtrack_turn *turn) {
    uintptr_t self = (uintptr_t)pthread_self(), none = 0;
    turn->task = NULL;
    turn->own = 0;
    /* Acquires what the thread that left the task last has written into the scope. */
    if (__atomic_compare_exchange_n(&task->holder, &none, self, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        turn->task = task;
        task->turn = turn;
        return memtrack_scope_attach(&task->scope);
    }
    return none == self ? 0 : memtrack_task_enter_beside_(task, turn, self);
}

/* Gives what a turn of its own has measured to the task. */
MEMTRACK_TASK_ int memtrack_task_leave_own_(memtrack_turn *turn) {
    memtrack_task *task = turn->task;
    int rc = memtrack_scope_detach(&turn->scope);
    memtrack_turn **other = &task->others;
    memtrack_task_lock_(task);
    while (*other != turn)
        other = &(*other)->next;
    *other = turn->next;
    if (rc == 0 && task->has_rest)
        rc = memtrack_scope_merge(&task->rest, &turn->scope);
    else if (rc == 0) {
        task->rest = turn->scope; /* a detached scope may be copied */
        task->has_rest = 1;
    }
    memtrack_task_unlock_(task);
    return rc;
}

MEMTRACK_TASK_ int memtrack_task_leave(memtrack_turn *turn) {
    memtrack_task *task = turn->task;
    int rc;
    if (task == NULL)
        return 0;
    if (turn->own != 0)
        return memtrack_task_leave_own_(turn);
    task->turn = NULL;
    rc = memtrack_scope_detach(&task->scope);
    __atomic_store_n(&task->holder, 0, __ATOMIC_RELEASE);
    return rc;
}

/* Lets the task count as an error when it ends. The text (its first 127 bytes) is copied; the last
 * one stays. why may be NULL. Any thread may call this. */
MEMTRACK_TASK_ void memtrack_task_fail(memtrack_task *task, const char *why) {
    size_t bytes = why ? strlen(why) : 0;
    bytes = bytes < sizeof task->error ? bytes : sizeof task->error - 1;
    memtrack_task_lock_(task);
    if (bytes)
        memcpy(task->error, why, bytes);
    task->error[bytes] = 0;
    task->has_failed = 1;
    memtrack_task_unlock_(task);
}

/* Ends the task, whose storage is free afterwards, even when this is called in its callback. Not
 * while another thread is in the task. out may be NULL. */
MEMTRACK_TASK_ int memtrack_task_end(memtrack_task *task, memtrack_delta *out) {
    if (task->turn != NULL) {
        task->turn->task = NULL;
        memtrack_scope_detach(&task->scope);
    }
    memtrack_task_lock_(task); /* acquires what other threads have written */
    memtrack_task_unlock_(task);
    if (task->has_rest)
        memtrack_scope_merge(&task->scope, &task->rest);
    if (task->has_failed)
        memtrack_scope_fail(&task->scope, task->error[0] ? task->error : NULL);
    return memtrack_end(&task->scope, out);
}

#ifdef __cplusplus
}
#endif

#endif
