/* SPDX-License-Identifier: MIT */
/*
 * The file of a ledger as those read it who look into one: bytes at offsets, at addresses of the
 * target, and items of chunks. Nothing that it says is believed. What is not there is zeroed, and
 * counted as damage.
 *
 * One thread at a time. For the reading side of lib/ledger alone.
 */
#ifndef MT_LEDGER_FILE_H
#define MT_LEDGER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger/layout.h"

enum { MT_N_KINDS = MT_N_EXTENT_KINDS };
enum { MT_LEDGER_MAX_EVENTS = 1 << 20 }; /* places beyond this are not read */

/* What an array of a kind consists of. first: lowest id that means something. A process that has
 * not allocated yet has no chunks, but counts above 0. */
struct mt_ledger_kind {
    uint32_t item_bytes, per_chunk, first;
};
extern const struct mt_ledger_kind mt_ledger_file_kind[MT_N_KINDS];

struct mt_chunk {
    uint64_t offset; /* 0: the chunk is missing, because the header is there */
    uint64_t bytes;
};

struct mt_array {
    struct mt_chunk *chunk;
    size_t n_chunks;
    uint64_t bytes; /* sum over the chunks */
};

struct mt_leaf { /* the address of the regions of 32 MiB */
    uint32_t index;
    uint64_t offset;
};

struct mt_ledger_file {
    int fd;
    uint64_t size_bytes;
    uint64_t limit_bytes;           /* the most that one array may hold */
    uint64_t damage;                /* pieces that could not be read */
    uint32_t n_segments, n_extents; /* of the header that the tables below are built from */
    uint64_t directory;             /* of that header, too */
    struct mt_segment *segments;    /* NULL: the tables are not built */
    size_t n_valid_segments;
    struct mt_array arrays[MT_N_KINDS];
    struct mt_leaf *leaves; /* in the order of the extents */
    size_t n_leaves, leaf_capacity;
    struct mt_chunk big; /* the table of big blocks in force; bytes 0: none */
    uint32_t big_index;
};

/* Build the tables anew: of the counts above and the lists in header. 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_file_take(struct mt_ledger_file *file, const struct mt_ledger_header *header);
/* Free the tables. */
void mt_ledger_file_forget(struct mt_ledger_file *file);

/* Any file: returns the bytes that were read, the rest of out is zeroed; -1 with errno when the
 * read failed. */
ssize_t mt_ledger_file_pread(int fd, uint64_t offset, void *out, size_t bytes);

/* Write into a file: false, with errno, unless all of it has been. */
bool mt_ledger_file_pwrite(int fd, off_t offset, const void *data, size_t bytes);

/* Where a field of the header, or of the request in it, lies. */
#define MT_HEADER_OFFSET(field) ((off_t)offsetof(struct mt_ledger_header, field))
#define MT_REQUEST_OFFSET(field)                                                                   \
    (MT_HEADER_OFFSET(control.request) + (off_t)offsetof(union mt_request, field))

/* Bytes at a file offset. Returns the bytes that were there. */
size_t mt_ledger_file_read(struct mt_ledger_file *file, uint64_t offset, void *out, size_t bytes);

/* Bytes at an address of the target. Returns the bytes that were there. */
size_t mt_ledger_file_read_address(struct mt_ledger_file *file, uint64_t address, void *out,
                                   size_t bytes);

/* Returns whether an address of the target is in the ledger. */
bool mt_ledger_file_holds(const struct mt_ledger_file *file, uint64_t address);

/* Reads up to n items of a chunk from item first on, as they are now. Returns how many the chunk
 * has; 0, and no damage, when it does not exist. */
size_t mt_ledger_file_read_chunk(struct mt_ledger_file *file, enum mt_extent_kind kind,
                                 size_t index, size_t first, size_t n, void *out);

#endif
