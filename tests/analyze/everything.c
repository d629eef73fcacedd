/* SPDX-License-Identifier: MIT */
/*
 * everything PROFILE [fail]: calls every function of the library once. Run with
 * tests/support/pause.c preloaded, it says how many allocations and frees of the library were seen
 * outside of a pause, and with "fail" it makes each allocation fail in turn, the first, the second,
 * ... until nothing fails: every call then has to fail cleanly or succeed.
 */
#include <memtrack/analyze.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern void probe_watch(int on) __attribute__((weak));
extern long probe_seen(void) __attribute__((weak));
extern long probe_paused(void) __attribute__((weak));
extern void probe_fail(long at) __attribute__((weak));
extern long probe_failed(void) __attribute__((weak));

static int failures;
/* Results other than success, out of memory, and what the call may say of a program that is not
 * tracked. */
static int wrong;

static int done(int status) {
    if (status < 0) {
        failures++;
        wrong += status != -MEMTRACK_ENOMEM || !*memtrack_analyze_error();
    }
    return status == 0;
}

static void text(char *made) {
    failures += !made;
    memtrack_text_free(made);
}

static void use_stack(memtrack_stack *stack) {
    memtrack_frame frame;
    memtrack_stack_is_truncated(stack);
    memtrack_stack_total(stack);
    if (memtrack_stack_count(stack))
        done(memtrack_stack_frame(stack, 0, &frame));
    text(memtrack_stack_format(stack, 0, MEMTRACK_FORMAT_SOURCE));
    memtrack_stack_free(stack);
}

static void use_statistics(const memtrack_profile *profile, const memtrack_view *view) {
    memtrack_statistics *statistics;
    memtrack_row row;
    memtrack_values values;
    memtrack_stack *stack;
    if (!done(memtrack_statistics_new(profile, view, &statistics)))
        return;
    if (memtrack_statistics_count(statistics)) {
        done(memtrack_statistics_row(statistics, 0, &row));
        if (done(memtrack_statistics_stack(statistics, 0, &stack)))
            use_stack(stack);
        text(memtrack_statistics_text(statistics, 0));
    }
    memtrack_statistics_sum(statistics, &values);
    memtrack_statistics_note(statistics, 0);
    memtrack_statistics_free(statistics);
}

static void use_comparison(const memtrack_profile *older, const memtrack_profile *newer,
                           const memtrack_view *view) {
    memtrack_comparison *comparison;
    memtrack_difference row;
    memtrack_stack *stack;
    if (!done(memtrack_comparison_new(older, newer, view, &comparison)))
        return;
    if (memtrack_comparison_count(comparison)) {
        done(memtrack_comparison_row(comparison, 0, &row));
        if (row.old_key && done(memtrack_comparison_stack(comparison, 0, MEMTRACK_OLD, &stack)))
            use_stack(stack);
        text(memtrack_comparison_text(comparison, 0));
    }
    memtrack_comparison_sum(comparison, &row);
    memtrack_comparison_has(comparison, MEMTRACK_LIVE_BYTES);
    memtrack_comparison_note(comparison, 0);
    memtrack_comparison_free(comparison);
}

static void use_info(const memtrack_profile *profile) {
    memtrack_totals totals;
    memtrack_coverage coverage;
    memtrack_info info;
    memtrack_tick tick;
    memtrack_mark_info mark;
    memtrack_trace trace;
    memtrack_stack *stack;
    memtrack_profile_totals(profile, &totals);
    memtrack_profile_coverage(profile, &coverage);
    memtrack_profile_info(profile, &info);
    memtrack_profile_note(profile, 0);
    memtrack_profile_argument(profile, 0);
    memtrack_profile_has(profile, MEMTRACK_LIVE_BYTES);
    memtrack_profile_tick(profile, info.n_ticks, &tick);
    memtrack_profile_mark(profile, info.n_marks, &mark);
    if (memtrack_profile_trace_count(profile)) {
        done(memtrack_profile_trace(profile, 0, &trace));
        if (done(memtrack_profile_trace_stack(profile, 0, &stack)))
            use_stack(stack);
    }
}

static memtrack_filter *make_filter(void) {
    memtrack_filter *filter;
    if (!done(memtrack_filter_new(&filter)))
        return NULL;
    done(memtrack_filter_add(filter, MEMTRACK_INCLUDE, "*", 0, 0));
    done(memtrack_filter_add(filter, MEMTRACK_EXCLUDE, "nothing.c", 7, 1));
    done(memtrack_filter_add_label(filter, MEMTRACK_EXCLUDE, MEMTRACK_BY_DOMAIN, "nothing"));
    return filter;
}

static void use_everything(const char *name, int null) {
    memtrack_profile *profile, *part, *then, *none;
    memtrack_view view = memtrack_view_init();
    memtrack_load_options options = memtrack_load_options_init();
    options.no_symbols = 1;
    memtrack_analyze_version();
    if (!done(memtrack_profile_load(name, &options, &profile)))
        return;
    memtrack_filter *filter = make_filter();
    view.filter = filter;
    use_info(profile);
    use_statistics(profile, NULL);
    view.by = MEMTRACK_BY_STACK;
    use_statistics(profile, &view);
    if (done(memtrack_profile_filter(profile, filter, &part))) {
        use_comparison(profile, part, &view);
        memtrack_profile_free(part);
    }
    if (done(memtrack_profile_at(profile, "peak", &then))) {
        done(memtrack_profile_write(then, null));
        use_statistics(then, NULL);
        memtrack_profile_free(then);
    }
    memtrack_profile_at(profile, "never", &none);
    memtrack_profile_load_memory("x", 1, NULL, &none);
    memtrack_profile_take(NULL, &none);
    memtrack_profile_free(none);
    memtrack_profile_save(profile, "/dev/null/file", 0);
    memtrack_filter_free(filter);
    memtrack_profile_free(profile);
}

int main(int argc, char **argv) {
    FILE *null = fopen("/dev/null", "w");
    if (argc < 2 || !null || !probe_watch)
        return 2;
    long rounds = 0;
    do {
        failures = 0;
        if (argc == 3)
            probe_fail(++rounds);
        probe_watch(1);
        use_everything(argv[1], fileno(null));
        probe_watch(0);
    } while (argc == 3 && probe_failed());
    fclose(null);
    printf("%ld rounds, %d wrong, %ld outside, %ld inside, %d failures in the last\n", rounds,
           wrong, probe_seen(), probe_paused(), failures);
    return wrong || failures ? 1 : 0;
}
