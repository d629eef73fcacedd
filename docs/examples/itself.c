/* SPDX-License-Identifier: MIT */
/*
 * itself: a tracked program that looks at itself before and after a step, as one does in Python
 * with tracemalloc.take_snapshot(). The example of docs/analyze.md.
 */
#include <memtrack/analyze.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *words[1000];

static void load_words(void) {
    for (int i = 0; i < 1000; i++)
        words[i] = strdup("a word that is kept");
}

int main(void) {
    memtrack_profile *before = NULL, *after = NULL;
    memtrack_comparison *comparison;
    memtrack_view view = memtrack_view_init();
    if (memtrack_profile_take(NULL, &before) < 0) { /* run it with memtrack ./itself */
        fprintf(stderr, "itself: %s\n", memtrack_analyze_error());
        return 1;
    }
    load_words();
    memtrack_profile_take(NULL, &after);
    view.by = MEMTRACK_BY_FUNCTION;
    view.sort = MEMTRACK_LIVE_BYTES;
    if (!after || memtrack_comparison_new(before, after, &view, &comparison) < 0)
        return 1;
    for (size_t i = 0; i < 3; i++) {
        char *text = memtrack_comparison_text(comparison, i);
        if (text)
            puts(text);
        memtrack_text_free(text);
    }
    memtrack_comparison_free(comparison);
    memtrack_profile_free(before);
    memtrack_profile_free(after);
    return 0;
}
