/* SPDX-License-Identifier: MIT */
/*
 * A signal handler that allocates and at some point calls exit, wherever it has interrupted the
 * program: in the recorder, in an allocator that allows for this (the test brings one), or in main.
 * Exit then runs the program's own handlers, which allocate as well. Prints how many of N processes
 * did not end with status 7.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WAITS = 10000, STATUS = 7, US = 300 };
static int left;

static void at_exit(void) {
    void *volatile block = malloc(100);
    free(block);
}

static void handler(int number) {
    (void)number;
    void *volatile block = malloc(64);
    if (--left <= 0)
        exit(STATUS);
    free(block);
}

_Noreturn static void child(int k) {
    const struct itimerval every = {{0, US}, {0, US}};
    left = 1 + k;
    void *volatile first = malloc(1); /* from here on it is recorded */
    free(first);
    atexit(at_exit);
    signal(SIGALRM, handler);
    setitimer(ITIMER_REAL, &every, NULL);
    for (size_t i = 0;; i++) {
        void *volatile block = malloc(1 + i % 1000);
        free(block);
    }
}

static int ended_well(pid_t pid) {
    int status = -1;
    for (int i = 0; i < MOST_WAITS; i++, usleep(1000))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) && WEXITSTATUS(status) == STATUS;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return 0;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 30, bad = 0;
    for (int k = 0; k < n; k++) {
        pid_t pid = fork();
        if (pid == 0)
            child(k % 10);
        bad += !ended_well(pid);
    }
    printf("%d ended otherwise\n", bad);
    return bad;
}
