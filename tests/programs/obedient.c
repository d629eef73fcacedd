/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Does what it is told on its standard input, a line each, and answers "ok": for tests that look at
 * it meanwhile.
 *
 *   a N   keep N blocks of 1000 bytes          b N   keep N blocks of 500 bytes, half of them by
 *                                                    another caller
 *   t N   N blocks of 100 bytes, freed at once   d     free what was kept
 *   x     execute itself                        u     execute cat, without a preload
 *   q     end
 */
#include <unistd.h>

#include "target.h"

enum { MOST = 100000 };
static void *kept[MOST];
static size_t n_kept;

__attribute__((noinline)) static void *grow_alpha(void) {
    return need(malloc(1000));
}

__attribute__((noinline)) static void *grow_beta(void) {
    return need(malloc(500));
}

__attribute__((noinline)) static void *first_caller(void) {
    return keep(grow_beta());
}

__attribute__((noinline)) static void *second_caller(void) {
    return keep(grow_beta());
}

__attribute__((noinline)) static void passing(void) {
    free(need(malloc(100)));
}

static void obey(char order, long n) {
    for (long i = 0; i < n && n_kept < MOST; i++) {
        if (order == 'a')
            kept[n_kept++] = grow_alpha();
        else if (order == 'b')
            kept[n_kept++] = i % 2 ? second_caller() : first_caller();
        else if (order == 't')
            passing();
    }
    while (order == 'd' && n_kept)
        free(kept[--n_kept]);
}

int main(int argc, char **argv) {
    (void)argc;
    char order;
    long n;
    puts("ok");
    for (char line[64]; fflush(stdout) == 0 && fgets(line, sizeof line, stdin);) {
        n = 1;
        if (sscanf(line, "%c %ld", &order, &n) < 1 || order == 'q')
            break;
        if (order == 'x')
            execv("/proc/self/exe", argv);
        if (order == 'u')
            execle("/bin/cat", "cat", (char *)NULL, (char *[]){NULL});
        obey(order, n);
        puts("ok");
    }
    return 0;
}
