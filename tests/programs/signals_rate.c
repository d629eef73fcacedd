/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Allocates while a timer interrupts it every few hundred microseconds: `signals_rate
 * quiet|allocates SECONDS [USEC]`. The quiet handler only counts. The allocating one calls malloc
 * and free wherever the signal finds the program, inside malloc too; this is only allowed under an
 * allocator that is async-signal-safe (bump.c), which makes every hang and every corrupted figure
 * the tracker's.
 */
#include "target.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t signals, allocating;
static volatile unsigned long in_handler;

static void handler(int signal) {
    (void)signal;
    signals++;
    if (!allocating)
        return;
    void *block = malloc(24);
    void *other = malloc(48);
    free(block);
    free(realloc(other, 96));
    in_handler++;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void start(long usec) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval timer = {{0, usec}, {0, usec}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int argc, char **argv) {
    static char buffer[256];
    void *block[128] = {NULL};
    uint64_t state = 1;
    unsigned long rounds = 0;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    allocating = argc > 1 && !strcmp(argv[1], "allocates");
    double end = now() + (argc > 2 ? atof(argv[2]) : 1);
    start(argc > 3 ? atol(argv[3]) : 200);
    while (now() < end) {
        for (int i = 0; i < 500; i++, rounds++) {
            uint32_t random = next_random(&state);
            free(block[random % 128]);
            block[random % 128] = need(malloc(random % 500));
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    for (int i = 0; i < 128; i++)
        free(block[i]);
    fprintf(stderr, "%d signals\n", (int)signals);
    printf("blocks %lu\n", rounds + 3 * in_handler);
    return signals < 10;
}
