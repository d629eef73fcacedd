/* SPDX-License-Identifier: MIT */
/*
 * rows GROUP COLUMN [all|cumulative] PROFILE [NEWER]: every row as a line of tab-separated fields,
 * by the public library alone; with NEWER the rows of the comparison. Texts are in hexadecimal,
 * since names may hold anything.
 */
#include <inttypes.h>
#include <memtrack/analyze.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int status) {
    if (status >= 0)
        return;
    fprintf(stderr, "rows: %s. %s\n", memtrack_analyze_error(), memtrack_analyze_hint());
    exit(3);
}

static void put_text(const char *text) {
    for (; *text; text++)
        printf("%02x", (unsigned char)*text);
    putchar('\t');
}

static void put_values(const memtrack_values *values) {
    for (int column = MEMTRACK_LIVE_BYTES; column <= MEMTRACK_WASTE_BYTES; column++)
        printf("%" PRId64 "\t", memtrack_value(values, (memtrack_column)column));
}

static void put_stack(memtrack_stack *stack) {
    for (size_t i = 0; i < memtrack_stack_count(stack); i++) {
        memtrack_frame frame;
        check(memtrack_stack_frame(stack, i, &frame));
        put_text(frame.function);
        put_text(frame.file);
        put_text(frame.module);
        printf("%" PRId64 "\t%#" PRIx64 "\t%d\t", frame.line, frame.address, frame.is_inlined);
    }
    memtrack_stack_free(stack);
}

static void put_totals(const memtrack_profile *profile) {
    memtrack_totals t;
    memtrack_coverage c;
    check(memtrack_profile_totals(profile, &t));
    check(memtrack_profile_coverage(profile, &c));
    const uint64_t figures[] = {
        t.live_bytes,    t.live_blocks,    t.peak_bytes,   t.peak_blocks,      t.total_bytes,
        t.total_blocks,  t.freed_bytes,    t.freed_blocks, t.temporary_blocks, t.failed_allocations,
        c.unknown_frees, c.dropped_events, c.lossy_blocks, c.truncated_stacks};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        printf("%" PRIu64 "\t", figures[i]);
    putchar('\n');
}

static void print_rows(const memtrack_profile *profile, const memtrack_view *view) {
    memtrack_statistics *statistics;
    check(memtrack_statistics_new(profile, view, &statistics));
    put_totals(profile);
    for (size_t i = 0; memtrack_statistics_note(statistics, i); i++)
        put_text(memtrack_statistics_note(statistics, i));
    putchar('\n');
    for (size_t i = 0; i < memtrack_statistics_count(statistics); i++) {
        memtrack_row row;
        memtrack_stack *stack;
        check(memtrack_statistics_row(statistics, i, &row));
        put_text(row.key);
        put_text(row.function);
        put_text(row.file);
        put_text(row.module);
        printf("%" PRId64 "\t", row.line);
        put_values(&row.values);
        check(memtrack_statistics_stack(statistics, i, &stack));
        if (view->by == MEMTRACK_BY_STACK)
            put_stack(stack);
        else
            memtrack_stack_free(stack);
        putchar('\n');
    }
    memtrack_statistics_free(statistics);
}

static void print_differences(const memtrack_profile *older, const memtrack_profile *newer,
                              const memtrack_view *view) {
    memtrack_comparison *comparison;
    check(memtrack_comparison_new(older, newer, view, &comparison));
    for (size_t i = 0; i < memtrack_comparison_count(comparison); i++) {
        memtrack_difference row;
        check(memtrack_comparison_row(comparison, i, &row));
        put_text(row.key);
        put_text(row.function);
        put_text(row.file);
        put_text(row.module);
        printf("%" PRId64 "\t%d\t", row.line, (int)row.change);
        put_values(&row.old_values);
        put_values(&row.new_values);
        put_values(&row.differences);
        putchar('\n');
    }
    memtrack_comparison_free(comparison);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 2;
    memtrack_view view = memtrack_view_init();
    memtrack_profile *profile, *newer;
    check(memtrack_group_by_parse(argv[1], &view.by));
    check(memtrack_column_parse(argv[2], &view.sort));
    view.cumulative = argv[3][0] == 'c';
    check(memtrack_profile_load(argv[4], NULL, &profile));
    if (argc == 5) {
        print_rows(profile, &view);
    } else {
        check(memtrack_profile_load(argv[5], NULL, &newer));
        print_differences(profile, newer, &view);
        memtrack_profile_free(newer);
    }
    memtrack_profile_free(profile);
    return 0;
}
