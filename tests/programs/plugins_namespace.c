/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-optimize-sibling-calls
// libs: -ldl
/* `plugins_namespace P.so`: loads a plugin into a link namespace of its own, with another C
 * library, and lets it allocate 200 blocks of 512 bytes through a function of the program. */
#include "target.h"
#include <dlfcn.h>

__attribute__((noinline)) static void *provide(unsigned long bytes) {
    return keep(malloc(bytes));
}

int main(int argc, char **argv) {
    void *plugin = argc == 2 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : NULL;
    if (!plugin) {
        printf("no second namespace here: %s\n",
               argc == 2 ? dlerror() : "usage: plugins_namespace P.so");
        return TARGET_SKIP;
    }
    int (*make)(void *(*)(unsigned long), int) =
        (int (*)(void *(*)(unsigned long), int))dlsym(plugin, "make_things");
    printf("%d\n", make(provide, 200));
    return 0;
}
