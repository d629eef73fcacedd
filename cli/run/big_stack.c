/* SPDX-License-Identifier: MIT */
/*
 * A thread has a stack of the size that it is made with, whatever ulimit -s says. Signals stay with
 * the thread that does the work, so that it is interrupted as it would be without all this.
 */
#include "run/big_stack.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum { STACK_BYTES = 64 << 20, LEAST_STACK_BYTES = 1 << 20, USUAL_STACK_BYTES = 8 << 20 };

struct call {
    bool (*work)(void *context);
    void *context;
    bool result;
};

static void *call(void *argument) {
    struct call *c = argument;
    c->result = c->work(c->context);
    return NULL;
}

bool mt_big_stack_call(bool (*work)(void *context), void *context) {
    struct call c = {work, context, false};
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return work(context);
    bool made = false;
    for (size_t bytes = STACK_BYTES; !made && bytes >= LEAST_STACK_BYTES; bytes /= 4)
        made = pthread_attr_setstacksize(&attributes, bytes) == 0 &&
               pthread_create(&thread, &attributes, call, &c) == 0;
    pthread_attr_destroy(&attributes);
    if (!made)
        return work(context);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for whoever does the work */
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c.result;
}

bool mt_big_stack_is_needed(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < USUAL_STACK_BYTES;
}
