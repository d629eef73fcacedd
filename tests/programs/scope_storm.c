/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * scope_storm [SEED]: eight threads do at random what can be done with regions. They nest them, end
 * outer ones first, park them for another thread to go on with or to end, and begin and end regions
 * of the whole process that overlap; they allocate, resize and free each other's blocks meanwhile.
 *
 * What a region of the process counts can only be known where no event is under way when it begins
 * and ends: that is a lock, which events share. With an odd seed they do not, so that the peak of
 * such a region is known as well; with an even one it may be off by a block of each thread.
 */
#include <pthread.h>

#include "scope_oracle.h"

enum {
    THREADS = 8,
    STEPS = 500,
    MOST_DEPTH = 12,
    REGIONS = 256,
    PARKED = 24,
    SHARED = 48,
    PROCESS = 5
};
enum { MOST_BYTES = 30000, SLACK = THREADS * (MOST_BYTES + 8), ALONE_BYTES = 20 << 20 };

static const char *const names[] = {"accept", "parse", "route", "query", "render", "send"};
static const char *const process_names[] = {"phase", "epoch", "shift"};

/* ---- regions of the process ------------------------------------------------------------------ */

struct totals {
    _Atomic int64_t net, blocks, bytes, freed, temporary;
};

struct process_region {
    memtrack_scope scope;
    const char *name; /* NULL: not open */
    struct figures begin;
    _Atomic int64_t most; /* live, absolute */
    int64_t before_ns, after_ns;
};

static struct totals totals;
static struct process_region process[PROCESS];
static pthread_rwlock_t events = PTHREAD_RWLOCK_INITIALIZER;
static bool is_serial;

static struct figures totals_now(void) {
    return (struct figures){totals.net, totals.blocks, totals.bytes, totals.freed,
                            totals.temporary};
}

static void begin_event(void) {
    if (is_serial)
        pthread_rwlock_wrlock(&events);
    else
        pthread_rwlock_rdlock(&events);
}

static void count(int64_t net, int64_t blocks, int64_t freed, int64_t temporary) {
    int64_t live = atomic_fetch_add(&totals.net, net) + net;
    totals.bytes += blocks ? net : 0;
    totals.blocks += blocks;
    totals.freed += freed;
    totals.temporary += temporary;
    for (int i = 0; i < PROCESS; i++)
        for (int64_t most = atomic_load(&process[i].most); live > most;)
            if (atomic_compare_exchange_weak(&process[i].most, &most, live))
                break;
}

/* The events lock is held alone: nothing changes meanwhile. */
static void begin_process(struct process_region *p, const char *name) {
    p->begin = totals_now();
    p->most = p->begin.net;
    p->before_ns = clock_now();
    if (memtrack_begin_process(&p->scope, name) != 0)
        n_wrong++;
    p->after_ns = clock_now();
    p->name = name;
}

static void end_process(struct process_region *p) {
    memtrack_delta d;
    struct region counted = {.name = p->name, .before_ns = p->before_ns, .after_ns = p->after_ns};
    int64_t before_ns = clock_now();
    if (memtrack_end(&p->scope, &d) != 0)
        n_wrong++;
    counted.now = minus(totals_now(), p->begin);
    counted.peak = p->most - p->begin.net;
    if (!is_serial && d.peak_bytes - counted.peak < SLACK && counted.peak - d.peak_bytes < SLACK)
        counted.peak = d.peak_bytes;
    counted.kind = OF_PROCESS;
    check_ended(&counted, &d, before_ns);
    p->name = NULL;
}

static void change_process(uint64_t *seed) {
    struct process_region *p = &process[pick(seed, PROCESS)];
    pthread_rwlock_wrlock(&events);
    if (p->name)
        end_process(p);
    else
        begin_process(p, process_names[pick(seed, 3)]);
    pthread_rwlock_unlock(&events);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static _Atomic(size_t *) shared[SHARED];

static size_t *take_counted(size_t bytes) {
    begin_event();
    size_t *block = take(bytes);
    count((int64_t)*block, 1, 0, 0);
    pthread_rwlock_unlock(&events);
    return block;
}

static void give_counted(size_t *block) {
    if (!block)
        return;
    begin_event();
    int64_t bytes = (int64_t)*block;
    bool is_temporary = block == latest;
    give(block);
    count(-bytes, 0, 1, is_temporary);
    pthread_rwlock_unlock(&events);
}

static size_t *resize_counted(size_t *block, size_t bytes) {
    begin_event();
    int64_t old = (int64_t)*block;
    bool is_temporary = block == latest;
    count(-old, 0, 1, is_temporary);
    block = resize(block, bytes);
    count((int64_t)*block, 1, 0, 0);
    pthread_rwlock_unlock(&events);
    return block;
}

static void allocate(uint64_t *seed) {
    _Atomic(size_t *) *slot = &shared[pick(seed, SHARED)];
    size_t bytes = pick(seed, MOST_BYTES), *block;
    switch (pick(seed, 4)) {
    case 0:
        give_counted(take_counted(bytes));
        break;
    case 1:
        block = atomic_exchange(slot, NULL);
        if (block)
            give_counted(atomic_exchange(slot, resize_counted(block, bytes)));
        break;
    case 2:
        give_counted(atomic_exchange(slot, NULL));
        break;
    default:
        give_counted(atomic_exchange(slot, take_counted(bytes)));
    }
}

/* ---- regions of threads ---------------------------------------------------------------------- */

static struct region regions[REGIONS], *unused[REGIONS], *parked[PARKED];
static unsigned n_unused, n_parked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct region *new_region(void) {
    pthread_mutex_lock(&lock);
    struct region *r = n_unused ? unused[--n_unused] : NULL;
    pthread_mutex_unlock(&lock);
    return r;
}

static void drop_region(struct region *r) {
    pthread_mutex_lock(&lock);
    unused[n_unused++] = r;
    pthread_mutex_unlock(&lock);
}

static bool park(struct region *r) {
    pthread_mutex_lock(&lock);
    bool has_room = n_parked < PARKED;
    if (has_room)
        parked[n_parked++] = r;
    pthread_mutex_unlock(&lock);
    return has_room;
}

static struct region *unpark(uint64_t *seed) {
    struct region *r = NULL;
    pthread_mutex_lock(&lock);
    if (n_parked) {
        unsigned i = pick(seed, n_parked);
        r = parked[i];
        parked[i] = parked[--n_parked];
    }
    pthread_mutex_unlock(&lock);
    return r;
}

/* End the region that lies so many below the innermost one, and those inside of it with it. */
static void end_at(unsigned below) {
    struct region *outermost = innermost, *inside;
    while (below-- && outermost->outer)
        outermost = outermost->outer;
    inside = innermost;
    end(outermost);
    for (struct region *r = inside, *next; r; r = next) {
        next = r == outermost ? NULL : r->outer;
        drop_region(r);
    }
}

static void change_region(uint64_t *seed, unsigned depth) {
    struct region *r;
    switch (pick(seed, 8)) {
    case 0:
        if (innermost)
            end_at(pick(seed, 4));
        break;
    case 1:
    case 2:
        if (innermost)
            end_at(0);
        break;
    case 3:
        r = innermost;
        if (r && n_parked + THREADS < PARKED) {
            if (pick(seed, 2))
                mark(r);
            detach(r);
            if (!park(r)) {
                end_detached(r);
                drop_region(r);
            }
        }
        break;
    case 4:
        if (depth < MOST_DEPTH && (r = unpark(seed)))
            attach(r);
        break;
    case 5:
        if (pick(seed, 4) == 0 && (r = unpark(seed))) {
            end_detached(r);
            drop_region(r);
        }
        break;
    default:
        if (depth < MOST_DEPTH && (r = new_region()))
            begin(r, names[pick(seed, 6)]);
    }
}

static unsigned depth_now(void) {
    unsigned depth = 0;
    for (const struct region *r = innermost; r; r = r->outer)
        depth++;
    return depth;
}

static pthread_barrier_t barrier;
static uint64_t first_seed;

static void *run(void *argument) {
    uint64_t seed = first_seed * THREADS + (uintptr_t)argument;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < STEPS; i++) {
        change_region(&seed, depth_now());
        for (unsigned k = pick(&seed, 4); k > 0; k--)
            allocate(&seed);
        if (pick(&seed, 16) == 0)
            change_process(&seed);
    }
    while (innermost)
        end_at(pick(&seed, 3));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(
        &barrier); /* until the process's regions have ended: a thread's end frees */
    return NULL;
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Its peak comes before there is a second thread. */
static memtrack_scope alone;

static void begin_alone(void) {
    if (memtrack_begin_process(&alone, "alone") != 0)
        n_wrong++;
    free(malloc(ALONE_BYTES));
}

static void end_alone(void) {
    memtrack_delta d;
    if (memtrack_end(&alone, &d) == 0 && d.peak_bytes >= ALONE_BYTES &&
        d.peak_bytes < ALONE_BYTES + (1 << 20))
        return;
    fprintf(stderr, "alone: peak %" PRId64 "\n", d.peak_bytes);
    n_wrong++;
}

static void clean(void) {
    for (int i = 0; i < PROCESS; i++)
        if (process[i].name)
            end_process(&process[i]);
    while (n_parked)
        end_detached(parked[--n_parked]);
    for (int i = 0; i < SHARED; i++)
        give(shared[i]);
}

int main(int argc, char **argv) {
    pthread_t thread[THREADS];
    first_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    is_serial = first_seed % 2;
    for (int i = 0; i < REGIONS; i++)
        unused[n_unused++] = &regions[i];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    begin_alone();
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, run, (void *)(i + 1));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    end_alone();
    clean();
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return finish();
}
