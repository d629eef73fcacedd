/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * What scopes come to when one in ONE_IN is measured, made of what memtrack_end says of each of them:
 * "NAME COUNT ERRORS UNMEASURED TIME SELF". The same follows as memtrack_scopes_read has it, and the
 * table on standard error.
 *
 * usage: scope_estimates ONE_IN
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "memtrack/timers.h"

enum { ROUNDS = 3000, OUTER = 0, INNER, SELF, N_NAMES };

static const char *const names[N_NAMES] = {"outer", "inner", "self"};
static struct {
    uint64_t count, recursive, errors, unmeasured, unmeasured_recursive;
    int64_t sum, own, first, first_own;
} known[N_NAMES];
static int64_t one_in;

/* Takes some time: that of a scope is then not 0. */
static void spin(void) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

/* Returns what the scope counts for in the one around it. */
static int64_t work(int name, int depth) {
    memtrack_scope scope;
    memtrack_delta delta;
    int64_t inside = 0;
    uint64_t number = ++known[name].count;
    memtrack_begin(&scope, names[name]);
    spin();
    for (int i = 0; name == OUTER && i < 3; i++)
        inside += work(INNER, 0);
    if (name == SELF && depth < 2)
        inside += work(SELF, depth + 1);
    if (number % 7 == 0)
        memtrack_scope_fail(&scope, "a seventh");
    if (name == OUTER && number % 5 == 0) {
        memtrack_scope_detach(&scope);
        memtrack_scope_attach(&scope);
    }
    memtrack_end(&scope, &delta);
    known[name].errors += number % 7 == 0;
    known[name].recursive += depth > 0;
    if (delta.duration_ns == 0) {
        known[name].unmeasured++;
        known[name].unmeasured_recursive += depth > 0;
        return 0;
    }
    if (number == 1) {
        known[name].first = (int64_t)delta.duration_ns;
        known[name].first_own = (int64_t)delta.duration_ns - inside;
    }
    known[name].own += (int64_t)delta.duration_ns - inside;
    if (depth == 0)
        known[name].sum += (int64_t)delta.duration_ns;
    return (int64_t)delta.duration_ns * (number == 1 ? 1 : one_in);
}

/* Returns what count scopes come to: the first, and what the measured ones of the others say, but no
 * less than nothing. */
static double estimate(int64_t sum, int64_t first, uint64_t count, uint64_t unmeasured) {
    double rest = (double)(count - 1);
    double all = (double)first + (double)(sum - first) * (rest / (rest - (double)unmeasured));
    return all > 0 ? all : 0;
}

int main(int argc, char **argv) {
    static memtrack_scope_row rows[N_NAMES];
    one_in = argc > 1 ? atoll(argv[1]) : 1;
    work(INNER, 0); /* its first one is in no other */
    for (int i = 0; i < ROUNDS; i++) {
        work(OUTER, 0);
        work(SELF, 0);
    }
    for (int i = 0; i < N_NAMES; i++)
        printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %.0f %.0f\n", names[i], known[i].count,
               known[i].errors, known[i].unmeasured,
               estimate(known[i].sum, known[i].first, known[i].count - known[i].recursive,
                        known[i].unmeasured - known[i].unmeasured_recursive),
               estimate(known[i].own, known[i].first_own, known[i].count, known[i].unmeasured));
    int n = memtrack_scopes_read(rows, N_NAMES);
    for (int i = 0; i < n && i < N_NAMES; i++)
        printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %.0f %" PRId64 "\n", rows[i].name,
               rows[i].count, rows[i].errors, rows[i].unmeasured, rows[i].duration_ns.sum,
               rows[i].own_duration_ns);
    memtrack_scopes_print(STDERR_FILENO, "time", 0);
    return 0;
}
