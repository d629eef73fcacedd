/* SPDX-License-Identifier: MIT */
/*
 * self none|look|names|storm: a tracked program that looks at itself.
 *
 *   none    does five steps that keep 1000 blocks each
 *   look    the same with a profile taken before and after each step, compared with each other
 *   names   the same, with the names of functions
 *   storm   four threads allocate and free while profiles are taken
 *
 * What it expects of its profiles it checks itself: status 1, and a line that says what was wrong.
 */
#include <memtrack/analyze.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS = 5, BLOCKS = 1000, BYTES = 100, THREADS = 4, TAKES = 20 };

static void *volatile kept[STEPS * BLOCKS]; /* or the compiler would do without them */
static atomic_int stop;

__attribute__((noinline)) static void step(int number) {
    for (int i = 0; i < BLOCKS; i++)
        kept[number * BLOCKS + i] = malloc(BYTES);
}

/* No stdio: its buffer would be an allocation that one mode has and the other has not. */
static int wrong(const char *what, long long seen) {
    char line[400];
    int n = snprintf(line, sizeof line, "%s: %lld (%s)\n", what, seen, memtrack_analyze_error());
    return write(STDOUT_FILENO, line, (size_t)n) == n ? 1 : 2;
}

static int compare(const memtrack_profile *before, const memtrack_profile *after, int with_names) {
    memtrack_comparison *comparison;
    memtrack_difference row = {0};
    memtrack_view view = memtrack_view_init();
    int result = 0;
    view.by = with_names ? MEMTRACK_BY_FUNCTION : MEMTRACK_BY_STACK;
    view.sort = MEMTRACK_LIVE_BYTES;
    if (memtrack_comparison_new(before, after, &view, &comparison) < 0)
        return wrong("cannot compare", 0);
    for (size_t i = 0; i < memtrack_comparison_count(comparison) && !result; i++) {
        memtrack_comparison_row(comparison, i, &row);
        if (i == 0 &&
            (row.differences.live_bytes != BLOCKS * BYTES || row.differences.live_blocks != BLOCKS))
            result = wrong("the step kept", row.differences.live_bytes);
        if (i == 0 && with_names && strcmp(row.key, "step") != 0)
            result = wrong(row.key, row.differences.live_bytes);
        if (i > 0 && (row.differences.live_bytes || row.differences.total_blocks))
            result = wrong(row.key, row.differences.total_blocks);
    }
    memtrack_comparison_free(comparison);
    return result;
}

static int look(int with_names) {
    memtrack_load_options options = memtrack_load_options_init();
    int result = 0;
    options.no_symbols = !with_names;
    for (int i = 0; i < STEPS && !result; i++) {
        memtrack_profile *before = NULL, *after = NULL;
        if (memtrack_profile_take(&options, &before) < 0)
            return wrong("no profile", i);
        step(i);
        if (memtrack_profile_take(&options, &after) < 0)
            return wrong("no profile", i);
        result = compare(before, after, with_names);
        memtrack_profile_free(before);
        memtrack_profile_free(after);
    }
    return result;
}

static void *churn(void *argument) {
    void *blocks[64] = {0};
    for (unsigned i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
        free(blocks[i % 64]);
        blocks[i % 64] = malloc(i % 500 + 1);
    }
    for (int i = 0; i < 64; i++)
        free(blocks[i]);
    return argument;
}

/* The rows of one instant add up to its totals, whatever the other threads do. */
static int check_sums(const memtrack_profile *profile) {
    memtrack_statistics *statistics;
    memtrack_totals totals;
    memtrack_info info;
    memtrack_row row;
    memtrack_profile_totals(profile, &totals);
    memtrack_profile_info(profile, &info);
    if (info.is_approximate || memtrack_statistics_new(profile, NULL, &statistics) < 0)
        return wrong("not exact", info.is_approximate);
    int64_t live = -(int64_t)totals.live_bytes, blocks = -(int64_t)totals.total_blocks;
    for (size_t i = 0; memtrack_statistics_row(statistics, i, &row) == 0; i++) {
        live += row.values.live_bytes;
        blocks += row.values.total_blocks;
    }
    memtrack_statistics_free(statistics);
    return live || blocks ? wrong("rows differ from totals by", live) : 0;
}

static int storm(void) {
    pthread_t threads[THREADS];
    memtrack_load_options options = memtrack_load_options_init();
    int result = 0;
    options.no_symbols = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, churn, NULL);
    for (int i = 0; i < TAKES && !result; i++) {
        memtrack_profile *profile;
        result = memtrack_profile_take(&options, &profile) < 0 ? wrong("no profile", i)
                                                               : check_sums(profile);
        memtrack_profile_free(profile);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return result;
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    char mode = argv[1][0];
    if (mode == 'l' || argv[1][1] == 'a')
        return look(mode != 'l');
    if (mode == 's')
        return storm();
    for (int i = 0; i < STEPS; i++)
        step(i);
    return 0;
}
