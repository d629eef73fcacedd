/* SPDX-License-Identifier: MIT */
/*
 * The call paths of all samples, each shared beginning once, from the outer end inwards: what a
 * flame graph is drawn from. Other than in tree.h a node has no figures. Whoever wants those of a
 * column, a moment or a filter adds up the values of samples from their leaves to the root, without
 * building it again: a node comes after its parent.
 */
#ifndef MT_VIEW_TREE_TRIE_H
#define MT_VIEW_TREE_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/rows/frames.h"

struct mt_trie {
    size_t n;         /* nodes; node 0 is the root and stands for nothing */
    uint32_t *parent; /* of each node; 0 of the root */
    uint32_t *frame;  /* of each node: what is in it, see entry; 0 of the root */
    uint32_t *leaf;   /* of each sample: its charged frame; 0: it has none */
    size_t n_frames;
    uint32_t *entry;    /* of each frame: an entry of frames that looks like it on the page */
    uint32_t *function; /* of each frame: a number that frames of one function share */
};

struct mt_trie_options {
    bool full_stacks; /* with the frames that start the program and its threads */
    bool by_function; /* frames of one function are one, whatever their lines */
};

struct mt_trie_builder; /* private */

/* Begins a trie that mt_trie_add fills, so that whoever has to answer meanwhile can stop after some
 * samples. The trie holds no pointers into frames; the builder does. NULL: out of memory. */
struct mt_trie_builder *mt_trie_begin(struct mt_trie *trie, const struct mt_frames *frames,
                                      struct mt_trie_options options);
/* Adds at most so many samples more. Returns how many are left, or -MEMTRACK_ENOMEM. */
int64_t mt_trie_add(struct mt_trie_builder *builder, size_t most);
void mt_trie_end(struct mt_trie_builder *builder); /* NULL is fine */

void mt_trie_free(struct mt_trie *trie);

#endif
