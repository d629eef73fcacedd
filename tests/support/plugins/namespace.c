/* SPDX-License-Identifier: MIT */
/* Runs in a link namespace of its own: its malloc is another C library's. */
#include <stdlib.h>
#include <string.h>

int make_things(void *(*provide)(unsigned long), int n) {
    char *mine = malloc(100);
    strcpy(mine, "mine");
    for (int i = 0; i < n; i++)
        memset(provide(512), 1, 512);
    int result = mine[0] == 'm';
    free(mine);
    return result;
}
