/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -mno-red-zone
/*
 * Leaves the recorder at every instruction of an event: the processor's trap flag stops the program after each one, and
 * the handler leaves by siglongjmp at the k-th that lies in the recorder, for k = 0, 1, 2, … until the event ends before
 * that. Allowed only on an allocator without state to tear (bump.c). `left_anywhere EVENT STEP [warm] [threads]`: only each
 * STEP-th k; warm: the event has happened at the same place right before, so that all of it is in the caches; threads:
 * another thread has recorded before, so that locks are taken.
 *
 * Right: after each the recorder sees an allocation of 7777 bytes come and go, what it says is live differs by no more than
 * the event that was left, and "probe" has as many blocks as there were rounds. In the "start" and "thread" events each
 * round is a process, or a thread, of its own.
 */
#include "target.h"
#include <memtrack.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { PROBE = 7777, BLOCK = 100, MORE = 300, N_CALLERS = 64 };

static uintptr_t text_begin, text_end; /* of the recorder */
static volatile long countdown;
static volatile int is_stepping, is_warm;
static volatile sig_atomic_t was_left;
static sigjmp_buf back;
static void *volatile block;
static long rounds, failures;
static int64_t before_event;

static void find_recorder(void) {
    char line[512], permissions[8], path[256];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t begin, end;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &begin, &end, permissions, path) == 4 &&
            permissions[2] == 'x' && strstr(path, "libmemtrack.so")) {
            text_begin = begin;
            text_end = end;
        }
    }
    if (maps)
        fclose(maps);
}

static void on_trap(int signal, siginfo_t *info, void *context) {
    uintptr_t pc = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    (void)signal;
    (void)info;
    if (pc < text_begin || pc >= text_end || countdown-- > 0)
        return;
    was_left = 1;
    siglongjmp(back, 1); /* the kernel has cleared the flag for the handler */
}

static inline __attribute__((always_inline)) void step(void) {
    if (!is_stepping)
        return;
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

static inline __attribute__((always_inline)) void run(void) {
    __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

/* Paths that the recorder has not met: as many callers, one after the other. */
#define CALLER(n)                                                                                                      \
    __attribute__((noinline)) static void caller_##n(void) {                                                           \
        step();                                                                                                        \
        block = malloc(BLOCK + n);                                                                                     \
        run();                                                                                                         \
    }
#define FOUR(F, n)    F(n##0) F(n##1) F(n##2) F(n##3)
#define SIXTEEN(F, n) FOUR(F, n##0) FOUR(F, n##1) FOUR(F, n##2) FOUR(F, n##3)
SIXTEEN(CALLER, 10)
SIXTEEN(CALLER, 11)
SIXTEEN(CALLER, 12)
SIXTEEN(CALLER, 13)
#define NAME(n) caller_##n,
static void (*const caller[N_CALLERS])(void) = {SIXTEEN(NAME, 10) SIXTEEN(NAME, 11) SIXTEEN(NAME, 12)
                                                    SIXTEEN(NAME, 13)};

__attribute__((noinline)) static void stepped_malloc(void) {
    step();
    block = malloc(BLOCK);
    run();
}

__attribute__((noinline)) static void stepped_free(void) {
    step();
    free(block);
    run();
}

__attribute__((noinline)) static void stepped_realloc(void) {
    step();
    block = realloc(block, MORE);
    run();
}

__attribute__((noinline)) static void stepped_new_path(void) {
    caller[rounds % N_CALLERS]();
}

__attribute__((noinline)) static void stepped_scope(void) {
    memtrack_scope scope;
    step();
    memtrack_begin(&scope, "left");
    memtrack_end(&scope, NULL);
    run();
}

__attribute__((noinline)) static void stepped_clear(void) {
    step();
    memtrack_clear_traces();
    run();
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
        fprintf(stderr, "left after %ld instructions: %s is %lu and not %lu\n", k, what, (unsigned long)got,
                (unsigned long)expected);
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
};
static const struct kind kinds[] = {
    {"malloc", stepped_malloc, 0, 0, BLOCK}, {"new_path", stepped_new_path, 0, 0, BLOCK + 1333},
    {"free", stepped_free, 1, -BLOCK, 0},    {"realloc", stepped_realloc, 1, -BLOCK, MORE},
    {"scope", stepped_scope, 0, 0, 0},       {"clear", stepped_clear, 0, INT64_MIN, 0},
};

/* The one caller of event, so that the call path is the same when nothing is to be left. */
__attribute__((noinline)) static void call(void (*event)(void), int stepping) {
    was_left = 0;
    is_stepping = stepping;
    if (sigsetjmp(back, 1) == 0)
        event();
    is_stepping = 0;
}

/* Leave event after k instructions of the recorder's. False: it ended before. The loop, too, is one place for both. */
__attribute__((noinline)) static int leave(const struct kind *kind, long k, int rounds_before) {
    countdown = k;
    for (int i = rounds_before; i >= 0; i--) {
        if (kind->takes_block)
            block = need(malloc(BLOCK));
        if (i == 0)
            before_event = (int64_t)live_bytes();
        int stepping = i == 0;
        __asm__ volatile("" : "+r"(stepping)); /* no second copy of the call for the last round */
        call(kind->event, stepping);
    }
    return was_left;
}

static void all_of(const struct kind *kind, long step_by) {
    for (long k = 0, is_over = 0; !is_over; k += step_by) {
        is_over = !leave(kind, k, is_warm);
        int64_t change = (int64_t)settled_live_bytes() - before_event;
        if (change < kind->least || change > kind->most)
            fail(k, "change of live", (uint64_t)change, (uint64_t)kind->most);
        probe(k);
    }
}

/* ---- a first event ---------------------------------------------------------------------------------------------- */

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
    sigaction(SIGTRAP, &(struct sigaction){.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, NULL);
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
