/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -finstrument-functions -fno-builtin -pthread
/*
 * Functions call each other at random, themselves too, in several threads, and write down who called
 * whom: what was allocated, with the functions called (by calls that are not inside of another of
 * the same function) and without.
 *
 * usage: call_tree SEED THREADS STEPS DEPTH
 * prints: CALLER CALLEE CALLS OUTERMOST BYTES BLOCKS OWN_BYTES OWN_BLOCKS
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define UNSEEN __attribute__((no_instrument_function))

enum { FUNCTIONS = 6, NOBODY = FUNCTIONS };

struct arc {
    uint64_t calls, outermost, bytes, blocks, own_bytes, own_blocks;
};
struct walker {
    uint64_t random;
    long steps, most_depth, depth;
    int open[FUNCTIONS];
    uint64_t bytes, blocks; /* allocated so far by this thread */
    struct arc arcs[FUNCTIONS + 1][FUNCTIONS];
};
/* What is measured of the call that is going on. */
struct frame {
    uint64_t bytes, blocks;             /* when it began */
    uint64_t inner_bytes, inner_blocks; /* of what it called */
};

static unsigned long seed, steps, most_depth;

static UNSEEN uint64_t next(struct walker *w) {
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static UNSEEN void call(struct walker *w, int caller, int callee, struct frame *around);

static UNSEEN void allocate(struct walker *w) {
    size_t bytes = next(w) % 500 + 1;
    void *block = malloc(bytes);
    w->bytes += bytes;
    w->blocks++;
    if (next(w) % 2)
        free(block);
}

/* What every function does. */
static UNSEEN void work(struct walker *w, int self, struct frame *mine) {
    int n = (int)(next(w) % 4);
    for (int i = 0; i < n; i++)
        allocate(w);
    while (w->steps > 0 && w->depth < w->most_depth && next(w) % 8 != 0)
        call(w, self, (int)(next(w) % FUNCTIONS), mine);
}

#define FUNCTION(name, number)                                                                     \
    static void name(struct walker *w, struct frame *mine) {                                       \
        work(w, number, mine);                                                                     \
    }
FUNCTION(alpha, 0)
FUNCTION(beta, 1)
FUNCTION(gamma_, 2)
FUNCTION(delta, 3)
FUNCTION(epsilon, 4)
FUNCTION(zeta, 5)

static void (*const function[FUNCTIONS])(struct walker *, struct frame *) = {alpha, beta,    gamma_,
                                                                             delta, epsilon, zeta};
static const char *const name[FUNCTIONS + 1] = {"alpha",   "beta", "gamma_", "delta",
                                                "epsilon", "zeta", "-"};

static UNSEEN void call(struct walker *w, int caller, int callee, struct frame *around) {
    struct frame mine = {.bytes = w->bytes, .blocks = w->blocks};
    w->steps--;
    w->depth++;
    int inside = w->open[callee]++;
    function[callee](w, &mine);
    w->open[callee]--;
    w->depth--;
    struct arc *arc = &w->arcs[caller][callee];
    uint64_t bytes = w->bytes - mine.bytes, blocks = w->blocks - mine.blocks;
    arc->calls++;
    arc->own_bytes += bytes - mine.inner_bytes;
    arc->own_blocks += blocks - mine.inner_blocks;
    if (!inside) {
        arc->outermost++;
        arc->bytes += bytes;
        arc->blocks += blocks;
    }
    if (around) {
        around->inner_bytes += bytes;
        around->inner_blocks += blocks;
    }
}

static UNSEEN void *walk(void *argument) {
    struct walker *w = argument;
    w->steps = (long)steps;
    w->most_depth = (long)most_depth;
    while (w->steps > 0)
        call(w, NOBODY, (int)(next(w) % FUNCTIONS), NULL);
    return NULL;
}

int UNSEEN main(int argc, char **argv) {
    enum { MOST_THREADS = 16 };
    static struct walker walkers[MOST_THREADS];
    static char line[BUFSIZ];
    pthread_t threads[MOST_THREADS];
    struct arc sum[FUNCTIONS + 1][FUNCTIONS] = {{{0}}};
    unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    if (argc != 5 || n > MOST_THREADS)
        return 2;
    setvbuf(stdout, line, _IOFBF, sizeof line);
    seed = strtoul(argv[1], NULL, 10);
    steps = strtoul(argv[3], NULL, 10);
    most_depth = strtoul(argv[4], NULL, 10);
    for (unsigned long i = 0; i < n; i++) {
        walkers[i].random = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + i;
        pthread_create(&threads[i], NULL, walk, &walkers[i]);
    }
    for (unsigned long i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    for (unsigned long i = 0; i < n; i++)
        for (int from = 0; from <= FUNCTIONS; from++)
            for (int to = 0; to < FUNCTIONS; to++) {
                const struct arc *arc = &walkers[i].arcs[from][to];
                sum[from][to].calls += arc->calls;
                sum[from][to].outermost += arc->outermost;
                sum[from][to].bytes += arc->bytes;
                sum[from][to].blocks += arc->blocks;
                sum[from][to].own_bytes += arc->own_bytes;
                sum[from][to].own_blocks += arc->own_blocks;
            }
    for (int from = 0; from <= FUNCTIONS; from++)
        for (int to = 0; to < FUNCTIONS; to++) {
            const struct arc *arc = &sum[from][to];
            if (arc->calls)
                printf("%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                       "\n",
                       name[from], name[to], arc->calls, arc->outermost, arc->bytes, arc->blocks,
                       arc->own_bytes, arc->own_blocks);
        }
    return 0;
}
