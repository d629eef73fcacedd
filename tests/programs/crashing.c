/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -fno-builtin
/* Has blocks, stops in reached(), and aborts. */
#include <stdlib.h>
#include <string.h>

struct item {
    struct item *next;
    char name[100];
};

static struct item *make(const char *name) {
    struct item *item = calloc(1, sizeof *item);
    if (item != NULL)
        strcpy(item->name, name);
    return item;
}

static void reached(struct item *first) {
    if (first->next != NULL)
        abort();
}

int main(void) {
    struct item *first = make("first");
    first->next = make("second");
    reached(first);
    return 0;
}
