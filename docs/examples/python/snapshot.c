/* SPDX-License-Identifier: MIT */
/* snapshot: take, filter, group, compare, save and load. For docs/coming-from-python.md. */
#include <memtrack/analyze.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *words[1000];

static void load_words(void) {
    for (int i = 0; i < 1000; i++)
        words[i] = strdup("a word that is kept");
}

static memtrack_profile *take(void) {
    memtrack_profile *whole = NULL, *ours = NULL;
    memtrack_filter *filter = NULL;
    memtrack_filter_new(&filter); /* Filter(True, "*.c"), and DomainFilter(False, "mmap") */
    memtrack_filter_add(filter, MEMTRACK_INCLUDE, "*snapshot.c", 0, 0);
    memtrack_filter_add_label(filter, MEMTRACK_EXCLUDE, MEMTRACK_BY_DOMAIN, "mmap");
    if (memtrack_profile_take(NULL, &whole) < 0) {
        fprintf(stderr, "snapshot: %s\n", memtrack_analyze_error());
        exit(1);
    }
    memtrack_profile_filter(whole, filter, &ours);
    memtrack_profile_free(whole);
    memtrack_filter_free(filter);
    return ours;
}

int main(void) {
    memtrack_statistics *lines = NULL;
    memtrack_comparison *changes = NULL;
    memtrack_view view = memtrack_view_init();
    view.by = MEMTRACK_BY_LINE; /* "lineno"; "filename" is BY_FILE, "traceback" BY_STACK */
    view.sort = MEMTRACK_LIVE_BYTES;

    memtrack_profile *before = take(), *after, *loaded = NULL;
    load_words();
    after = take();
    memtrack_profile_save(after, "words.pb.gz", 1);
    memtrack_profile_load("words.pb.gz", NULL, &loaded);

    if (memtrack_statistics_new(loaded, &view, &lines) == 0) {
        char *text = memtrack_statistics_text(lines, 0);
        printf("statistics   %s\n", text);
        memtrack_text_free(text);
    }
    if (memtrack_comparison_new(before, after, &view, &changes) == 0) {
        char *text = memtrack_comparison_text(changes, 0);
        printf("compare_to   %s\n", text);
        memtrack_text_free(text);
    }
    memtrack_comparison_free(changes);
    memtrack_statistics_free(lines);
    memtrack_profile_free(before);
    memtrack_profile_free(after);
    memtrack_profile_free(loaded);
    return 0;
}
