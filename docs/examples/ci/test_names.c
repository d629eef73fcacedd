/* SPDX-License-Identifier: MIT */
/* test_names [N]: each of N names keeps its number. */
#include <stdio.h>
#include <stdlib.h>

#include "names.h"

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, wrong = 0;
    struct names *names = names_new();
    char name[32];
    for (size_t i = 0; i < 2 * n; i++) {
        snprintf(name, sizeof name, "name %zu", i % n);
        wrong += names_add(names, name) != i % n;
    }
    names_free(names);
    printf("%zu of %zu names are wrong\n", wrong, n);
    return wrong != 0;
}
