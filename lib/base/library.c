/* SPDX-License-Identifier: MIT */
/*
 * Each library that the command is linked to is found, mapped and relocated before main, in every
 * run, with all that it is linked to itself: libmicrohttpd brings GnuTLS and eight more, and cost
 * `memtrack --version` more than everything else together. So what a single command uses is loaded
 * by that command, under the name (with the version of its interface) that the linker would have
 * recorded. It is searched for as the linker's would be: the run path of the command,
 * LD_LIBRARY_PATH, the system.
 *
 * Types come from the library's own headers, so a call is checked as any other is. That all
 * functions are there is known when it is built (cmake/loaded.c).
 *
 * Rejected: objects of our own beside the recorder, linked to the library. They would have to call
 * back into the command, be found from wherever it lies, and be of the same build.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What the dynamic linker says begins with the name when it has found no file at all. */
static const char *without_name(const char *why, const char *name) {
    size_t n = strlen(name);
    return strncmp(why, name, n) == 0 && strncmp(why + n, ": ", 2) == 0 ? why + n + 2 : why;
}

static int fail(const struct mt_library *library, const char *why, struct mt_error *error) {
    char hint[sizeof error->hint];
    if (*library->package)
        snprintf(hint, sizeof hint, "Install it: in Debian it is in the package %s.",
                 library->package);
    else
        snprintf(hint, sizeof hint, "Install the package that has it.");
    return mt_error_set(error, MEMTRACK_EIO, hint, "%s cannot be loaded: %s", library->soname,
                        without_name(why, library->soname));
}

static int find_functions(const struct mt_library *library, void *handle, struct mt_error *error) {
    char *at = library->functions;
    for (size_t i = 0; i < library->n; i++) {
        void *function = dlsym(handle, library->names[i]);
        if (!function) {
            char why[128];
            snprintf(why, sizeof why, "it has no function %s", library->names[i]);
            return fail(library, why, error);
        }
        memcpy(at + i * sizeof function, &function, sizeof function);
    }
    return 0;
}

int mt_library_load(const struct mt_library *library, struct mt_error *error) {
    void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        return fail(library, why ? why : "no reason is known", error);
    }
    return find_functions(library, handle, error); /* it stays: there is no dlclose */
}
