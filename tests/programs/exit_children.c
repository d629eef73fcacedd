/* SPDX-License-Identifier: MIT */
// libs: -lpthread
/*
 * Nobody but this program's own children may be seen by it, also while it exits: neither by wait,
 * nor by a handler for SIGCHLD, nor by a handler of pthread_atfork. A destructor that runs last
 * looks once more.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t n_signals, n_forks;

static void on_child(int number) {
    (void)number;
    n_signals++;
}

static void on_fork(void) {
    n_forks++;
}

__attribute__((destructor(101))) static void look(void) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid != -1 || errno != ECHILD || n_signals || n_forks) {
        static const char text[] = "somebody else's child was seen\n";
        if (write(2, text, sizeof text - 1) < 0)
            _exit(2);
        _exit(1);
    }
}

int main(void) {
    signal(SIGCHLD, on_child);
    pthread_atfork(on_fork, on_fork, on_fork);
    void *volatile block = malloc(1000);
    free(block);
    puts("done");
    return 0;
}
