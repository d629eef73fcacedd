/* SPDX-License-Identifier: MIT */
// flags: -O1 -g
/* Says of itself what it is told, line by line: "begin NAME", "end", "mark NAME", "set NAME", and
 * "again", to be executed anew. It answers each with its number. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memtrack.h"

int main(int argc, char **argv) {
    static memtrack_scope scopes[8];
    char word[16], name[64];
    int depth = 0;
    (void)argc;
    for (;;) {
        printf("ok %d\n", (int)getpid());
        fflush(stdout);
        if (scanf("%15s", word) != 1)
            return 0;
        if (strcmp(word, "again") == 0) {
            execv(argv[0], argv);
            return 1;
        }
        if (strcmp(word, "end") == 0) {
            memtrack_end(&scopes[--depth], NULL);
            continue;
        }
        if (scanf(" %63[^\n]", name) != 1)
            return 1;
        if (strcmp(word, "begin") == 0)
            memtrack_begin(&scopes[depth++], name);
        else if (strcmp(word, "mark") == 0)
            memtrack_mark(name);
        else
            memtrack_counter(name, depth);
    }
}
