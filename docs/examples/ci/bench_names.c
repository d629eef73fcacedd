/* SPDX-License-Identifier: MIT */
/* How long the table of names takes, and what it allocates. */
#include <memtrack/benchmark.h>
#include <stdio.h>

#include "names.h"

static void add(struct names *names, size_t n) {
    char name[32];
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "name %zu", i);
        names_add(names, name);
    }
}

static void make(void *n) {
    struct names *names = names_new();
    add(names, *(size_t *)n);
    names_free(names);
}

int main(void) {
    size_t n = 1000;
    memtrack_benchmark("make a table", 200, make, &n);

    struct names *names = names_new();
    add(names, n);
    MEMTRACK_BENCHMARK("find a name", 10000) {
        MEMTRACK_KEEP(names_add(names, "name 500"));
    }
    names_free(names);
    return 0;
}
