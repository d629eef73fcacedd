/* SPDX-License-Identifier: MIT */
/* load_plugin FILE [local|global|deepbind|namespace|linked]: calls plugin() of a shared object that
 * it loads in this way; "linked" only calls it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int plugin(void) __attribute__((weak));

int main(int argc, char **argv) {
    const char *how = argc > 2 ? argv[2] : "local";
    if (strcmp(how, "linked") == 0)
        return plugin ? plugin() : 3;
    int flags = strcmp(how, "global") == 0     ? RTLD_GLOBAL
                : strcmp(how, "deepbind") == 0 ? RTLD_DEEPBIND
                                               : RTLD_LOCAL;
    void *handle = strcmp(how, "namespace") == 0 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW)
                                                 : dlopen(argv[1], RTLD_NOW | flags);
    int (*call)(void) = handle ? (int (*)(void))dlsym(handle, "plugin") : NULL;
    if (call == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 4;
    }
    return call();
}
