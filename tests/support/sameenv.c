/* SPDX-License-Identifier: MIT */
/*
 * Two runs of a program under two tools should differ in the tool alone, to the last allocation.
 * But every tool adds variables of its own to the environment, which interpreters copy to their
 * heap, and libxml2 seeds its hash tables with the time. Preloaded behind either tool, this object
 * removes the tools' variables after all of them have started and before main looks, and stops the
 * clock that counts seconds.
 *
 * Launchers and shells on the way must pass the variables on: it acts only in the program whose
 * argv[0] is $SAMEENV.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int is_tool(const char *entry) {
    static const char *const prefixes[] = {
        "LD_PRELOAD=",    "LD_LIBRARY_PATH=", "MEMTRACK", "VALGRIND",     "GLIBCPP_",    "GLIBCXX_",
        "DUMP_HEAPTRACK", "HEAPTRACK",        "COUNT_",   "MALLOC_CONF=", "DEBUGINFOD_", "PWD=",
        "OLDPWD=",        "SHLVL=",           "_=",       "SAMEENV="};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(entry, prefixes[i], strlen(prefixes[i])))
            return 1;
    return 0;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void clean(char **environment) {
    char **out = environment;
    for (char **in = environment; *in; in++)
        if (!is_tool(*in))
            *out++ = *in;
    *out = NULL;
    /* Shells reorder. Insertion sort: qsort may allocate. */
    for (char **at = environment; at < out; at++)
        for (char **back = at; back > environment && compare(back - 1, back) > 0; back--) {
            char *swap = back[0];
            back[0] = back[-1];
            back[-1] = swap;
        }
}

time_t time(time_t *out) {
    if (out)
        *out = 1000000000;
    return 1000000000;
}

typedef int start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                       void (*)(void), void *);

start_main __libc_start_main;
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end) {
    const char *program = getenv("SAMEENV");
    if (program && !strcmp(program, argv[0]))
        clean(argv + argc + 1);
    start_main *next = (start_main *)dlsym(RTLD_NEXT, "__libc_start_main");
    return next(main, argc, argv, init, fini, loader_fini, stack_end);
}
