/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Scopes whose bytes are drawn from SEED, nested and recursive, to be measured one in N. What they
 * come to is printed: "NAME COUNT RECURSIVE ERRORS BYTES SQUARES ALL_SQUARES LARGEST OWN" (squares and
 * largest without the first of each), and what memtrack_scopes_read says, "row NAME COUNT RECURSIVE
 * ERRORS BYTES OWN UNMEASURED". Standard error has the table.
 *
 * usage: scope_sampled SEED
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memtrack.h"

enum { ROUNDS = 20000, OUTER = 0, INNER, SELF, SAME, N_NAMES };

static const char *const names[N_NAMES] = {"outer", "inner", "self", "same"};
static struct {
    uint64_t count, recursive, errors, bytes, own, largest;
    double squares, all_squares;
} truth[N_NAMES];
static uint64_t state;

static uint64_t draw(uint64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static uint64_t allocate(uint64_t bytes) {
    void *block = malloc(bytes);
    if (block == NULL)
        abort();
    __asm__ volatile("" : : "r"(block) : "memory");
    free(block);
    return bytes;
}

/* The first scope of a name is like no other. */
static uint64_t own_bytes(int name) {
    if (name == SAME)
        return 100;
    return truth[name].count == 1 ? 1000000 : 1 + draw(1000);
}

static uint64_t work(int name, int depth) {
    memtrack_scope scope;
    memtrack_begin(&scope, names[name]);
    truth[name].count++;
    uint64_t own = allocate(own_bytes(name)), bytes = own;
    for (uint64_t n = name == OUTER ? draw(4) : 0; n > 0; n--)
        bytes += work(INNER, 0);
    if (name == SELF && depth < 3)
        bytes += work(SELF, depth + 1);
    if (draw(10) == 0) {
        memtrack_scope_fail(&scope, "drawn");
        truth[name].errors++;
    }
    if (draw(16) == 0) {
        memtrack_scope_detach(&scope);
        memtrack_scope_attach(&scope);
    }
    memtrack_end(&scope, NULL);
    truth[name].own += own;
    if (depth > 0) {
        truth[name].recursive++;
    } else {
        truth[name].bytes += bytes;
        truth[name].all_squares += (double)bytes * (double)bytes;
        if (bytes < 1000000) { /* the first ones are known */
            truth[name].squares += (double)bytes * (double)bytes;
            if (bytes > truth[name].largest)
                truth[name].largest = bytes;
        }
    }
    return bytes;
}

int main(int argc, char **argv) {
    static memtrack_scope_row rows[N_NAMES + 1];
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    work(INNER, 0); /* its first one is in no other */
    for (int i = 0; i < ROUNDS; i++) {
        work(OUTER, 0);
        work(SELF, 0);
        work(SAME, 0);
    }
    for (int i = 0; i < N_NAMES; i++)
        printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.0f %.0f %" PRIu64 " %" PRIu64
               "\n",
               names[i], truth[i].count, truth[i].recursive, truth[i].errors, truth[i].bytes,
               truth[i].squares, truth[i].all_squares, truth[i].largest, truth[i].own);
    int n = memtrack_scopes_read(rows, N_NAMES + 1);
    for (int i = 0; i < n && i <= N_NAMES; i++)
        printf("row %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %.0f %" PRId64 " %" PRIu64 "\n",
               rows[i].name, rows[i].count, rows[i].recursive, rows[i].errors,
               rows[i].allocated_bytes.sum, rows[i].own_allocated_bytes, rows[i].unmeasured);
    memtrack_scopes_print(STDERR_FILENO, "time", 0);
    return 0;
}
