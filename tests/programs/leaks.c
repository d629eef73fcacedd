/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Leaks of every kind: lost, reachable from a global, a ring, an interior pointer, and some that
 * are no leaks. */
#include "target.h"

struct ring {
    struct ring *next;
    char body[120];
};

static void *reachable;
static char *interior;

static void lose_ring(int n) {
    struct ring *first = need(malloc(sizeof *first)), *last = first;
    for (int i = 1; i < n; i++) {
        last->next = need(malloc(sizeof *last));
        last = last->next;
    }
    last->next = first;
}

int main(void) {
    for (size_t i = 1; i <= 40; i++)
        keep(need(malloc(i)));
    lose_ring(9);
    reachable = need(calloc(3, 333));
    interior = (char *)need(malloc(4000)) + 100;
    for (int i = 0; i < 25; i++) {
        char *text = need(strdup("twenty-five of these"));
        if (i % 2)
            free(text);
    }
    return 0;
}
