/* SPDX-License-Identifier: MIT */
/* What memtrack.h returns for calls in any order, right and wrong ones, and what they come to:
 * SEED N. Recorded or not, it prints the same; times of a clock are not printed. */
#include <memtrack/timers.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCOPES = 12, NAMES = 5, ROWS = 64 };

static memtrack_scope scopes[SCOPES];
static const char *const names[NAMES] = {"a", "b", "c", "longer than others, \xc3\xa9", ""};
static uint32_t groups[2];
static uint64_t state;
static memtrack_scope_row rows[ROWS];

static uint32_t any(uint32_t n) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % n;
}

static const char *any_name(void) {
    return names[any(NAMES)];
}

static void in_hook(memtrack_scope *scope, const char *name, void *arg) {
    printf(" %s(%s", (const char *)arg, name);
    if (any(4) == 0)
        printf(" %d", memtrack_scope_set(scope, "key", "value"));
    if (any(4) == 0)
        printf(" %d", memtrack_scope_fail(scope, "by a hook"));
    if (any(4) == 0)
        MEMTRACK_SCOPE("in a hook") memtrack_counter_add("hooked", 1);
    printf(")");
}

/* One at a time: hooks that are there together are called in any order. */
static int change_hook(void) {
    static char first[] = "first", second[] = "second";
    static const memtrack_hook_t hooks[2] = {{in_hook, NULL, first}, {in_hook, in_hook, second}};
    static int there = -1;
    int rc, which = (int)any(2);
    if (there >= 0) {
        rc = memtrack_hook_remove(&hooks[there]);
        there = -1;
        return rc * 10 + memtrack_hook_remove(&hooks[which]);
    }
    there = which;
    return memtrack_hook_add(&hooks[which]);
}

static void print_statistic(const memtrack_statistic *s) {
    printf("\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g\t%.17g", s->sum, s->mean, s->stddev, s->min,
           s->p50, s->p95, s->max);
}

static void print_rows(const char *of, int n) {
    for (int i = 0; i < n && i < ROWS; i++) {
        const memtrack_scope_row *r = &rows[i];
        printf("%s\t%s\t%s:%u\t%d\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s", of,
               r->name, r->file ? r->file : "", r->line, (int)r->is_process, r->count, r->errors,
               r->misuses, r->recursive, r->latest_error ? r->latest_error : "");
        if (strcmp(r->name, "given") == 0)
            print_statistic(&r->duration_ns);
        printf("\n");
    }
}

static void print_all(void) {
    static memtrack_counter_row counters[ROWS];
    static memtrack_cache_row caches[ROWS];
    int n;
    print_rows("", memtrack_scopes_read(rows, ROWS));
    print_rows("one", memtrack_group_read(groups[0], rows, ROWS));
    print_rows("two", memtrack_group_read(groups[1], rows, ROWS));
    n = memtrack_counters_read(counters, ROWS);
    for (int i = 0; i < n && i < ROWS; i++)
        printf("counter\t%s\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\n",
               counters[i].name, counters[i].value, counters[i].changes, counters[i].lowest,
               counters[i].highest);
    n = memtrack_caches_read(caches, ROWS);
    for (int i = 0; i < n && i < ROWS; i++) {
        printf("cache\t%s\t%" PRIu64 "\t%" PRIu64 "\t%.17g\t%" PRIu64 "\t%" PRIu64, caches[i].name,
               caches[i].hits, caches[i].misses, caches[i].hit_rate, caches[i].size_bytes,
               caches[i].highest_bytes);
        print_statistic(&caches[i].hit_ns);
        print_statistic(&caches[i].miss_ns);
        printf("\n");
    }
}

static int act(uint32_t what) {
    memtrack_scope *scope = &scopes[any(SCOPES)];
    memtrack_delta delta;
    uint32_t number = any(1000);
    switch (what) {
    case 0:
    case 1:
    case 2:
        return memtrack_begin_at(scope, any_name(), number % 2 ? "src/file.c" : NULL, number);
    case 3:
        return memtrack_begin_process_at(scope, any_name(), number % 2 ? "src/all.c" : NULL,
                                         number);
    case 4:
        return memtrack_group_begin_at(groups[any(2)], scope, any_name(), "src/group.c", number);
    case 5:
    case 6:
    case 7:
        return memtrack_end(scope, number % 2 ? &delta : NULL);
    case 8:
        return memtrack_scope_detach(scope);
    case 9:
        return memtrack_scope_attach(scope);
    case 10:
        return memtrack_scope_fail(scope, number % 3 ? any_name() : NULL);
    case 11:
        return memtrack_scope_set(scope, "key", number % 5 ? "value" : NULL);
    case 12:
        return memtrack_record("given", (uint64_t)number << number % 44);
    case 13:
        return memtrack_group_record(groups[any(2)], "given", number);
    case 14:
        return memtrack_counter(any_name(), (int64_t)number - 500);
    case 15:
        return memtrack_counter_add(any_name(), (int64_t)number - 500);
    case 16:
        return memtrack_cache_hit(any_name(), (uint64_t)number << number % 44);
    case 17:
        return memtrack_cache_miss(any_name(), number);
    case 18:
        return memtrack_cache_size(any_name(), number);
    case 19:
        return change_hook();
    case 20:
        return memtrack_scope_merge(scope, &scopes[any(SCOPES)]);
    case 21:
        return number % 20 ? 0 : memtrack_scopes_reset();
    case 22:
        return number % 20 ? 0 : memtrack_group_reset(groups[any(2)]);
    default:
        return number % 20 ? 0 : (print_all(), 0);
    }
}

int main(int argc, char **argv) {
    int n = argc > 2 ? atoi(argv[2]) : 100;
    state = (uint64_t)(argc > 1 ? atoi(argv[1]) : 1);
    groups[0] = memtrack_group("one");
    groups[1] = memtrack_group("two");
    for (int i = 0; i < n; i++) {
        uint32_t what = any(24);
        int rc = act(what);
        printf("%d: %u %d\n", i, what, rc);
    }
    print_all();
    return 0;
}
