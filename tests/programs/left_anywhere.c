/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -mno-red-zone
/*
 * Leaves the recorder at every instruction of an event: the processor's trap flag stops the program
 * after each one, and the handler leaves by siglongjmp at the k-th that lies in the recorder, for k
 * = 0, 1, 2, … until the event ends before that. Allowed only on an allocator without state to tear
 * (bump.c). `left_anywhere EVENT STEP [warm] [threads]`: only each STEP-th k; warm: the event has
 * happened at the same place right before, so that all of it is in the caches; threads: another
 * thread has recorded before, so that locks are taken.
 *
 * Right: after each the recorder sees an allocation of 7777 bytes come and go, what it says is live
 * differs by no more than the event that was left, and "probe" has as many blocks as there were
 * rounds. In the "start" and "thread" events each round is a process, or a thread, of its own.
 */
#include "stepping.h"
#include <memtrack.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBE = 7777, BLOCK = 100, MORE = 300, N_CALLERS = 64, PAGES = 3, PAGE = 4096 };

static volatile long countdown;
static volatile int is_stepping, is_warm;
static volatile sig_atomic_t was_left;
static sigjmp_buf back;
static void *volatile block;
static char *volatile mapping;
static char place; /* of what is tracked by the API */
static long rounds, failures;
static int64_t before_event;

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    if (!is_in_recorder(context) || countdown-- > 0)
        return;
    was_left = 1;
    siglongjmp(back, 1); /* the kernel has cleared the flag for the handler */
}

static inline __attribute__((always_inline)) void step(void) {
    if (is_stepping)
        trap_on();
}

/* Paths that the recorder has not met: as many callers, one after the other. */
#define CALLER(n)                                                                                  \
    __attribute__((noinline)) static void caller_##n(void) {                                       \
        step();                                                                                    \
        block = malloc(BLOCK + n);                                                                 \
        trap_off();                                                                                \
    }
#define FOUR(F, n)    F(n##0) F(n##1) F(n##2) F(n##3)
#define SIXTEEN(F, n) FOUR(F, n##0) FOUR(F, n##1) FOUR(F, n##2) FOUR(F, n##3)
SIXTEEN(CALLER, 10)
SIXTEEN(CALLER, 11)
SIXTEEN(CALLER, 12)
SIXTEEN(CALLER, 13)
#define NAME(n) caller_##n,
static void (*const caller[N_CALLERS])(void) = {SIXTEEN(NAME, 10) SIXTEEN(NAME, 11)
                                                    SIXTEEN(NAME, 12) SIXTEEN(NAME, 13)};

__attribute__((noinline)) static void stepped_malloc(void) {
    step();
    block = malloc(BLOCK);
    trap_off();
}

__attribute__((noinline)) static void stepped_free(void) {
    step();
    free(block);
    trap_off();
}

__attribute__((noinline)) static void stepped_realloc(void) {
    step();
    block = realloc(block, MORE);
    trap_off();
}

__attribute__((noinline)) static void stepped_new_path(void) {
    caller[rounds % N_CALLERS]();
}

__attribute__((noinline)) static void stepped_scope(void) {
    memtrack_scope scope;
    step();
    memtrack_begin(&scope, "left");
    memtrack_end(&scope, NULL);
    trap_off();
}

/* A block that takes the place of one whose free was missed. */
static void prepare_replace(void) {
    memtrack_track(memtrack_domain("left"), &place, BLOCK);
}

__attribute__((noinline)) static void stepped_replace(void) {
    uint32_t domain = memtrack_domain("left");
    step();
    memtrack_track(domain, &place, MORE);
    trap_off();
}

static void clean_replace(void) {
    memtrack_untrack(memtrack_domain("left"), &place);
}

/* What a resize in place tells the recorder (xallocx). */
extern void memtrack_private_resize(void *block, size_t bytes) __attribute__((weak));

static void prepare_block(void) {
    block = need(malloc(BLOCK));
}

__attribute__((noinline)) static void stepped_resize(void) {
    step();
    memtrack_private_resize(block, MORE);
    trap_off();
}

static void clean_block(void) {
    free(block);
}

static void prepare_none(void) {
    mapping = MAP_FAILED;
}

static void prepare_mapping(void) {
    mapping = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        die("mmap");
}

static void prepare_reservation(void) {
    mapping = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        die("mmap");
}

__attribute__((noinline)) static void stepped_mmap(void) {
    step();
    mapping = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    trap_off();
}

__attribute__((noinline)) static void stepped_munmap(void) {
    step();
    munmap(mapping + PAGE, PAGE);
    trap_off();
}

__attribute__((noinline)) static void stepped_munmap_all(void) {
    step();
    munmap(mapping, PAGES * PAGE);
    trap_off();
}

__attribute__((noinline)) static void stepped_mprotect(void) {
    step();
    mprotect(mapping + PAGE, PAGE, PROT_READ);
    trap_off();
}

static void clean_mapping(void) {
    if (mapping != MAP_FAILED)
        munmap(mapping, PAGES * PAGE);
}

__attribute__((noinline)) static void stepped_clear(void) {
    step();
    memtrack_clear_traces();
    trap_off();
}

static uint64_t live_bytes(void) {
    uint64_t live, peak;
    memtrack_get_traced_memory(&live, &peak);
    return live;
}

/* What was left is brought to its end by the next event. */
static uint64_t settled_live_bytes(void) {
    free(need(malloc(1)));
    return live_bytes();
}

static void fail(long k, const char *what, uint64_t got, uint64_t expected) {
    if (failures++ < 10)
        fprintf(stderr, "left after %ld instructions: %s is %lu and not %lu\n", k, what,
                (unsigned long)got, (unsigned long)expected);
}

/* The recorder is neither blind nor confused. */
__attribute__((noinline)) static void probe(long k) {
    uint64_t before = settled_live_bytes();
    void *p = need(malloc(PROBE));
    if (live_bytes() != before + PROBE)
        fail(k, "live with the probe", live_bytes(), before + PROBE);
    free(p);
    if (live_bytes() != before)
        fail(k, "live without the probe", live_bytes(), before);
    rounds++;
}

struct kind {
    const char *name;
    void (*event)(void);
    int takes_block;     /* it begins with a block of BLOCK bytes */
    int64_t least, most; /* by so many bytes live changes */
    void (*prepare)(void),
        (*clean)(void); /* if there: by nothing in between, and in the end nothing is left */
    int64_t between;    /* but by this */
};
static const struct kind kinds[] = {
    {"malloc", stepped_malloc, 0, 0, BLOCK},
    {"new_path", stepped_new_path, 0, 0, BLOCK + 1333},
    {"free", stepped_free, 1, -BLOCK, 0},
    {"realloc", stepped_realloc, 1, -BLOCK, MORE},
    {"scope", stepped_scope, 0, 0, 0},
    {"clear", stepped_clear, 0, INT64_MIN, 0},
    {"replace", stepped_replace, 0, 0, MORE - BLOCK, prepare_replace, clean_replace, -BLOCK},
    {"resize", stepped_resize, 0, 0, MORE - BLOCK, prepare_block, clean_block, 0},
    {"mmap", stepped_mmap, 0, 0, PAGES *PAGE, prepare_none, NULL, 0},
    {"munmap", stepped_munmap, 0, -PAGE, 0, prepare_mapping, clean_mapping, 0},
    {"munmap_all", stepped_munmap_all, 0, -PAGES *PAGE, 0, prepare_mapping, clean_mapping, 0},
    {"mprotect", stepped_mprotect, 0, 0, PAGE, prepare_reservation, clean_mapping, 0},
};

/* The one caller of event, so that the call path is the same when nothing is to be left. */
__attribute__((noinline)) static void call(void (*event)(void), int stepping) {
    was_left = 0;
    is_stepping = stepping;
    if (sigsetjmp(back, 1) == 0)
        event();
    is_stepping = 0;
}

/* Leave event after k instructions of the recorder's. False: it ended before. The loop, too, is one
 * place for both. */
__attribute__((noinline)) static int leave(const struct kind *kind, long k, int rounds_before) {
    countdown = k;
    for (int i = rounds_before; i >= 0; i--) {
        if (kind->takes_block)
            block = need(malloc(BLOCK));
        if (kind->prepare)
            kind->prepare();
        if (i == 0)
            before_event = (int64_t)live_bytes();
        int stepping = i == 0;
        __asm__ volatile("" : "+r"(stepping)); /* no second copy of the call for the last round */
        call(kind->event, stepping);
        if (i != 0 && kind->clean)
            kind->clean();
    }
    return was_left;
}

static void all_of(const struct kind *kind, long step_by) {
    for (long k = 0, is_over = 0; !is_over; k += step_by) {
        int64_t before = (int64_t)live_bytes();
        is_over = !leave(kind, k, is_warm);
        int64_t change = (int64_t)settled_live_bytes() - before_event;
        bool is_in_between = kind->prepare && change != kind->least && change != kind->most &&
                             change != kind->between;
        if (change < kind->least + (kind->between < 0 ? kind->between : 0) || change > kind->most ||
            is_in_between)
            fail(k, "change of live", (uint64_t)change, (uint64_t)kind->most);
        if (kind->clean) {
            kind->clean();
            if ((int64_t)live_bytes() != before)
                fail(k, "live in the end", live_bytes(), (uint64_t)before);
        }
        probe(k);
    }
}

/* ---- a first event --------------------------------------------------------------------------- */

/* Forked: nothing is recorded yet in there. Its status: 0 left, 1 ended before, 2 wrong. */
static int first_of_process(long k) {
    pid_t child = fork();
    if (child == 0) {
        int left = leave(&kinds[0], k, 0);
        probe(k);
        _exit(failures ? 2 : !left);
    }
    int status;
    waitpid(child, &status, 0);
    rounds++;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void *thread(void *k) {
    int left = leave(&kinds[0], (long)k, 0);
    probe((long)k);
    return (void *)(long)!left;
}

static int first_of_thread(long k) {
    pthread_t id;
    void *ended_before;
    pthread_create(&id, NULL, thread, (void *)k);
    pthread_join(id, &ended_before);
    return (int)(long)ended_before;
}

static void all_firsts(int (*first)(long), long step_by) {
    for (long k = 0, status = 0; status == 0; k += step_by)
        if ((status = first(k)) == 2)
            failures++;
}

static void *other(void *unused) {
    free(need(malloc(1)));
    return unused;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "malloc";
    long step_by = argc > 2 ? atol(argv[2]) : 1;
    find_recorder();
    handle_traps(on_trap);
    is_warm = argc > 3 && !strcmp(argv[3], "warm");
    if (argc > 3 && !strcmp(argv[argc - 1], "threads")) {
        pthread_t id;
        free(need(malloc(1)));
        pthread_create(&id, NULL, other, NULL);
        pthread_join(id, NULL);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_end != 0 && !strcmp(name, kinds[i].name))
            all_of(&kinds[i], step_by);
    if (text_end != 0 && !strcmp(name, "start"))
        all_firsts(first_of_process, step_by);
    if (text_end != 0 && !strcmp(name, "thread"))
        all_firsts(first_of_thread, step_by);
    printf("%ld\n", rounds);
    return failures != 0;
}
