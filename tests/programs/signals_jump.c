/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * A timer signal whose handler leaves by siglongjmp, wherever it finds the program: half of the
 * time that is inside malloc or free. Allowed only on an allocator without state to tear (bump.c).
 * `signals_jump SECONDS [USEC]`.
 *
 * A tracker must neither hang on a lock that nobody will give back nor stay blind: at the end come
 * 1000 blocks of 7777 bytes which it must see, 500 of them freed.
 */
#include "target.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static sigjmp_buf back;
static volatile sig_atomic_t jumps;

static void handler(int signal) {
    (void)signal;
    jumps++;
    siglongjmp(back, 1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

__attribute__((noinline)) static void churn(void **block, uint64_t *state) {
    for (;;) {
        uint32_t random = next_random(state);
        free(block[random % 64]);
        block[random % 64] = NULL;
        block[random % 64] = malloc(random % 300);
    }
}

__attribute__((noinline)) static void afterwards(void) {
    for (int i = 0; i < 1000; i++) {
        void *block = need(malloc(7777));
        if (i % 2)
            free(block);
    }
}

int main(int argc, char **argv) {
    static void *block[64];
    static uint64_t state = 1;
    double end = now() + (argc > 1 ? atof(argv[1]) : 1);
    long usec = argc > 2 ? atol(argv[2]) : 100;
    signal(SIGALRM, handler);
    sigsetjmp(back, 1);
    if (now() < end) {
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, usec}}, NULL);
        churn(block, &state);
    }
    afterwards();
    fprintf(stderr, "%d jumps\n", (int)jumps);
    return jumps < 10;
}
