/* SPDX-License-Identifier: MIT */
// libs: -lpthread
/*
 * Threads are stopped for good wherever they are, most of them inside malloc or free: parked in a
 * signal handler, as by a crash handler, or gone by a system call that tells nobody. Then exit is
 * called, which needs none of their locks. Prints how many of N processes did not end with status 0
 * within 10 s each.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 64, MOST_WAITS = 10000 };
static int is_gone;

static void stop(int number) {
    (void)number;
    while (is_gone)
        syscall(SYS_exit, 0);
    for (;;)
        pause();
}

static void *work(void *unused) {
    for (;;) {
        void *block[BLOCKS];
        for (size_t i = 0; i < BLOCKS; i++)
            block[i] = malloc(2000 + i * 16);
        for (size_t i = 0; i < BLOCKS; i++)
            free(block[i]);
    }
    return unused;
}

_Noreturn static void child(unsigned k) {
    pthread_t thread[THREADS];
    signal(SIGUSR1, stop);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    usleep(6000 + k * 137);
    for (int i = 0; i < THREADS; i++)
        pthread_kill(thread[i], SIGUSR1);
    usleep(4000);
    exit(0);
}

static int ended_well(pid_t pid) {
    int status = -1;
    for (int i = 0; i < MOST_WAITS; i++, usleep(1000))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status == 0;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return 0;
}

int main(int argc, char **argv) {
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
    int bad = 0;
    is_gone = argc > 2 && strcmp(argv[2], "gone") == 0;
    for (unsigned k = 0; k < n && bad == 0; k++) {
        pid_t pid = fork();
        if (pid == 0)
            child(k);
        bad += !ended_well(pid);
    }
    printf("%d did not end\n", bad);
    return bad;
}
