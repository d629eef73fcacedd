/* SPDX-License-Identifier: MIT */
// libs: -lpthread -ldl
/* Threads that begin and end, a fork, plugins loaded and unloaded, an exec'less end by exit: with a
 * few calls of the allocator at each. What is counted is who else calls it: see
 * tests/support/witness.c. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static void *allocate(void *unused) {
    void *volatile block = malloc(100), *zeroed = calloc(3, 30), *aligned = NULL;
    block = realloc(block, 1000);
    if (posix_memalign((void **)&aligned, 64, 640) != 0)
        abort();
    free(aligned);
    free(zeroed);
    free(block);
    return unused;
}

static void fork_once(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        allocate(NULL);
        exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        abort();
}

int main(void) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        void *plugin = dlopen("libm.so.6", RTLD_NOW);
        if (pthread_create(&thread, NULL, allocate, NULL) != 0 || plugin == NULL)
            return 1;
        pthread_join(thread, NULL);
        allocate(NULL);
        fork_once();
        dlclose(plugin);
    }
    return 0;
}
