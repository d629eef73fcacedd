/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -lpthread
/*
 * A program that reads and prints what its scopes come to. Its first argument says what happens:
 *
 *     record SEED       times that are drawn, in eight threads, in two groups; each is printed
 *     fail              scopes that fail, that are ended by others, and both
 *     recurse           a recursion by itself, and one of two scopes that call each other
 *     reset             eight threads that end scopes while another one resets and reads
 *     fork              a child that begins with nothing, and a parent that keeps what it has
 *     clear             everything is forgotten while scopes are open, and while one is detached
 *     print             the table; then the same recording is left to the command
 *     events            what was slow, and what was large
 *
 * What it knows is printed, a line each, and then what memtrack_group_read says, one line
 * "row GROUP ..." for each name.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memtrack.h"

enum { THREADS = 8, TIMES = 400, ROWS = 64 };

static memtrack_scope_row rows[ROWS];

static void print_statistic(const char *name, const memtrack_statistic *s) {
    printf(" %s %.17g %.17g %.17g %.17g %.17g %.17g %.17g", name, s->sum, s->mean, s->stddev,
           s->min, s->p50, s->p95, s->max);
}

static void print_row(uint32_t group, const memtrack_scope_row *row) {
    const char *file = row->file != NULL ? strrchr(row->file, '/') : NULL;
    printf("row %s %s %s:%u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64
           " %" PRId64 " %" PRId64,
           group != 0 ? "group" : "default", row->name,
           file != NULL        ? file + 1
           : row->file != NULL ? row->file
                               : "-",
           row->line, row->count, row->errors, row->misuses, row->recursive,
           row->own_allocated_bytes, row->own_duration_ns, row->latest_before_bytes,
           row->latest_after_bytes);
    print_statistic("net_bytes", &row->net_bytes);
    print_statistic("peak_bytes", &row->peak_bytes);
    print_statistic("allocated_bytes", &row->allocated_bytes);
    print_statistic("allocated_blocks", &row->allocated_blocks);
    print_statistic("freed_bytes", &row->freed_bytes);
    print_statistic("duration_ns", &row->duration_ns);
    printf(" error %s\n", row->latest_error != NULL ? row->latest_error : "-");
}

static void print_group(uint32_t group) {
    int n = memtrack_group_read(group, rows, ROWS);
    for (int i = 0; i < n && i < ROWS; i++)
        print_row(group, &rows[i]);
    if (n < 0 || n > ROWS)
        printf("memtrack_group_read: %d\n", n);
    fflush(stdout);
}

static const memtrack_scope_row *row_of(uint32_t group, const char *name) {
    int n = memtrack_group_read(group, rows, ROWS);
    for (int i = 0; i < n && i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static unsigned pick(uint64_t *seed, unsigned below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33) % below;
}

/* ---- record ---------------------------------------------------------------------------------- */

static const char *const names[] = {"decode", "upload", "draw"};
static uint32_t group;
static uint64_t first_seed, drawn[THREADS][TIMES];
static unsigned which[THREADS][TIMES];

static void *record(void *argument) {
    size_t me = (size_t)argument;
    uint64_t seed = first_seed + me;
    for (int i = 0; i < TIMES; i++) {
        which[me][i] = pick(&seed, 6);
        drawn[me][i] =
            pick(&seed, 1u << pick(&seed, 31)) + (uint64_t)(pick(&seed, 9) == 0) * 1000000007;
        if (memtrack_group_record(which[me][i] % 2 ? group : 0, names[which[me][i] / 2],
                                  drawn[me][i]) != 0)
            abort();
    }
    return NULL;
}

static void in_threads(void *(*work)(void *)) {
    pthread_t thread[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, (void *)i);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

static void record_in_threads(const char *seed) {
    first_seed = strtoull(seed, NULL, 10);
    group = memtrack_group("a library");
    in_threads(record);
    for (size_t t = 0; t < THREADS; t++)
        for (int i = 0; i < TIMES; i++)
            printf("time %s %s %" PRIu64 "\n", which[t][i] % 2 ? "group" : "default",
                   names[which[t][i] / 2], drawn[t][i]);
    print_group(0);
    print_group(group);
    if (memtrack_record("too long", UINT64_C(1) << 52) != -MEMTRACK_EUSAGE)
        abort();
}

/* ---- fail ------------------------------------------------------------------------------------ */

static void fail(void) {
    memtrack_scope outer, inner;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    memtrack_begin(&outer, "fails");
    memtrack_fail(&outer, "no such file");
    memtrack_end(&outer, NULL);
    memtrack_begin(&outer, "fails");
    memtrack_end(&outer, NULL);
    memtrack_begin(&outer, "around");
    memtrack_begin(&inner, "both");
    memtrack_fail(&inner, text);
    memtrack_end(&outer, NULL); /* ends the inner one, too */
    memtrack_begin(&outer, "moved");
    memtrack_fail(&outer, NULL);
    memtrack_scope_detach(&outer);
    memtrack_fail(&outer, "while detached");
    memtrack_scope_attach(&outer);
    memtrack_end(&outer, NULL);
    memtrack_begin_process(&outer, "whole");
    memtrack_fail(&outer, "all of it");
    memtrack_end(&outer, NULL);
    printf("returns %d %d\n", memtrack_fail(&outer, "over"), memtrack_scope_fail(NULL, "none"));
    print_group(0);
}

/* ---- recurse --------------------------------------------------------------------------------- */

static void go_down(int depth, const char *name, const char *other) {
    memtrack_scope scope;
    memtrack_begin(&scope, name);
    void *block = malloc(100);
    if (depth > 1)
        go_down(depth - 1, other, name);
    free(block);
    memtrack_end(&scope, NULL);
}

static void recurse(void) {
    go_down(10, "itself", "itself");
    go_down(10, "ping", "pong");
    go_down(1, "itself", "itself");
    print_group(0);
}

/* ---- reset ----------------------------------------------------------------------------------- */

static uint64_t is_over;

static void *end_scopes(void *argument) {
    for (int i = 0; i < 20000; i++) {
        memtrack_scope scope;
        memtrack_group_begin(group, &scope, "work");
        void *block = malloc(100 + (size_t)argument);
        memtrack_end(&scope, NULL);
        free(block);
        memtrack_record("kept", 5);
    }
    __atomic_fetch_add(&is_over, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Whatever has been read was so at some moment: sums of whole scopes. */
static void *read_and_reset(void *unused) {
    int n_resets = 0, n_bad = 0;
    while (__atomic_load_n(&is_over, __ATOMIC_ACQUIRE) < THREADS - 1) {
        memtrack_scope_row row;
        int n = memtrack_group_read(group, &row, 1);
        if (n == 1 && row.count != 0)
            n_bad += row.allocated_bytes.min < 100 || row.allocated_bytes.max >= 100 + THREADS ||
                     row.allocated_blocks.min != 1 || row.allocated_blocks.max != 1 ||
                     row.errors != 0 || row.misuses != 0 || row.count > 20000 * (THREADS - 1);
        n_bad += n < 0 || n > 1;
        n_bad += memtrack_group_reset(group) != 0;
        n_resets++;
    }
    printf("resets %d %d\n", n_resets > 0, n_bad);
    return unused;
}

static void *reset_or_work(void *argument) {
    return argument == NULL ? read_and_reset(NULL) : end_scopes(argument);
}

static void reset(void) {
    group = memtrack_group("a test");
    in_threads(reset_or_work);
    memtrack_group_reset(group);
    print_group(group);
    end_scopes((void *)1);
    print_group(group);
    print_group(0);
}

/* With a counter, which a reset leaves alone. */
static void forget(void) {
    memtrack_record("forgotten", 10);
    memtrack_counter("queue", 3);
    printf("reset %d\n", memtrack_scopes_reset());
}

/* ---- fork ------------------------------------------------------------------------------------ */

static void fork_once(void) {
    memtrack_scope scope;
    memtrack_record("before", 10);
    memtrack_begin(&scope, "around");
    pid_t child = fork();
    if (child == 0) {
        printf("child %d %d\n", memtrack_scopes_read(NULL, 0), memtrack_fail(&scope, "no"));
        memtrack_record("child", 20);
        print_group(0);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    memtrack_end(&scope, NULL);
    print_group(0);
}

/* ---- clear ----------------------------------------------------------------------------------- */

static void clear(void) {
    memtrack_scope outer, inner, detached, whole;
    memtrack_delta d[3];
    memtrack_begin_process(&whole, "whole");
    memtrack_begin(&detached, "detached");
    void *block = malloc(1000);
    memtrack_scope_detach(&detached);
    memtrack_begin(&outer, "outer");
    memtrack_begin(&inner, "inner");
    free(malloc(5000));
    memtrack_end(&inner, NULL);
    memtrack_record("before", 10);
    memtrack_clear_traces();
    printf("names %d %d\n", memtrack_scopes_read(NULL, 0), memtrack_scopes_slow(0, NULL, 0));
    free(malloc(700));
    memtrack_end(&outer, &d[0]);
    memtrack_end(&detached, &d[1]);
    memtrack_end(&whole, &d[2]);
    for (int i = 0; i < 3; i++)
        printf("delta %" PRIu64 " %" PRId64 " %" PRId64 "\n", d[i].allocated_bytes, d[i].net_bytes,
               d[i].peak_bytes);
    free(block);
    print_group(0);
}

/* ---- print, events --------------------------------------------------------------------------- */

static void print(const char *by) {
    static const struct {
        const char *name;
        uint64_t ns;
    } times[] = {{"nothing", 0},
                 {"a few", 999},
                 {"one us", 1000},
                 {"some us", 12345},
                 {"many us", 999499},
                 {"round us", 999500},
                 {"some ms", 45678901},
                 {"round ms", 999600000},
                 {"seconds", 9990000000},
                 {"more seconds", 59940000000},
                 {"a minute", 61000000000},
                 {"hours", 9000000000000}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        memtrack_record(times[i].name, times[i].ns);
    for (size_t bytes = 1; bytes < 1 << 24; bytes *= 3) {
        memtrack_scope scope;
        char name[32];
        snprintf(name, sizeof name, "block %zu", bytes);
        void *block = malloc(bytes);
        memtrack_begin(&scope, name);
        free(block);
        block = malloc(bytes);
        memtrack_end(&scope, NULL);
        free(block);
    }
    printf("bad %d\n", memtrack_scopes_print(1, "size", 0));
    fflush(stdout);
    if (memtrack_group_print(memtrack_group("nothing in it"), 1, by, 0) != 0 ||
        memtrack_scopes_print(1, by, 0) != 0)
        abort();
    puts("the first two");
    fflush(stdout);
    if (memtrack_scopes_print(1, by, 2) != 0)
        abort();
}

static void events(void) {
    memtrack_scope_event found[4];
    memtrack_scope scope;
    for (int i = 1; i <= 10; i++)
        memtrack_record("time", (uint64_t)i * 1000000000000);
    for (size_t i = 1; i <= 10; i++) {
        memtrack_begin(&scope, "block");
        free(malloc(i * 1000));
        memtrack_end(&scope, NULL);
    }
    int n = memtrack_scopes_slow(UINT64_C(5000000000000), found, 4);
    for (int i = 0; i < 4; i++)
        printf("slow %d %s %" PRIu64 " %d\n", n, found[i].name, found[i].duration_ns / 1000000000,
               found[i].thread_id == (uint32_t)getpid());
    n = memtrack_scopes_large(9000, found, 4);
    for (int i = 0; i < 2; i++)
        printf("large %d %s %" PRId64 " %" PRId64 "\n", n, found[i].name, found[i].peak_bytes,
               found[i].net_bytes);
    printf("none %d\n", memtrack_scopes_large(20000, NULL, 0));
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "1";
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer); /* it allocates nothing */
    if (strcmp(what, "record") == 0)
        record_in_threads(argument);
    else if (strcmp(what, "fail") == 0)
        fail();
    else if (strcmp(what, "recurse") == 0)
        recurse();
    else if (strcmp(what, "reset") == 0)
        reset();
    else if (strcmp(what, "fork") == 0)
        fork_once();
    else if (strcmp(what, "forget") == 0)
        forget();
    else if (strcmp(what, "clear") == 0)
        clear();
    else if (strcmp(what, "print") == 0)
        print(argument);
    else if (strcmp(what, "events") == 0)
        events();
    return row_of(0, "no such name") != NULL;
}
