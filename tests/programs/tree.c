/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* A binary tree whose nodes own a label of varying length: recursive builder and destroyer, nothing
 * is left. */
#include "target.h"

struct tree {
    struct tree *left, *right;
    uint32_t key;
    char *label;
};

static struct tree *insert(struct tree *tree, uint32_t key) {
    if (!tree) {
        tree = need(malloc(sizeof *tree));
        size_t bytes = 2 + key % 61;
        *tree = (struct tree){NULL, NULL, key, need(malloc(bytes))};
        memset(tree->label, 'x', bytes - 1);
        tree->label[bytes - 1] = 0;
    } else if (key < tree->key) {
        tree->left = insert(tree->left, key);
    } else if (key > tree->key) {
        tree->right = insert(tree->right, key);
    }
    return tree;
}

static size_t destroy(struct tree *tree) {
    if (!tree)
        return 0;
    size_t bytes = destroy(tree->left) + destroy(tree->right) + strlen(tree->label);
    free(tree->label);
    free(tree);
    return bytes;
}

int main(void) {
    uint64_t random = 7;
    struct tree *tree = NULL;
    for (int i = 0; i < 2000; i++)
        tree = insert(tree, next_random(&random) % 100000);
    printf("%zu bytes of labels\n", destroy(tree));
    return 0;
}
