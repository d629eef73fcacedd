/* SPDX-License-Identifier: MIT */
/*
 * A ledger built by hand, as a dead process would leave it: header, one chunk of each array, one
 * segment at an address of our choice. Tests change what they like in the memory image and write it
 * to a file.
 */
#ifndef MT_TESTS_LEDGER_FIXTURE_H
#define MT_TESTS_LEDGER_FIXTURE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "ledger/layout.h"

#define FIXTURE_BASE UINT64_C(0x7f0000000000)

struct fixture {
    char *image;
    size_t bytes;
    struct mt_ledger_header *header;
    struct mt_node *nodes;
    struct mt_site *sites;
    struct mt_bank *banks;
    struct mt_thread_row *threads;
    struct mt_module *modules;
    char directory[64], path[128];
};

static inline size_t fixture_pages(size_t bytes) {
    return (bytes + 4095) & ~(size_t)4095;
}

static inline uint64_t fixture_address(const struct fixture *f, const void *p) {
    return FIXTURE_BASE + (uint64_t)((const char *)p - f->image);
}

static inline void *fixture_extent(struct fixture *f, enum mt_extent_kind kind, size_t *used,
                                   size_t bytes) {
    void *at = f->image + *used;
    f->header->extent[f->header->n_extents++] = (struct mt_extent){
        .address = fixture_address(f, at), .bytes = bytes, .kind = kind, .index = 0};
    *used += fixture_pages(bytes);
    return at;
}

/* Fills the image: with texts, module 1 (the main program) and module 2 (a library), banks 1 and 2
 * of threads 1 and 2, and the three fixed nodes, but no sites. */
static inline void fixture_fill(struct fixture *f) {
    struct mt_ledger_header *h = f->header;
    h->flags = MT_FLAG_COMPLETE;
    h->pid = 4000000; /* above pid_max of most systems: never alive */
    h->ppid = 17;
    h->allocator = MT_ALLOCATOR_GLIBC;
    h->start_realtime_ns = 5000000000;
    h->max_frames = 64;
    h->file_bytes = f->bytes;
    h->n_nodes = MT_NODE_FIRST;
    h->n_sites = 1;
    h->n_banks = h->n_threads = 3;
    h->n_modules = 3;
    strcpy(h->exe, "/bin/prog");
    h->exe_bytes = 9;
    strcpy(h->cwd, "/tmp");
    h->cwd_bytes = 4;
    memcpy(h->command, "prog\0-x\0", 8);
    h->command_bytes = 8;
    for (uint32_t i = 1; i <= 2; i++) {
        f->banks[i].tid = 100 + i;
        f->banks[i].n_threads = 1;
        f->banks[i].thread = i;
        f->threads[i] = (struct mt_thread_row){.tid = 100 + i, .n_threads = 1, .bank = (uint16_t)i};
        strcpy(f->threads[i].name, i == 1 ? "main" : "worker");
    }
    f->modules[1] = (struct mt_module){.start = 0x400000, .end = 0x500000, .flags = MT_MODULE_MAIN};
    f->modules[1].build_id_bytes = 2;
    f->modules[1].build_id[0] = 0xab;
    f->modules[1].build_id[1] = 0x0c;
    char *text = f->image + f->bytes - 4096;
    strcpy(text, "/lib/libx.so");
    strcpy(text + 256, "/lib/libc.so.6");
    f->modules[2] =
        (struct mt_module){.start = 0x700000, .end = 0x800000, .bias = 0x700000, .path_bytes = 12};
    f->modules[2].path = fixture_address(f, text);
    h->allocator_path = fixture_address(f, text + 256);
}

static inline void fixture_setup(struct fixture *f) {
    size_t used = fixture_pages(sizeof(struct mt_ledger_header));
    size_t node_bytes = sizeof(struct mt_node) * MT_NODES_PER_CHUNK;
    size_t site_bytes = sizeof(struct mt_site) * MT_SITES_PER_CHUNK;
    f->bytes = used + fixture_pages(node_bytes) + fixture_pages(site_bytes) + 4 * 4096 * 2;
    f->image = aligned_alloc(4096, f->bytes);
    memset(f->image, 0, f->bytes);
    f->header = (struct mt_ledger_header *)f->image;
    f->header->magic = MT_LEDGER_MAGIC;
    f->header->version = MT_LEDGER_VERSION;
    f->header->header_bytes = sizeof(struct mt_ledger_header);
    f->header->n_segments = 1;
    f->header->segment[0] = (struct mt_segment){FIXTURE_BASE, 0, f->bytes};
    f->nodes = fixture_extent(f, MT_EXTENT_NODES, &used, node_bytes);
    f->sites = fixture_extent(f, MT_EXTENT_SITES, &used, site_bytes);
    f->banks =
        fixture_extent(f, MT_EXTENT_BANKS, &used, sizeof(struct mt_bank) * MT_BANKS_PER_CHUNK);
    f->modules = fixture_extent(f, MT_EXTENT_MODULES, &used,
                                sizeof(struct mt_module) * MT_MODULES_PER_CHUNK);
    f->threads = fixture_extent(f, MT_EXTENT_THREADS, &used,
                                sizeof(struct mt_thread_row) * MT_THREADS_PER_CHUNK);
    fixture_fill(f);
    directory_make(f->directory);
    snprintf(f->path, sizeof f->path, "%s/1.2.0.ledger", f->directory);
}

static inline void fixture_teardown(struct fixture *f) {
    directory_remove(f->directory);
    free(f->image);
}

/* Set up and tear down, for cmocka, a test whose state is the fixture and no more. */
static inline int fixture_begin(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    fixture_setup(f);
    *state = f;
    return 0;
}

static inline int fixture_end(void **state) {
    fixture_teardown(*state);
    free(*state);
    return 0;
}

/* Writes the first so many bytes of the image. */
static inline void fixture_write_part(const struct fixture *f, size_t bytes) {
    int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, f->image, bytes) != (ssize_t)bytes)
        abort();
    close(fd);
}

static inline void fixture_write(const struct fixture *f) {
    fixture_write_part(f, f->bytes);
}

static inline mt_node_id fixture_node(struct fixture *f, mt_node_id parent, uint64_t address,
                                      uint64_t module) {
    f->nodes[f->header->n_nodes] =
        (struct mt_node){address | module << MT_NODE_MODULE_SHIFT, parent, 0};
    return f->header->n_nodes++;
}

static inline void fixture_allocate(struct mt_site *site, uint64_t blocks, uint64_t bytes) {
    site->counters.allocated_blocks += blocks;
    site->counters.allocated_bytes += bytes;
    site->counters.live_bytes += (int64_t)bytes;
}

/* Makes so many bytes live in the site: all that it has ever allocated. */
static inline void fixture_hold(struct mt_site *site, uint64_t bytes) {
    site->counters.allocated_bytes = bytes;
    site->counters.live_bytes = (int64_t)bytes;
}

static inline void fixture_free(struct mt_site *site, uint64_t blocks, uint64_t bytes) {
    site->counters.freed_blocks += blocks;
    site->counters.live_bytes -= (int64_t)bytes;
}

/* Adds a record of bank 1 about its own blocks; the caller changes the rest. */
static inline struct mt_site *fixture_site(struct fixture *f, mt_node_id node, uint64_t blocks,
                                           uint64_t block_bytes) {
    struct mt_site *site = &f->sites[f->header->n_sites++];
    site->node = node;
    site->bank = site->origin = 1;
    fixture_allocate(site, blocks, blocks * block_bytes);
    site->max_bytes = (int64_t)site->counters.allocated_bytes;
    site->size_class = mt_size_class(block_bytes);
    site->at_peak.epoch = UINT64_MAX;
    f->banks[1].counters.live_bytes += (int64_t)site->counters.allocated_bytes;
    f->banks[1].counters.allocated_blocks += blocks;
    return site;
}

#endif
