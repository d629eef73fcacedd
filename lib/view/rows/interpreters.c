/* SPDX-License-Identifier: MIT */
/*
 * CPython. Modules are told by their names, since a stripped interpreter has no others:
 *
 *   python3.11, libpython3.12.so.1.0   the interpreter
 *   …/lib-dynload/…                    modules in C that come with it
 *   …/site-packages/…, dist-packages   packages with code in C, and the libraries that they bring
 *   *.cpython-312-x86_64-….so, *.abi3.so    a module in C, wherever it is being developed
 *
 * All of these are passed on to the line of Python; --keep-std shows the function in C. Of the code
 * in Python itself only what imports modules is (<frozen importlib._bootstrap>): the line that is
 * wanted is the import. The rest of the standard library stays, as tracemalloc shows it: that
 * json/decoder.py holds the memory is an answer, and --cumulative has the line that called it.
 */
#include "view/rows/interpreters.h"

#include <stdbool.h>
#include <string.h>

#include "profile/profile.h"

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_interpreter(const char *name) {
    size_t prefix = begins(name, "libpython3") ? strlen("libpython3") : strlen("python3");
    return (begins(name, "python3") || begins(name, "libpython3")) &&
           (name[prefix] == '\0' || name[prefix] == '.');
}

static bool is_extension(const char *path) {
    return strstr(path, "/lib-dynload/") || strstr(path, "/site-packages/") ||
           strstr(path, "/dist-packages/") || strstr(path, ".cpython-3") ||
           strstr(path, ".abi3.so");
}

enum mt_interpreters_part mt_interpreters_judge(const char *module, const char *file) {
    if (strcmp(module, MT_PROFILE_PYTHON) == 0)
        return *file && !begins(file, "<frozen importlib.") ? MT_INTERPRETERS_LINE
                                                            : MT_INTERPRETERS_LIBRARY;
    return is_interpreter(basename(module)) || is_extension(module) ? MT_INTERPRETERS_LIBRARY
                                                                    : MT_INTERPRETERS_NONE;
}
