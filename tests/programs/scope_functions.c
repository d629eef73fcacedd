/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -finstrument-functions -fno-builtin
/* Every function is a scope, by a build flag alone: how often each runs and what it allocates is
 * known. */
#include <setjmp.h>
#include <stdlib.h>

enum { TREES = 3, DEPTH = 6, LISTS = 10, JUMPS = 4 };

struct node {
    struct node *left, *right;
};
static jmp_buf out;

static struct node *grow(int depth) {
    struct node *node = malloc(sizeof *node);
    node->left = depth > 1 ? grow(depth - 1) : NULL;
    node->right = depth > 1 ? grow(depth - 1) : NULL;
    return node;
}

static void cut(struct node *node) {
    if (!node)
        return;
    cut(node->left);
    cut(node->right);
    free(node);
}

static void list(void) {
    free(malloc(1000));
}

static void jump(void) {
    longjmp(out, 1);
}

static void jumps(void) {
    if (setjmp(out) == 0)
        jump();
}

int main(void) {
    for (int i = 0; i < TREES; i++)
        cut(grow(DEPTH));
    for (int i = 0; i < LISTS; i++)
        list();
    for (int i = 0; i < JUMPS; i++)
        jumps();
    return 0;
}
