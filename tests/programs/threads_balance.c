/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/*
 * Threads that allocate and free without a pause, in such an order that at every instant the heap's
 * composition is known: `threads_balance [THREADS [ROUNDS]]`. A record of one instant must show
 *
 *   exchange     KEPT or KEPT + 1 live blocks for each thread: a new block is there before an old
 *                one goes
 *   pass_token   1 or 2 live blocks in all, first_token included: one thread after the other makes
 *                a token and frees the one before it
 *   hand_over    0 to 2 live blocks for each thread: made by one thread, freed by its neighbour
 *   resize       at most 1 live block for each thread
 *   swell        at most SWELL_MOST live blocks: a heap that grows a little higher each time, so
 *                that the peak keeps rising
 *
 * and a record that mixes instants shows a token, or a handed block, that was freed before it was
 * allocated. All blocks of a function but resize's have one size. Prints "ready" when all threads
 * are at work; with ROUNDS, "stuck" when all of them have done so many and wait for a lock that
 * main holds for ever.
 */
#include "target.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    KEPT = 16,
    MAX_THREADS = 64,
    EXCHANGED = 512,
    TOKEN = 256,
    HANDED = 128,
    SWELLED = 1000,
    SWELL_MOST = 4000
};

static struct { _Alignas(64) _Atomic(void *) block; } mailbox[MAX_THREADS];
static int n_threads = 8;
static long rounds = -1; /* for ever */
static _Atomic int turn;
static void *token;
static sem_t started, finished;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) static void exchange(void **kept, uint32_t random) {
    void *fresh = need(malloc(EXCHANGED)), *old = kept[random % KEPT];
    kept[random % KEPT] = fresh;
    free(old);
}

__attribute__((noinline)) static void pass_token(int me) {
    if (atomic_load_explicit(&turn, memory_order_acquire) != me)
        return;
    void *old = token;
    token = need(malloc(TOKEN));
    free(old);
    atomic_store_explicit(&turn, (me + 1) % n_threads, memory_order_release);
}

__attribute__((noinline)) static void first_token(void) {
    token = need(malloc(TOKEN));
}

__attribute__((noinline)) static void hand_over(int me) {
    if (!atomic_load(&mailbox[me].block))
        atomic_store(&mailbox[me].block, need(malloc(HANDED)));
    free(atomic_exchange(&mailbox[(me + 1) % n_threads].block, NULL));
}

__attribute__((noinline)) static void resize(void **block, uint32_t random) {
    *block = need(realloc(*block, 500 + random % 3000));
}

__attribute__((noinline)) static void swell(void) {
    static void *block[SWELL_MOST];
    static int n, most = 10;
    if (n < most) {
        block[n++] = need(malloc(SWELLED));
        return;
    }
    while (n > 0)
        free(block[--n]);
    most = most < SWELL_MOST ? most + 1 : 10;
}

static void *work(void *argument) {
    int me = (int)(intptr_t)argument;
    uint64_t state = (uint64_t)me;
    void *kept[KEPT], *resized = NULL;
    for (int i = 0; i < KEPT; i++)
        kept[i] = NULL;
    for (uint32_t i = 0; i < KEPT; i++)
        exchange(kept, i);
    sem_post(&started);
    for (long i = 0; i != rounds; i++) {
        uint32_t random = next_random(&state);
        exchange(kept, random);
        pass_token(me);
        hand_over(me);
        resize(&resized, random);
        if (me == 0)
            swell();
        if (random % 256 == 0)
            sched_yield(); /* more threads than processors: let the token go round */
    }
    sem_post(&finished);
    pthread_mutex_lock(&held);
    return NULL;
}

static void say(const char *word) {
    size_t length = strlen(word);
    if (write(STDOUT_FILENO, word, length) != (ssize_t)length)
        die("nobody listens");
}

static void wait_for_all(sem_t *semaphore) {
    for (int i = 0; i < n_threads; i++)
        sem_wait(semaphore);
}

int main(int argc, char **argv) {
    n_threads = argc > 1 ? atoi(argv[1]) : n_threads;
    rounds = argc > 2 ? atol(argv[2]) : rounds;
    if (n_threads < 1 || n_threads > MAX_THREADS)
        die("1 to %d threads", MAX_THREADS);
    sem_init(&started, 0, 0);
    sem_init(&finished, 0, 0);
    pthread_mutex_lock(&held);
    first_token();
    pthread_t thread[MAX_THREADS];
    for (int i = 0; i < n_threads; i++)
        if (pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i))
            die("pthread_create");
    wait_for_all(&started);
    say("ready\n");
    wait_for_all(&finished);
    say("stuck\n");
    for (int i = 0; i < n_threads; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
