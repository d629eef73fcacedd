/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Allocations that libc makes for its caller: strdup, strndup, getline, asprintf, open_memstream,
 * realpath. */
#include "target.h"
#include <limits.h>

static size_t lines(void) {
    static char text[20000];
    size_t at = 0, total = 0;
    for (int i = 1; at + (size_t)i + 1 < sizeof text; i += 7) {
        memset(text + at, 'a' + i % 26, (size_t)i);
        at += (size_t)i;
        text[at++] = '\n';
    }
    FILE *stream = fmemopen(text, at, "r");
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t got; (got = getline(&line, &capacity, stream)) > 0;)
        total += (size_t)got;
    free(line);
    fclose(stream);
    return total;
}

static size_t stream(void) {
    char *buffer = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&buffer, &bytes);
    for (int i = 0; i < 3000; i++)
        fprintf(out, "%d,", i);
    fclose(out);
    free(buffer);
    return bytes;
}

int main(void) {
    size_t sum = lines() + stream();
    char *kept = NULL;
    for (int i = 0; i < 100; i++) {
        char *text = NULL;
        if (asprintf(&text, "%0*d", i, i) < 0)
            die("asprintf");
        char *copy = need(strdup(text));
        free(kept);
        kept = need(strndup(copy, (size_t)i / 2));
        sum += strlen(kept);
        free(text);
        free(copy);
    }
    char *path = need(realpath("/usr/../usr/./lib", NULL));
    sum += strlen(path);
    free(path);
    printf("%zu\n", sum);
    return 0;
}
