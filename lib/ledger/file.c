/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a ledger's file, and where in it things are. The target's addresses become file
 * offsets in two steps, both prepared at open and renewed when the writer's counts move:
 *
 *   header.segment[]  ──► segments[]            target address → file offset
 *   header.extent[],  ──► arrays[kind].chunk[]  chunk index → file offset, bytes
 *   directory blocks
 *
 * Invariants: every chunk lies inside a segment and every segment inside the file as it was when
 * the tables were built; a file that shrinks later yields short reads, which read as zeros. The
 * number of chunks of a kind is bounded by what the disk blocks of the file could hold, so a small
 * file cannot ask for much memory: many extents that name the same bytes are refused once they
 * exceed it. A directory list is followed for as many blocks as its extent count needs, so a cycle
 * ends.
 *
 * Rejected: mmap. It is no faster for data that is copied once, and a target that truncates its
 * ledger would kill the reader with SIGBUS.
 */
#include "ledger/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "ledger/lines.h"

const struct mt_ledger_kind mt_ledger_file_kind[MT_N_KINDS] = {
    [MT_EXTENT_NODES] = {sizeof(struct mt_node), MT_NODES_PER_CHUNK, MT_NODE_FIRST},
    [MT_EXTENT_SITES] = {sizeof(struct mt_site), MT_SITES_PER_CHUNK, 1},
    [MT_EXTENT_BANKS] = {sizeof(struct mt_bank), MT_BANKS_PER_CHUNK, 1},
    [MT_EXTENT_MODULES] = {sizeof(struct mt_module), MT_MODULES_PER_CHUNK, 1},
    [MT_EXTENT_SAVED] = {sizeof(struct mt_saved_site), MT_SITES_PER_CHUNK, 1},
    [MT_EXTENT_NAMES] = {sizeof(struct mt_name), MT_NAMES_PER_CHUNK, 1},
    [MT_EXTENT_SCOPES] = {sizeof(struct mt_scope_totals), MT_SCOPES_PER_CHUNK, 1},
    [MT_EXTENT_EVENTS] = {sizeof(struct mt_event), MT_LEDGER_MAX_EVENTS, 0},
    [MT_EXTENT_OPEN] = {sizeof(struct mt_open_scope), MT_OPEN_PER_CHUNK, 0},
    [MT_EXTENT_THREADS] = {sizeof(struct mt_thread_row), MT_THREADS_PER_CHUNK, 1},
    [MT_EXTENT_CODES] = {sizeof(struct mt_code), MT_CODES_PER_CHUNK, 1},
    [MT_EXTENT_TALLIES] = {sizeof(struct mt_tally), MT_TALLIES_PER_CHUNK, 1},
    [MT_EXTENT_METADATA] = {sizeof(struct mt_metadata), MT_METADATA_PER_CHUNK, 1},
    [MT_EXTENT_LINES] = {sizeof(struct mt_line_record), MT_LINES_PER_CHUNK, 1},
    [MT_EXTENT_CALLS] = {sizeof(struct mt_call), MT_CALLS_PER_CHUNK, 1},
};

/* ---- bytes ----------------------------------------------------------------------------------- */

ssize_t mt_ledger_file_pread(int fd, uint64_t offset, void *out, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        ssize_t n = pread(fd, (char *)out + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    memset((char *)out + done, 0, bytes - done);
    return (ssize_t)done;
}

bool mt_ledger_file_pwrite(int fd, off_t offset, const void *data, size_t bytes) {
    ssize_t n;
    do
        n = pwrite(fd, data, bytes, offset);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)bytes;
}

size_t mt_ledger_file_read(struct mt_ledger_file *file, uint64_t offset, void *out, size_t bytes) {
    ssize_t n = mt_ledger_file_pread(file->fd, offset, out, bytes);
    if (n < 0) {
        memset(out, 0, bytes);
        n = 0;
    }
    if ((size_t)n < bytes)
        file->damage++;
    return (size_t)n;
}

/* Returns the file offset of an address, and how many bytes follow it in its segment; 0 when it
 * is in no segment. */
static uint64_t offset_of(const struct mt_ledger_file *file, uint64_t address,
                          uint64_t *available) {
    for (size_t i = 0; i < file->n_valid_segments; i++) {
        const struct mt_segment *s = &file->segments[i];
        if (address >= s->address && address - s->address < s->bytes) {
            *available = s->bytes - (address - s->address);
            return s->offset + (address - s->address);
        }
    }
    *available = 0;
    return 0;
}

bool mt_ledger_file_holds(const struct mt_ledger_file *file, uint64_t address) {
    uint64_t available;
    offset_of(file, address, &available);
    return available != 0;
}

size_t mt_ledger_file_read_address(struct mt_ledger_file *file, uint64_t address, void *out,
                                   size_t bytes) {
    uint64_t available;
    uint64_t offset = offset_of(file, address, &available);
    size_t there = available < bytes ? (size_t)available : bytes;
    memset((char *)out + there, 0, bytes - there);
    if (there < bytes)
        file->damage++;
    return there ? mt_ledger_file_read(file, offset, out, there) : 0;
}

/* ---- tables ---------------------------------------------------------------------------------- */

void mt_ledger_file_forget(struct mt_ledger_file *file) {
    for (int kind = 0; kind < MT_N_KINDS; kind++) {
        free(file->arrays[kind].chunk);
        file->arrays[kind] = (struct mt_array){0};
    }
    free(file->segments);
    file->segments = NULL;
    file->n_valid_segments = 0;
    free(file->leaves);
    file->leaves = NULL;
    file->n_leaves = file->leaf_capacity = 0;
    file->big = (struct mt_chunk){0};
}

/* Takes the segments that make sense, clipped to the file. */
static int take_segments(struct mt_ledger_file *file, const struct mt_ledger_header *header) {
    uint32_t n = file->n_segments;
    if (n > MT_MAX_SEGMENTS) {
        n = MT_MAX_SEGMENTS;
        file->damage++;
    }
    file->segments = calloc(n ? n : 1, sizeof *file->segments);
    if (!file->segments)
        return -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct mt_segment s = header->segment[i];
        bool fits = s.offset < file->size_bytes && s.bytes && s.address + s.bytes > s.address;
        if (fits && s.bytes > file->size_bytes - s.offset)
            s.bytes = file->size_bytes - s.offset;
        if (!fits || s.bytes != header->segment[i].bytes)
            file->damage++;
        if (fits)
            file->segments[file->n_valid_segments++] = s;
    }
    return 0;
}

/* Chunks that are not there yet are missing. */
static int grow_array(struct mt_array *array, size_t n_chunks) {
    size_t had = array->n_chunks;
    if (!mt_array_reserve(&array->chunk, &array->n_chunks, n_chunks, sizeof *array->chunk))
        return -MEMTRACK_ENOMEM;
    memset(array->chunk + had, 0, (array->n_chunks - had) * sizeof *array->chunk);
    return 0;
}

static int take_leaf(struct mt_ledger_file *file, const struct mt_extent *extent) {
    const uint64_t bytes = sizeof(struct mt_region) * MT_REGIONS_PER_LEAF;
    uint64_t available, offset = offset_of(file, extent->address, &available);
    if (extent->bytes < bytes || available < bytes || file->n_leaves >= file->limit_bytes / bytes) {
        file->damage++;
        return 0;
    }
    if (!mt_array_reserve(&file->leaves, &file->leaf_capacity, file->n_leaves + 1,
                          sizeof *file->leaves))
        return -MEMTRACK_ENOMEM;
    file->leaves[file->n_leaves++] = (struct mt_leaf){extent->index, offset};
    return 0;
}

static void take_big(struct mt_ledger_file *file, const struct mt_extent *extent) {
    uint64_t available, offset = offset_of(file, extent->address, &available);
    if (available < extent->bytes)
        file->damage++;
    if (available == 0 || (file->big.bytes && extent->index < file->big_index))
        return;
    file->big = (struct mt_chunk){offset, extent->bytes < available ? extent->bytes : available};
    file->big_index = extent->index;
}

static int take_chunk(struct mt_ledger_file *file, const struct mt_extent *extent) {
    struct mt_array *array = &file->arrays[extent->kind];
    uint64_t chunk_bytes = (uint64_t)mt_ledger_file_kind[extent->kind].item_bytes *
                           mt_ledger_file_kind[extent->kind].per_chunk;
    uint64_t bytes = extent->bytes < chunk_bytes ? extent->bytes : chunk_bytes;
    uint64_t available, offset = offset_of(file, extent->address, &available);
    if (bytes > available)
        bytes = available;
    bool fits = bytes && extent->index <= file->limit_bytes / chunk_bytes;
    if (!fits || array->bytes + bytes > file->limit_bytes ||
        (extent->index < array->n_chunks && array->chunk[extent->index].offset)) {
        file->damage++;
        return 0;
    }
    if (grow_array(array, (size_t)extent->index + 1) != 0)
        return -MEMTRACK_ENOMEM;
    array->chunk[extent->index] = (struct mt_chunk){offset, bytes};
    array->bytes += bytes;
    return 0;
}

static int take_extent(struct mt_ledger_file *file, const struct mt_extent *extent) {
    if (extent->kind == 0 || extent->kind >= MT_N_KINDS) {
        file->damage++;
        return 0;
    }
    if (extent->kind == MT_EXTENT_REGIONS)
        return take_leaf(file, extent);
    if (extent->kind != MT_EXTENT_BIG)
        return take_chunk(file, extent);
    take_big(file, extent);
    return 0;
}

/* Reads the extents that found no room in the header. */
static int take_directory(struct mt_ledger_file *file, size_t n) {
    if (n > file->limit_bytes / 64) { /* no useful extent is smaller */
        n = (size_t)(file->limit_bytes / 64);
        file->damage++;
    }
    struct mt_directory *block = n ? malloc(sizeof *block) : NULL;
    if (n && !block)
        return -MEMTRACK_ENOMEM;
    int rc = 0;
    uint64_t address = file->directory;
    while (n && rc == 0) {
        if (mt_ledger_file_read_address(file, address, block, sizeof *block) < sizeof *block)
            break; /* counted as damage */
        size_t here = n < MT_DIRECTORY_EXTENTS ? n : MT_DIRECTORY_EXTENTS;
        for (size_t i = 0; i < here && rc == 0; i++)
            rc = take_extent(file, &block->extent[i]);
        n -= here;
        address = block->next;
    }
    free(block);
    return rc;
}

int mt_ledger_file_take(struct mt_ledger_file *file, const struct mt_ledger_header *header) {
    mt_ledger_file_forget(file);
    int rc = take_segments(file, header);
    size_t n = file->n_extents < MT_FIRST_EXTENTS ? file->n_extents : MT_FIRST_EXTENTS;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = take_extent(file, &header->extent[i]);
    if (rc == 0 && file->n_extents > MT_FIRST_EXTENTS)
        rc = take_directory(file, file->n_extents - MT_FIRST_EXTENTS);
    return rc;
}

/* ---- items ---------------------------------------------------------------------------------- */

size_t mt_ledger_file_read_chunk(struct mt_ledger_file *file, enum mt_extent_kind kind,
                                 size_t index, size_t first, size_t n, void *out) {
    const struct mt_array *array = &file->arrays[kind];
    size_t item_bytes = mt_ledger_file_kind[kind].item_bytes;
    if (index >= array->n_chunks || first >= array->chunk[index].bytes / item_bytes)
        return 0;
    size_t have = array->chunk[index].bytes / item_bytes - first;
    return mt_ledger_file_read(file, array->chunk[index].offset + first * item_bytes, out,
                               (have < n ? have : n) * item_bytes) /
           item_bytes;
}
