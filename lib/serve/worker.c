/* SPDX-License-Identifier: MIT */
/*
 * The queue belongs to the asker. One work at a time is handed to the thread, and the next one only
 * when the asker has collected it, so that done() is called between any two: it may decide what
 * comes next.
 *
 *   asker   queue ─► handed ─────────────► collect: done(), the next is handed
 *                      │ mutex, condition    ▲ eventfd
 *   worker             └──► work() ──────────┘
 *
 * A process is ended without waiting for the thread: a snapshot of a million call paths takes
 * seconds, and who presses Ctrl-C wants none. What the thread reads meanwhile is left to the end of
 * the process.
 */
#include "serve/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 20 }; /* names are taken apart by recursion; untouched it is no memory */

struct mt_worker {
    pthread_t thread;
    pthread_mutex_t mutex; /* for handed, is_done and is_ending */
    pthread_cond_t woken;
    struct mt_work *handed; /* NULL: there is nothing to do */
    bool is_done, is_ending;
    int fd;
    struct mt_work *first; /* of the queue, which is the asker's alone */
};

/* ---- the thread ------------------------------------------------------------------------------ */

/* Waits for something to do; NULL: the end. */
static struct mt_work *wait_for_work(struct mt_worker *w) {
    pthread_mutex_lock(&w->mutex);
    while (!w->is_ending && (!w->handed || w->is_done))
        pthread_cond_wait(&w->woken, &w->mutex);
    struct mt_work *work = w->is_ending ? NULL : w->handed;
    pthread_mutex_unlock(&w->mutex);
    return work;
}

static void tell(struct mt_worker *w) {
    const uint64_t one = 1;
    pthread_mutex_lock(&w->mutex);
    w->is_done = true;
    pthread_mutex_unlock(&w->mutex);
    while (write(w->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void *run(void *argument) {
    struct mt_worker *w = argument;
    for (struct mt_work *work; (work = wait_for_work(w));) {
        work->work(work);
        tell(w);
    }
    return NULL;
}

/* ---- the asker ------------------------------------------------------------------------------- */

static void hand_over(struct mt_worker *w) {
    pthread_mutex_lock(&w->mutex);
    if (!w->handed && w->first) {
        w->handed = w->first;
        w->first = w->first->next;
        w->is_done = false;
        pthread_cond_signal(&w->woken);
    }
    pthread_mutex_unlock(&w->mutex);
}

void mt_worker_add(struct mt_worker *w, struct mt_work *work) {
    struct mt_work **end = &w->first;
    while (*end)
        end = &(*end)->next;
    work->next = NULL;
    *end = work;
    hand_over(w);
}

void mt_worker_add_next(struct mt_worker *w, struct mt_work *work) {
    work->next = w->first;
    w->first = work;
    hand_over(w);
}

int mt_worker_fd(const struct mt_worker *w) {
    return w->fd;
}

/* Returns what has been done and was not collected, NULL: nothing. */
static struct mt_work *take_done(struct mt_worker *w) {
    struct mt_work *work = NULL;
    pthread_mutex_lock(&w->mutex);
    if (w->handed && w->is_done) {
        work = w->handed;
        w->handed = NULL;
    }
    pthread_mutex_unlock(&w->mutex);
    return work;
}

bool mt_worker_collect(struct mt_worker *w) {
    uint64_t n;
    if (read(w->fd, &n, sizeof n) < 0 && errno != EINTR)
        return false; /* nothing has been done */
    struct mt_work *work = take_done(w);
    if (!work)
        return false;
    work->done(work);
    hand_over(w);
    return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int start(struct mt_worker *w) {
    pthread_attr_t attributes;
    sigset_t all, before;
    int rc = pthread_attr_init(&attributes);
    if (rc != 0)
        return rc;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    rc = pthread_create(&w->thread, &attributes, run, w);
    if (rc != 0) /* a limit on address space */
        rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return rc;
}

int mt_worker_new(struct mt_worker **out, struct mt_error *error) {
    struct mt_worker *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->woken, NULL);
    int rc = w->fd < 0 ? errno : start(w);
    if (rc == 0) {
        *out = w;
        return 0;
    }
    if (w->fd >= 0)
        close(w->fd);
    free(w);
    return mt_error_set(error, MEMTRACK_EIO, "", "cannot start a thread: %s", strerror(rc));
}

bool mt_worker_free(struct mt_worker *w) {
    if (!w)
        return true;
    pthread_mutex_lock(&w->mutex);
    bool is_busy = w->handed || w->first;
    w->is_ending = true; /* when it is done with what it does */
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->mutex);
    if (is_busy)
        return false;
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->woken);
    pthread_mutex_destroy(&w->mutex);
    close(w->fd);
    free(w);
    return true;
}
