/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -mno-red-zone
/*
 * Is killed at an instruction of the recorder's. `killed_anywhere EVENT SEED COUNT [threads] [leave]`:
 * COUNT children, each of which is killed in the event after a number of the recorder's instructions
 * that is left to chance; COUNT 0: after each number that there is. threads: there is another thread
 * that records, so that locks are taken. leave: the child is not killed, but leaves the event by
 * siglongjmp; then it ends a scope that is around the event, it and the other thread allocate, and it
 * ends. Prints how many instructions the event takes, and how many children did not come to its end.
 */
#include "stepping.h"
#include <memtrack.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BLOCK = 100,
    NEIGHBOURS = 48,
    AFTERWARDS = 10,
    FIRST = 1,
    LAST = -1,
    MANY_BIG = 380, /* few less than what the first table of big blocks has room for */
    MORE_BIG = 8,
    MANY_CLEARS = 8182,
    FEW = 5,
    PAGES = 3,
    PAGE = 4096,
};
#define BIG_BYTES (UINT64_C(1) << 40)

static volatile long countdown, passed;
static volatile bool leaves;
static volatile int asked, answered; /* of the other thread, by its number */
static bool has_other;
static sigjmp_buf back;
static void *volatile block;
static char *volatile mapping;
static uint32_t domain;

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    if (!is_in_recorder(context))
        return;
    passed++;
    if (countdown-- != 0)
        return;
    if (leaves)
        siglongjmp(back, 1);
    syscall(SYS_kill, (long)syscall(SYS_getpid), (long)SIGKILL);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void nothing(void) {}

static void do_malloc(void) {
    block = malloc(BLOCK);
}

static void do_free(void) {
    free(block);
}

static void do_realloc(void) {
    block = realloc(block, 3 * BLOCK);
}

/* Blocks side by side, so many that they leave the groups that are theirs, and that the table of
 * their region grows. Nothing is read or written there. */
static void have_place(void) {
    domain = memtrack_domain("killed");
    mapping = mmap(NULL, 1 << 17, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mapping += -(uintptr_t)mapping & 0xffff;
}

static void do_fill(void) {
    for (int i = 0; i < NEIGHBOURS; i++)
        memtrack_track(domain, mapping + 8 * i, BLOCK);
}

static void have_neighbours(void) {
    have_place();
    do_fill();
}

static void do_drain(void) {
    for (int i = 0; i < NEIGHBOURS; i++)
        memtrack_untrack(domain, mapping + 8 * i);
}

static void do_replace(void) {
    memtrack_track(domain, mapping, 3 * BLOCK);
}

static void track_big(int from, int to) {
    for (int i = from; i < to; i++)
        memtrack_track(domain, mapping + 16 * i, BIG_BYTES);
}

static void have_big(void) {
    have_place();
    track_big(0, MANY_BIG);
}

static void do_more_big(void) {
    track_big(MANY_BIG, MANY_BIG + MORE_BIG);
}

static void do_drain_big(void) {
    for (int i = 0; i < MORE_BIG; i++)
        memtrack_untrack(domain, mapping + 16 * i);
}

static void do_scopes(void) {
    memtrack_scope outer, inner;
    memtrack_begin(&outer, "outer");
    memtrack_begin(&inner, "inner");
    free(need(malloc(BLOCK)));
    memtrack_scope_fail(&inner, "as it should");
    memtrack_end(&inner, NULL);
    memtrack_end(&outer, NULL);
}

static void do_figures(void) {
    memtrack_counter_add("counter", 3);
    memtrack_cache_hit("cache", 100);
    memtrack_cache_miss("cache", 1000);
    memtrack_record("taken elsewhere", 5000);
    memtrack_set("key", "value");
    memtrack_mark("mark");
}

static void do_clear(void) {
    memtrack_clear_traces();
}

/* There are 8192 eras, and a clear begins one: one of those that come makes them anew. */
static void have_few_eras(void) {
    have_neighbours();
    for (int i = 0; i < MANY_CLEARS; i++)
        memtrack_clear_traces();
}

static void do_last_clears(void) {
    for (int i = 0; i < 8192 - MANY_CLEARS; i++) {
        trap_off();
        for (int j = 0; j < FEW; j++)
            memtrack_track(domain, mapping + 8 * j, BLOCK);
        trap_on();
        memtrack_clear_traces();
    }
}

static void do_mmap(void) {
    mapping = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_munmap(void) {
    munmap(mapping + PAGE, PAGE);
}

static void do_munmap_all(void) {
    munmap(mapping, PAGES * PAGE);
}

struct kind {
    const char *name;
    void (*prepare)(void), (*event)(void);
    void (*undo)(void); /* if there: the event happens before, so that it is in the caches */
};
static const struct kind kinds[] = {
    {"start", nothing, do_malloc, NULL},
    {"malloc", nothing, do_malloc, do_free},
    {"free", do_malloc, do_free, nothing},
    {"realloc", do_malloc, do_realloc, do_free},
    {"fill", have_place, do_fill, do_drain},
    {"drain", have_neighbours, do_drain, nothing},
    {"replace", have_neighbours, do_replace, do_drain},
    {"big", have_big, do_more_big, NULL},
    {"drain_big", have_big, do_drain_big, nothing},
    {"first_scopes", do_malloc, do_scopes, NULL},
    {"scopes", nothing, do_scopes, nothing},
    {"first_figures", do_malloc, do_figures, NULL},
    {"figures", nothing, do_figures, nothing},
    {"clear", have_neighbours, do_clear, nothing},
    {"last_clears", have_few_eras, do_last_clears, NULL},
    {"mmap", nothing, do_mmap, do_munmap_all},
    {"munmap", do_mmap, do_munmap, nothing},
    {"munmap_all", do_mmap, do_munmap_all, nothing},
};

/* ---- children -------------------------------------------------------------------------------- */

/* Records one event each time it is asked; asked LAST, blocks that stay. */
__attribute__((noinline)) static void *other(void *unused) {
    for (int number = 0; number != LAST; answered = number) {
        while (asked == number)
            usleep(50);
        number = asked;
        if (number != LAST)
            free(need(malloc(1)));
        for (int i = 0; number == LAST && i < AFTERWARDS; i++)
            need(malloc(2 * BLOCK));
    }
    return unused;
}

static void ask_other(int number) {
    asked = number;
    while (has_other && answered != number)
        usleep(50);
}

static void have_threads(void) {
    pthread_t id;
    has_other = pthread_create(&id, NULL, other, NULL) == 0;
    ask_other(FIRST);
}

/* The one caller of event, so that its call path is the one that it has had before. */
__attribute__((noinline)) static void step_through(const struct kind *kind) {
    for (int rounds = kind->undo ? 2 : 0; rounds >= 0; rounds--) {
        kind->prepare();
        int stepping = rounds == 0;
        __asm__ volatile("" : "+r"(stepping)); /* no second copy of the call for the last round */
        if (stepping) {
            ask_other(FIRST + 1); /* it knows of all that has been so far */
            trap_on();
        }
        kind->event();
        trap_off();
        if (rounds != 0)
            kind->undo();
    }
}

/* Returns whether the event came to its end. */
static bool step_or_leave(const struct kind *kind) {
    memtrack_scope around;
    memtrack_begin(&around, "around");
    if (sigsetjmp(back, 1) == 0) {
        step_through(kind);
        return true;
    }
    int rc = memtrack_end(&around, NULL);
    if (rc != 0 && rc != -MEMTRACK_EORDER)
        die("%s: the scope around it: %d", kind->name, rc);
    ask_other(LAST);
    for (int i = 0; i < AFTERWARDS; i++) {
        free(need(malloc(2 * BLOCK)));
        need(malloc(2 * BLOCK));
    }
    return false;
}

/* Returns how many instructions the child has passed in the event, -1 if it did not come to its
 * end. */
static long try_child(const struct kind *kind, bool threads, long k) {
    volatile long *result =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (threads)
            have_threads();
        countdown = k;
        if (step_or_leave(kind))
            *result = passed;
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("a child could not be made");
    long n = *result != 0 ? *result : -1;
    munmap((void *)result, PAGE);
    if (leaves ? status != 0 : status != 0 && status != SIGKILL)
        die("%s, left at %ld: status %#x", kind->name, k, (unsigned)status);
    return n;
}

static void kill_children(const struct kind *kind, bool threads, bool leave, uint64_t chance,
                          long count) {
    long n = try_child(kind, threads, -1), killed = 0;
    leaves = leave;
    for (long i = 0; i < (count ? count : n); i++)
        killed +=
            try_child(kind, threads, count ? (long)(next_random(&chance) % (uint64_t)n) : i) < 0;
    printf("%ld %ld\n", n, killed);
}

static bool is_said(char *const *argv, const char *word) {
    for (argv += 4; *argv; argv++)
        if (!strcmp(*argv, word))
            return true;
    return false;
}

int main(int argc, char **argv) {
    if (argc < 4)
        die("usage: killed_anywhere EVENT SEED COUNT [threads] [leave]");
    find_recorder();
    handle_traps(on_trap);
    for (size_t i = 0; text_end != 0 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name))
            kill_children(&kinds[i], is_said(argv, "threads"), is_said(argv, "leave"),
                          (uint64_t)atol(argv[2]), atol(argv[3]));
    return 0;
}
