/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* A linked list of which every third node is removed again: frees in the order of allocation,
 * survivors at exit. */
#include "target.h"

struct node {
    struct node *next;
    int value;
};

static struct node *build(int n) {
    struct node *head = NULL;
    for (int i = 0; i < n; i++) {
        struct node *node = need(malloc(sizeof *node));
        *node = (struct node){head, i};
        head = node;
    }
    return head;
}

static int remove_thirds(struct node **link) {
    int removed = 0;
    while (*link) {
        struct node *node = *link;
        if (node->value % 3 == 0) {
            *link = node->next;
            free(node);
            removed++;
        } else {
            link = &node->next;
        }
    }
    return removed;
}

int main(void) {
    struct node *head = build(1000);
    int removed = remove_thirds(&head);
    printf("removed %d first %d\n", removed, head->value);
    return 0;
}
