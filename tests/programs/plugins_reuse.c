/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -ldl
/*
 * `plugins_reuse A.so B.so`: loads A, lets it allocate, unloads it, loads B at the address where A
 * was, lets it allocate, and so on. What A allocated must keep A's names. Prints how often an
 * address was used again.
 */
#include "target.h"
#include <dlfcn.h>

static uintptr_t visit(const char *path, int blocks) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *(*allocate)(void) = handle ? (void *(*)(void))dlsym(handle, "plugin_allocate") : NULL;
    if (!allocate)
        die("%s", dlerror());
    uintptr_t base = (uintptr_t)allocate;
    for (int i = 0; i < blocks; i++)
        keep(allocate());
    dlclose(handle);
    return base;
}

int main(int argc, char **argv) {
    int reused = 0;
    if (argc != 3)
        die("usage: plugins_reuse A.so B.so");
    for (int i = 0; i < 20; i++) {
        uintptr_t first = visit(argv[1], 10), second = visit(argv[2], 5);
        reused += first == second;
    }
    printf("reused %d of 20\n", reused);
    return 0;
}
