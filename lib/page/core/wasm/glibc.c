/* SPDX-License-Identifier: MIT */
/*
 * Sorting is stable and without worst cases: a merge sort, bottom up. For what is sorted here (numbers
 * of rows, of 4 bytes) copying is cheap, and calls of the comparison are what counts.
 *
 * What is looked for in a text are short words that stand in the sources, so that comparing at each
 * place is enough: WASI's two-way searches are 2 kB.
 */
#include "page/core/wasm/glibc.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct sorting {
    size_t bytes;
    int (*compare)(const void *, const void *, void *);
    void *context;
};

static void merge(const struct sorting *s, char *to, const char *left, const char *right,
                  const char *end) {
    const char *middle = right;
    while (left < middle || right < end) {
        int take_left = right == end || (left < middle && s->compare(left, right, s->context) <= 0);
        memcpy(to, take_left ? left : right, s->bytes);
        *(take_left ? &left : &right) += s->bytes;
        to += s->bytes;
    }
}

void qsort_r(void *items, size_t n, size_t bytes,
             int (*compare)(const void *, const void *, void *), void *context) {
    const struct sorting s = {bytes, compare, context};
    size_t all = n * bytes;
    char *from = items, *room = malloc(all ? all : 1), *to = room;
    if (!room)
        abort();
    for (size_t width = bytes; width < all; width *= 2) {
        for (size_t at = 0; at < all; at += 2 * width) {
            size_t middle = at + width < all ? at + width : all;
            size_t end = middle + width < all ? middle + width : all;
            merge(&s, to + at, from + at, from + middle, from + end);
        }
        char *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, all);
    free(room);
}

static int without_context(const void *a, const void *b, void *compare) {
    return (*(int (**)(const void *, const void *))compare)(a, b);
}

/* As glibc's it is stable, so that equal rows are in the command's order; WASI's is not. */
void qsort(void *items, size_t n, size_t bytes, int (*compare)(const void *, const void *)) {
    qsort_r(items, n, bytes, without_context, &compare);
}

void *memmem(const void *text, size_t n_text, const void *word, size_t n_word) {
    const char *at = text, *end = at + n_text;
    for (; (size_t)(end - at) >= n_word; at++)
        if (memcmp(at, word, n_word) == 0)
            return (void *)(uintptr_t)at;
    return NULL;
}

char *strstr(const char *text, const char *word) {
    return memmem(text, strlen(text), word, strlen(word));
}

/* What is read are decimal digits, so the base is 10: WASI's reads all, in 1.4 kB. */
unsigned long long strtoull(const char *text, char **end, int base) {
    unsigned long long value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            value = ULLONG_MAX;
    if (end)
        *end = (char *)(uintptr_t)text;
    (void)base;
    return value;
}

/* The system is asked for memory alone; WASI has words for 80 errors more. */
char *strerror(int error) {
    (void)error;
    return (char *)(uintptr_t) "out of memory";
}

/* Named by WASI's strftime, with which its strtoull would come as well. */
unsigned long strtoul(const char *text, char **end, int base) {
    return (unsigned long)strtoull(text, end, base);
}

char *basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return (char *)(uintptr_t)(slash ? slash + 1 : path);
}

/* Of Linux, in the order of the numbers. */
const char *sigabbrev_np(int signal) {
    static const char names[][7] = {
        "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN", "TTOU",
        "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};
    return signal > 0 && signal <= (int)(sizeof names / sizeof *names) ? names[signal - 1] : NULL;
}
