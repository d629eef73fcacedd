/* SPDX-License-Identifier: MIT */
/*
 * Shared by blocks.c (whose blocks, what comes of them), block_calls.c (what a hook's call looks
 * like) and block_lines.c (which code is of which line). Private to them.
 */
#ifndef MT_VIEW_SYMBOLS_BLOCKS_LOCAL_H
#define MT_VIEW_SYMBOLS_BLOCKS_LOCAL_H

#include <gelf.h>

#include "view/flow/flow.h"
#include "view/symbols/symbols-local.h"

/* One block that has run. */
struct mt_block {
    uint32_t mapping;  /* index */
    uint32_t item;     /* of the profile's lines */
    uint64_t address;  /* in the ELF file, where its hook has returned to */
    uint64_t function; /* its offset in the debug information, 0: none */
};

/* What is known of one file. */
struct mt_block_file {
    struct mt_profile *profile;
    struct mt_symbols_module *module;
    uint32_t mapping;
    Elf *elf;
    struct mt_block *blocks; /* by function and address */
    size_t n;
    uint64_t *targets, *slots; /* of calls of hooks */
    /* Targets that call a hook as the last thing they do, which then returns for them. */
    uint64_t *wrong;
    size_t n_targets, n_slots, n_wrong;
    const struct mt_symbols_chosen *chosen; /* or NULL */
};

/* Code of a line in a node. */
struct mt_block_place {
    uint64_t line;    /* a hash of the line and what it is inlined into */
    uint64_t address; /* in the ELF file */
    uint32_t node;
    bool is_innermost; /* the line is not that of a call which is inlined there */
};

struct mt_block_places {
    struct mt_block_place *items; /* by address */
    size_t n, capacity;
};

/* Returns bytes of the file that are mapped at an address, and how many follow; NULL: none. */
const uint8_t *mt_block_calls_bytes(const struct mt_block_file *f, uint64_t address, uint64_t *n);
/* Likewise, for mt_flow_build; its context is the file. */
bool mt_block_calls_read(void *context, uint64_t address, void *into, size_t bytes);
/* Fills targets, slots and wrong by the blocks that have run. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_block_calls_learn(struct mt_block_file *f);
/* Returns whether a block was told of where there is none. */
bool mt_block_calls_are_wrong(const struct mt_block_file *f, uint64_t address);

/* Finds the lines that have code in the nodes. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_block_lines_find(const struct mt_block_file *f, const struct mt_flow *flow, Dwarf_Die *lines,
                        struct mt_block_places *places);
/* Returns what it takes from an address of the file to that of the debug information. */
uint64_t mt_block_lines_bias(const struct mt_block_file *f);

#endif
