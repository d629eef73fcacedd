/* SPDX-License-Identifier: MIT */
/* A plugin with RUNPATH $ORIGIN that loads its neighbour by name alone. */
#include <dlfcn.h>
#include <stdlib.h>

int plugin_load_second(void) {
    void *handle = dlopen("libsecond.so", RTLD_NOW);
    if (!handle)
        return -1;
    void *(*allocate)(void) = (void *(*)(void))dlsym(handle, "plugin_allocate");
    void *block = allocate ? allocate() : NULL;
    free(block);
    return block != NULL;
}
