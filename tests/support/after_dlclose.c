/* SPDX-License-Identifier: MIT */
/* A preload object behind the tracker: when the loader has let go of an object, and before the
 * tracker's own dlclose goes on, the program is called. What another thread could do at this moment
 * is so done at it for certain. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>

void (*after_dlclose)(void);

int dlclose(void *handle) {
    int (*next)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
    int result = next(handle);
    if (after_dlclose)
        after_dlclose();
    return result;
}
