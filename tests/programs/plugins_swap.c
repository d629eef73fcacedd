/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread -ldl
/*
 * `plugins_swap ROUNDS A.so…`: one thread for each plugin loads it, lets it allocate two blocks,
 * frees them and unloads it, ROUNDS times (0: it says ready, and goes on until it is killed), and
 * another thread allocates. The plugins take each other's addresses.
 */
#include "plugins.h"

static long rounds;

static void *load(void *path) {
    for (long i = 0; i < rounds || rounds == 0; i++)
        use_plugin(path, 2);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread[16], other;
    int n = argc - 2;
    if (n < 1 || n > 16)
        die("usage: plugins_swap ROUNDS A.so…");
    rounds = atol(argv[1]);
    if (rounds == 0) {
        puts("ready");
        fflush(stdout);
    }
    if (pthread_create(&other, NULL, churn, NULL))
        die("pthread_create");
    for (int i = 0; i < n; i++)
        if (pthread_create(&thread[i], NULL, load, argv[2 + i]))
            die("pthread_create");
    for (int i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
    atomic_store(&stop, 1);
    pthread_join(other, NULL);
    puts("done");
    return 0;
}
