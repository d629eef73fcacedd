/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -ldl
/* `plugins_deepbind A.so`: with RTLD_DEEPBIND the plugin binds to libc's malloc past every
 * preloaded object; the host frees what it got and hands it blocks of its own to free. */
#include "target.h"
#include <dlfcn.h>

int main(int argc, char **argv) {
    void *handle = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW | RTLD_DEEPBIND);
    if (!handle)
        die("%s", dlerror());
    void *(*allocate)(void) = (void *(*)(void))dlsym(handle, "plugin_allocate");
    void (*release)(void *) = (void (*)(void *))dlsym(handle, "plugin_release");
    if (!allocate || !release)
        die("%s", dlerror());
    for (int i = 0; i < 1000; i++) {
        free(need(allocate()));
        release(need(malloc(10)));
        free(need(realloc(need(allocate()), 5000)));
    }
    puts("both ways");
    return 0;
}
