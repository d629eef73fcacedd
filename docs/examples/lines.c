/* SPDX-License-Identifier: MIT */
/* lines: reads words, and keeps those that are long. An example of docs/lines.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 10000 };

static char *kept[MOST];
static int n_kept;

static char *copy(const char *text) {
    size_t bytes = strlen(text) + 1;
    return memcpy(malloc(bytes), text, bytes);
}

static void keep_long_words(FILE *in) {
    char *buffer = malloc(1 << 16);
    char word[64];
    while (fscanf(in, "%63s", word) == 1) {
        char *mine = copy(word);
        if (strlen(mine) > 3 && n_kept < MOST)
            kept[n_kept++] = mine;
        else
            free(mine);
    }
    free(buffer);
}

int main(void) {
    keep_long_words(stdin);
    printf("%d long words\n", n_kept);
    return 0;
}
