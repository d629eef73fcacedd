/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -ldl
/* `plugins_runpath A.so`: A's own dlopen("libsecond.so") is found only through A's RUNPATH, that
 * is, if the loader sees A as the caller. */
#include "target.h"
#include <dlfcn.h>

int main(int argc, char **argv) {
    void *handle = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
    if (!handle)
        die("%s", dlerror());
    int (*load)(void) = (int (*)(void))dlsym(handle, "plugin_load_second");
    if (!load)
        die("%s", dlerror());
    printf("second %d\n", load());
    return 0;
}
