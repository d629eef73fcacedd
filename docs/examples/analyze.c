/* SPDX-License-Identifier: MIT */
/*
 * analyze: which lines keep more memory in the newer of two recordings, and how does the program
 * get there? The example of docs/analyze.md. Exit status 1 when the memory that is live has grown
 * by more than a tenth.
 */
#include <inttypes.h>
#include <memtrack/analyze.h>
#include <stdio.h>

static int fail(void) {
    fprintf(stderr, "analyze: %s\n%s\n", memtrack_analyze_error(), memtrack_analyze_hint());
    return 3;
}

static memtrack_profile *load(const char *name, const memtrack_filter *ours) {
    memtrack_profile *whole, *part = NULL;
    if (memtrack_profile_load(name, NULL, &whole) == 0)
        memtrack_profile_filter(whole, ours, &part);
    memtrack_profile_free(whole); /* the part keeps what it needs */
    return part;
}

static void print_path(const memtrack_comparison *comparison, size_t row) {
    memtrack_stack *stack;
    if (memtrack_comparison_stack(comparison, row, MEMTRACK_NEW, &stack) < 0)
        return; /* vanished */
    char *text = memtrack_stack_format(stack, 3, 0);
    fputs(text ? text : "", stdout);
    memtrack_text_free(text);
    memtrack_stack_free(stack);
}

static int compare(const memtrack_profile *before, const memtrack_profile *after) {
    memtrack_comparison *comparison;
    memtrack_difference sum, row;
    memtrack_view view = memtrack_view_init();
    view.by = MEMTRACK_BY_STACK;
    view.sort = MEMTRACK_LIVE_BYTES;
    if (memtrack_comparison_new(before, after, &view, &comparison) < 0)
        return fail();
    memtrack_comparison_sum(comparison, &sum);
    printf("live: %" PRId64 " -> %" PRId64 " bytes\n", sum.old_values.live_bytes,
           sum.new_values.live_bytes);
    for (size_t i = 0; i < 3 && memtrack_comparison_row(comparison, i, &row) == 0; i++) {
        if (row.differences.live_bytes == 0)
            break;
        printf("%+" PRId64 " bytes in %+" PRId64 " blocks\n", row.differences.live_bytes,
               row.differences.live_blocks);
        print_path(comparison, i);
    }
    memtrack_comparison_free(comparison);
    return sum.differences.live_bytes > sum.old_values.live_bytes / 10;
}

int main(int argc, char **argv) {
    memtrack_filter *ours;
    if (argc != 3 || memtrack_filter_new(&ours) < 0)
        return 2;
    memtrack_filter_add(ours, MEMTRACK_EXCLUDE, "libc.so*", 0,
                        0); /* what the C library keeps for itself */
    memtrack_profile *before = load(argv[1], ours), *after = before ? load(argv[2], ours) : NULL;
    int status = after ? compare(before, after) : fail();
    memtrack_profile_free(before);
    memtrack_profile_free(after);
    memtrack_filter_free(ours);
    return status;
}
