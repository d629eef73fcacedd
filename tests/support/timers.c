/* SPDX-License-Identifier: MIT */
/* What the scopes of a program come to, known from its source: as C or C++, recorded or not. Prints
 * the rows of each group, a line each; with an argument, a part of it alone. */
#include <memtrack/timers.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
    ((condition) ? (void)0 : (fprintf(stderr, "line %d: %s\n", __LINE__, #condition), exit(1)))

enum { THREADS = 8, ROUNDS = 500 };

/* What test_timers.py computes, too. */
static uint64_t given(unsigned thread, unsigned round) {
    uint64_t x = (uint64_t)(thread * ROUNDS + round + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (x >> 40) << (round % 15);
}

static void print_statistic(const memtrack_statistic *s) {
    printf("\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g", s->sum, s->mean, s->stddev, s->min,
           s->p50, s->p95, s->max);
}

static void print_rows(const char *group, const memtrack_scope_row *rows, int n) {
    for (int i = 0; i < n; i++) {
        const memtrack_scope_row *r = &rows[i];
        const char *slash = r->file ? strrchr(r->file, '/') : NULL;
        printf("%s\t%s\t%s\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s", group,
               r->name, slash ? slash + 1 : "", r->line, r->is_process, r->count, r->errors,
               r->misuses, r->recursive, r->latest_error ? r->latest_error : "");
        print_statistic(&r->duration_ns);
        printf("\t%" PRId64 "\n", r->own_duration_ns);
    }
}

static memtrack_scope_row rows[64];

static void print_group(const char *name, uint32_t group) {
    int n = memtrack_group_read(group, rows, 64);
    MUST(n >= 0 && n <= 64);
    print_rows(name, rows, n);
}

static int recurse(int n) {
    MEMTRACK_FUNCTION();
    return n ? recurse(n - 1) : 0;
}

static memtrack_scope of_process, moved;

static void *work(void *arg) {
    unsigned number = (unsigned)(uintptr_t)arg;
    uint32_t library = memtrack_group("library");
    char name[16];
    MUST(library);
    for (unsigned i = 0; i < ROUNDS; i++) {
        memtrack_scope scope, inner;
        MUST(memtrack_begin_at(&scope, "work", "src/work.c", 7) == 0);
        MUST(memtrack_group_begin(library, &inner, "work") == 0);
        MUST(memtrack_end(&inner, NULL) == 0);
        if (i % 10 == 0)
            MUST(memtrack_scope_fail(&scope, "every tenth") == 0);
        MUST(memtrack_end(&scope, NULL) == 0);
        MUST(memtrack_record("given", given(number, i)) == 0);
        MUST(memtrack_group_record(library, "given", i % 7) == 0);
        snprintf(name, sizeof name, "name %u", i % 3); /* the same place, other names */
        MEMTRACK_SCOPE(name) MUST(errno == 77);
    }
    recurse(5);
    return NULL;
}

static void *end_others(void *arg) {
    memtrack_delta delta;
    (void)arg;
    MUST(memtrack_end(&of_process, &delta) == 0);
    MUST(memtrack_scope_attach(&moved) == 0);
    MUST(memtrack_scope_attach(&moved) == -MEMTRACK_EUSAGE);
    MUST(memtrack_end(&moved, &delta) == 0 && delta.duration_ns > 0);
    MUST(memtrack_end(&moved, &delta) == -MEMTRACK_EENDED && delta.duration_ns == 0);
    return NULL;
}

static void *work_in_thread(void *arg) {
    errno = 77;
    return work(arg);
}

static void *leave_open(void *arg) {
    memtrack_scope *scope = (memtrack_scope *)arg;
    MUST(memtrack_begin(scope, "left open") == 0);
    return NULL;
}

/* A thread that comes after one that has ended: whoever did not know yet learns of it. */
static void *come_after(void *arg) {
    (void)arg;
    MEMTRACK_SCOPE("after")
    MUST(1);
    return NULL;
}

static void join(pthread_t thread) {
    MUST(pthread_join(thread, NULL) == 0);
}

static void in_thread(void *(*function)(void *), void *arg) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, function, arg) == 0);
    join(thread);
}

static void run_threads(void) {
    pthread_t thread[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        MUST(pthread_create(&thread[i], NULL, work_in_thread, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        join(thread[i]);
}

/* They are those of the recorder. */
static void every_order_is_known(void) {
    static const char *const orders[] = {"peak",   "net",     "allocated", "blocks", "freed",
                                         "self",   "time",    "self-time", "cpu",    "count",
                                         "errors", "misuses", "name"};
    int out = open("/dev/null", O_WRONLY);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        MUST(memtrack_scopes_print(out, orders[i], 0) == 0);
    close(out);
}

static void misuse(void) {
    static memtrack_scope left, outer, inner, other;
    memtrack_delta delta;
    MUST(memtrack_begin(&outer, "outer") == 0);
    MUST(memtrack_begin(&inner, "forgotten") == 0);
    MUST(memtrack_scope_detach(&outer) == -MEMTRACK_EORDER);
    MUST(memtrack_end(&outer, &delta) == -MEMTRACK_EORDER && delta.duration_ns > 0);
    MUST(memtrack_end(&inner, NULL) == -MEMTRACK_EENDED);
    MUST(memtrack_begin(NULL, "none") == -MEMTRACK_EUSAGE);
    MUST(memtrack_begin(&other, NULL) == -MEMTRACK_EUSAGE && memtrack_end(&other, NULL) == 0);
    MUST(memtrack_end(NULL, NULL) == -MEMTRACK_EUSAGE);
    MUST(memtrack_record("given", UINT64_MAX) == -MEMTRACK_EUSAGE);
    MUST(memtrack_scopes_print(1, "beauty", 0) == -MEMTRACK_EUSAGE);
    every_order_is_known();
    MUST(memtrack_scope_set(&inner, "key", "value") == -MEMTRACK_EENDED);
    in_thread(leave_open, &left);
    in_thread(come_after, NULL);
    MUST(memtrack_end(&left, NULL) == -MEMTRACK_EENDED ||
         memtrack_end(&left, NULL) == -MEMTRACK_ETHREAD);
}

static void move_between_threads(void) {
    MUST(memtrack_begin_process_at(&of_process, "process", "src/all.c", 3) == 0);
    MUST(memtrack_begin(&moved, "moved") == 0);
    MUST(memtrack_scope_detach(&moved) == 0);
    in_thread(end_others, NULL);
}

/* A child has what it does itself, and the parent keeps what is its own. */
static void fork_once(void) {
    memtrack_scope scope;
    int status;
    MUST(memtrack_begin(&scope, "forked") == 0);
    if (fork() == 0) {
        MUST(memtrack_scopes_read(rows, 64) == 0);
        MUST(memtrack_end(&scope, NULL) == -MEMTRACK_EFORKED);
        MUST(memtrack_record("child", 5) == 0);
        MUST(memtrack_scopes_read(rows, 64) == 1 && strcmp(rows[0].name, "child") == 0);
        _exit(0);
    }
    MUST(wait(&status) > 0 && status == 0);
    MUST(memtrack_end(&scope, NULL) == 0);
}

static void reset(void) {
    memtrack_scope_event slow[2];
    int n = memtrack_scopes_read(NULL, 0);
    MUST(n > 5 && memtrack_scopes_read(rows, 1) == n);
    MUST(memtrack_record("slow", UINT64_C(3000000000000)) == 0);
    MUST(memtrack_record("slower", UINT64_C(4000000000000)) == 0);
    n = memtrack_scopes_slow(UINT64_C(2900000000000), slow, 2);
    MUST(n == 2 && slow[0].duration_ns == UINT64_C(4000000000000));
    MUST(strcmp(slow[0].name, "slower") == 0 && strcmp(slow[1].name, "slow") == 0);
    MUST(memtrack_scopes_slow(UINT64_C(3500000000000), slow, 2) == 1);
    MUST(memtrack_scopes_large(1 << 30, slow, 2) == 0);
    MUST(memtrack_scopes_reset() == 0 && memtrack_scopes_read(NULL, 0) == 0);
    MUST(memtrack_group_read(memtrack_group("library"), NULL, 0) == 2);
    MUST(memtrack_record("given", 3) == 0 && memtrack_scopes_read(rows, 64) == 1);
    MUST(rows[0].count == 1 && rows[0].duration_ns.sum == 3 && rows[0].duration_ns.stddev == 0 &&
         rows[0].duration_ns.min == 3 && rows[0].duration_ns.p50 == 3);
}

int main(int argc, char **argv) {
    errno = 77;
    (void)argv;
    run_threads();
    if (argc == 1) {
        move_between_threads();
        misuse();
        fork_once();
    }
    print_group("", 0);
    print_group("library", memtrack_group("library"));
    reset();
    fflush(stdout);
    MUST(errno == 77 || argc == 1); /* the others' calls may set it */
    return 0;
}
