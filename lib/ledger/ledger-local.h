/* SPDX-License-Identifier: MIT */
/* Private to the reading side of lib/ledger: what ledger.c, cut.c and blocks.c share. */
#ifndef MT_LEDGER_LEDGER_LOCAL_H
#define MT_LEDGER_LEDGER_LOCAL_H

#include "ledger/ledger.h"

enum { MT_N_KINDS = MT_EXTENT_THREADS + 1 };

struct mt_chunk {
    uint64_t offset; /* 0: missing, the header is there */
    uint64_t bytes;
};

struct mt_array {
    struct mt_chunk *chunk;
    size_t n_chunks;
    uint64_t bytes; /* sum over the chunks */
};

struct mt_leaf { /* the regions of 32 MiB */
    uint32_t index;
    uint64_t offset;
};

struct mt_cut {
    int fd;          /* open for writing, holds the lock; -1: none */
    uint32_t number; /* odd: open, and asked of the process */
    bool is_begun;   /* there has been one */
    bool is_exact;   /* what was read since the last begin is of one instant, as far as is known */
};

struct mt_ledger {
    int fd;
    char *path;
    uint32_t process;     /* 0: info.pid */
    uint64_t size_bytes;  /* of the file */
    uint64_t limit_bytes; /* what one array may hold */
    uint64_t damage;
    struct mt_ledger_info info;
    uint32_t n_segments, n_extents; /* that the tables below were built from */
    uint64_t directory;
    struct mt_segment *segments;
    size_t n_valid_segments;
    struct mt_array arrays[MT_N_KINDS];
    struct mt_leaf *leaves; /* in the order of the extents */
    size_t n_leaves, leaf_capacity;
    struct mt_chunk big; /* the table of big blocks in force; bytes 0: none */
    uint32_t big_index;
    struct mt_cut cut;
    struct mt_saved_site *saved; /* a chunk, for mt_cut_apply_sites */
};

/* Whether an address of the target lies in the ledger. */
bool mt_ledger_has_address(const struct mt_ledger *ledger, uint64_t address);

/* Bytes at a file offset; what is not there is zeroed and counted as damage. Returns the bytes that
 * were there. */
size_t mt_ledger_read(struct mt_ledger *ledger, uint64_t offset, void *out, size_t bytes);

/* Up to n items of a chunk from item first on, as they are now. Returns how many the chunk has; 0,
 * and no damage, when it does not exist. */
size_t mt_ledger_read_chunk(struct mt_ledger *ledger, enum mt_extent_kind kind, size_t index,
                            size_t first, size_t n, void *out);

/* Replace what was read just now by what was true at the cut. Do nothing when none is open. */
void mt_cut_apply_control(struct mt_ledger *ledger);
void mt_cut_apply_banks(struct mt_ledger *ledger, size_t first, size_t n, struct mt_bank *banks);
void mt_cut_apply_sites(struct mt_ledger *ledger, size_t first, size_t n, struct mt_site *sites);

#endif
