/* SPDX-License-Identifier: MIT */
/*
 * phases: a program in phases, each of which wants to know what it costs. Builds and runs without
 * memtrack; the figures are then zero. The example of docs/scopes.md.
 */
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **words;
static size_t n_words;

static void load(void) {
    MEMTRACK_FUNCTION();
    words = malloc(20000 * sizeof *words);
    for (n_words = 0; n_words < 20000; n_words++) {
        char text[16];
        snprintf(text, sizeof text, "word %zu", n_words * 7 % 20000);
        words[n_words] = strdup(text);
    }
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts a copy, which is gone at the end. */
static size_t count_distinct(void) {
    MEMTRACK_FUNCTION();
    size_t n = 0;
    char **sorted = malloc(n_words * sizeof *sorted);
    memcpy(sorted, words, n_words * sizeof *sorted);
    qsort(sorted, n_words, sizeof *sorted, compare);
    for (size_t i = 0; i < n_words; i++)
        n += i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0;
    free(sorted);
    return n;
}

int main(void) {
    memtrack_scope scope;
    memtrack_delta delta;
    memtrack_begin(&scope, "whole");
    load();
    for (int i = 0; i < 100; i++)
        MEMTRACK_SCOPE("query") {
            char *answer = malloc(i * 1000 + 100);
            snprintf(answer, 100, "%d", i);
            free(answer);
        }
    printf("%zu distinct words\n", count_distinct());
    memtrack_end(&scope, &delta);
    printf("kept %lld bytes, %lld at most\n", (long long)delta.net_bytes,
           (long long)delta.peak_bytes);
    return 0;
}
