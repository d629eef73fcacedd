/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread -ldl
/* `plugins_storm A.so B.so ROUNDS`: two threads load, use and unload plugins while two others
 * allocate without a pause. A lock of the tracker that meets the loader's lock stops all of
 * them. */
#include "plugins.h"

static long rounds;

static void *load(void *path) {
    for (long i = 0; i < rounds; i++)
        use_plugin(path, 1);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread[4];
    if (argc != 4)
        die("usage: plugins_storm A.so B.so ROUNDS");
    rounds = atol(argv[3]);
    for (int i = 0; i < 4; i++)
        if (pthread_create(&thread[i], NULL, i < 2 ? load : churn, argv[1 + i % 2]))
            die("pthread_create");
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            atomic_store(&stop, 1);
        pthread_join(thread[i], NULL);
    }
    puts("done");
    return 0;
}
