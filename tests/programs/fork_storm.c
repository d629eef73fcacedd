/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/*
 * Two threads allocate without a pause while main forks again and again; every child starts a
 * thread of its own that allocates. A lock of the tracker that another thread held at the moment of
 * the fork hangs the child: main gives a child ten seconds, then it kills it and counts it as hung.
 * `fork_storm [FORKS]` prints how many hung.
 */
#include "target.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int stop;

static void *churn(void *unused) {
    void *block[64] = {NULL};
    uint64_t state = 1;
    while (!atomic_load(&stop)) {
        uint32_t random = next_random(&state);
        free(block[random % 64]);
        block[random % 64] = malloc(random % 2000);
    }
    for (int i = 0; i < 64; i++)
        free(block[i]);
    return unused;
}

static void *once(void *unused) {
    for (size_t i = 0; i < 100; i++)
        free(need(malloc(i)));
    return unused;
}

static void child(void) {
    pthread_t thread;
    alarm(10); /* SIGALRM ends a child that hangs */
    free(need(malloc(10)));
    if (pthread_create(&thread, NULL, once, NULL))
        _exit(2);
    pthread_join(thread, NULL);
    _exit(0);
}

int main(int argc, char **argv) {
    int forks = argc > 1 ? atoi(argv[1]) : 200, hung = 0, broken = 0;
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, churn, NULL))
            die("pthread_create");
    for (int i = 0; i < forks; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            child();
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            die("fork or waitpid");
        hung += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
        broken += WIFSIGNALED(status) ? WTERMSIG(status) != SIGALRM : WEXITSTATUS(status) != 0;
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    printf("hung %d broken %d\n", hung, broken);
    return hung || broken;
}
