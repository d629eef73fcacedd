/* SPDX-License-Identifier: MIT */
/* Plugins of tests/support/plugins, used one time after the other, and threads that allocate
 * meanwhile. */
#ifndef MT_TESTS_PLUGINS_H
#define MT_TESTS_PLUGINS_H

#include "target.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MOST_OF_A_PLUGIN = 8 };

static atomic_int stop; /* churn ends */

/* Loads it, has it allocate n blocks, frees them and unloads it. */
static inline void use_plugin(const char *path, int n) {
    void *block[MOST_OF_A_PLUGIN], *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        die("%s", dlerror());
    void *(*allocate)(void) = (void *(*)(void))dlsym(handle, "plugin_allocate");
    for (int i = 0; i < n; i++)
        block[i] = need(allocate());
    for (int i = 0; i < n; i++)
        free(block[i]);
    dlclose(handle);
}

/* A thread that allocates without a pause. */
static inline void *churn(void *unused) {
    uint64_t state = 1;
    while (!atomic_load(&stop))
        free(need(malloc(next_random(&state) % 3000)));
    return unused;
}

#endif
