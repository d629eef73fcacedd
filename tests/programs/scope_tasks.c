/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * scope_tasks THREADS: tasks of several steps, each a region that is detached after a step and
 * attached by whichever thread takes the next one; several are open at once, so that one thread is
 * an event loop and more are a pool. Every thread has a region of its own around it all, and a task
 * one inside of each step.
 */
#include <pthread.h>

#include "scope_oracle.h"

enum { TASKS = 200, STEPS = 5, MOST_THREADS = 8 };

struct task {
    struct region region;
    void *kept;
    unsigned step;
    uint64_t seed;
    struct task *next;
};

static struct task tasks[TASKS];
static struct task *first, **last = &first;
static unsigned n_left = TASKS;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void put(struct task *task) {
    pthread_mutex_lock(&lock);
    task->next = NULL;
    *last = task;
    last = &task->next;
    pthread_mutex_unlock(&lock);
}

/* NULL: none at the moment. */
static struct task *get(unsigned *left) {
    pthread_mutex_lock(&lock);
    struct task *task = first;
    if (task && !(first = task->next))
        last = &first;
    *left = n_left;
    pthread_mutex_unlock(&lock);
    return task;
}

static void step(struct task *task) {
    struct region inner;
    void *before = task->kept;
    begin(&inner, "step");
    task->kept = take(pick(&task->seed, 50000));
    void *scratch = take(pick(&task->seed, 200000));
    give(scratch);
    end(&inner);
    give(before);
}

static void advance(struct task *task) {
    if (task->step == 0)
        begin(&task->region, "task");
    else
        attach(&task->region);
    step(task);
    if (++task->step < STEPS) {
        detach(&task->region);
        put(task);
        return;
    }
    give(task->kept);
    end(&task->region);
    pthread_mutex_lock(&lock);
    n_left--;
    pthread_mutex_unlock(&lock);
}

static void *run(void *argument) {
    struct region region;
    unsigned left = 1;
    begin(&region, argument ? "worker" : "loop");
    while (left) {
        struct task *task = get(&left);
        if (task)
            advance(task);
    }
    end(&region);
    return NULL;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    pthread_t thread[MOST_THREADS];
    for (unsigned i = 0; i < TASKS; i++) {
        tasks[i].seed = i;
        put(&tasks[i]);
    }
    if (threads < 2 || threads > MOST_THREADS)
        run(NULL);
    else {
        for (int i = 0; i < threads; i++)
            pthread_create(&thread[i], NULL, run, thread);
        for (int i = 0; i < threads; i++)
            pthread_join(thread[i], NULL);
    }
    return finish();
}
