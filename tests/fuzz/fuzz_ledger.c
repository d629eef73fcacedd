/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: a well-formed ledger, damaged by the input, is opened, cut, converted, and asked about
 * addresses. A random file would hardly get past the magic number, so the input is a list of
 * patches: 3 bytes offset, 1 byte length and kind, 4 bytes value.
 *
 * The ledger is that of this very process, which has it mapped: only then do readers ask for a cut
 * and take the copies that were saved for it. Those are there, for the number that the first cut
 * gets, and differ from what they are of.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_ledger
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "ledger-fixture.h"
#include "ledger/blocks.h"
#include "ledger/cut.h"
#include "profile/ledger/convert.h"
#include "scopes-fixture.h"
#include "view/scopes/rows.h"

enum { PATCH_BYTES = 8, CUT = 0x80, SITES = 40, GROUPS = 8, BIG = 16, CUT_NUMBER = 1 };
#define BLOCKS_BASE UINT64_C(0x555555550000)

/* In front of libc's, for the reader's one use of it: the barrier takes 10 ms and is for threads,
 * of which there are none. */
long syscall(long number, ...) {
    if (number == SYS_membarrier)
        return 0;
    errno = ENOSYS;
    return -1;
}

static void save_copies(struct fixture *f, struct mt_saved_site *saved) {
    for (uint32_t i = 1; i < f->header->n_sites; i += 2) {
        const struct mt_site *site = &f->sites[i];
        saved[i] = (struct mt_saved_site){.counters = site->counters,
                                          .max_bytes = site->max_bytes,
                                          .at_peak.epoch = i % 4,
                                          .cut = CUT_NUMBER};
    }
    f->banks[1].saved.counters.live_bytes = 1234;
    f->banks[1].saved.counters.allocated_blocks = 99;
    f->banks[1].saved.cut = CUT_NUMBER;
    f->header->saved_control =
        (struct mt_saved_control){.epoch = 3, .peak_bytes = 5000, .cut = CUT_NUMBER};
}

static void add_blocks(struct mt_region *region, struct mt_group *groups, uint64_t groups_address) {
    region->groups = groups_address;
    region->n_groups = GROUPS;
    for (uint64_t i = 0; i < 20; i++) {
        uint64_t key = i * 67 & 8191;
        struct mt_group *g = &groups[(uint64_t)(uint32_t)(key * 0x9E3779B1u) * GROUPS >> 32];
        unsigned slot = region->used++ % MT_GROUP_ENTRIES;
        g->tags[slot / 4] |= (key + 1) << slot % 4 * 16;
        g->entry[slot] = (100 + i) << MT_ENTRY_BYTES_SHIFT | i << MT_ENTRY_ERA_SHIFT | (i + 1);
    }
}

/* Scopes, domains, events of all kinds, a function that is a scope. */
static void add_scopes(struct fixture *f) {
    struct scopes_fixture s = {.ledger = *f};
    scopes_fixture_add(&s);
    mt_name_id name = fixture_name(&s, "request"), domain = fixture_name(&s, "gpu");
    mt_name_id function = s.ledger.header->n_names++;
    s.names[function] = (struct mt_name){.address = 0x401000, .module = 1};
    mt_node_id in_domain = fixture_label(&s, MT_NODE_FIRST, MT_NODE_MODULE_DOMAIN, domain);
    fixture_site(&s.ledger, fixture_label(&s, in_domain, MT_NODE_MODULE_SCOPE, name), 3, 100);
    fixture_site(&s.ledger, fixture_label(&s, MT_NODE_FIRST, MT_NODE_MODULE_SCOPE, function), 3,
                 100);
    for (uint16_t i = 0; i < 12; i++) {
        struct mt_scope_totals *t = fixture_scope(&s, i % 3 ? name : function, i % 4, 64);
        t->count = i + 1u;
        for (int64_t k = 0; k < 10; k++)
            fixture_count(&s, t, (enum mt_scope_value)(k % MT_N_SCOPE_VALUES), k * k * k - 20);
        fixture_event(&s, (enum mt_event_kind)(i % 4 + 1), name)->scope = i / 4u;
    }
    *f = s.ledger;
}

static void build(struct fixture *f) {
    fixture_setup(f);
    rmdir(f->directory); /* the image never becomes a named file here */
    mt_node_id node = MT_NODE_ROOT;
    for (uint64_t i = 0; i < SITES; i++) {
        node = fixture_node(f,
                            i % 8    ? node
                            : i % 16 ? MT_NODE_TRUNCATED
                                     : MT_NODE_ROOT,
                            0x401000 + i * 16, i % 3);
        struct mt_site *site = fixture_site(f, node, i + 1, 1u << i % 12);
        site->origin = (uint16_t)(1 + i % 2);
    }
    size_t used = f->bytes,
           saved = fixture_pages(sizeof(struct mt_saved_site) * MT_SITES_PER_CHUNK);
    size_t leaf = sizeof(struct mt_region) * MT_REGIONS_PER_LEAF;
    scopes_fixture_enlarge(f, saved + leaf + 4096 + 4096);
    save_copies(f, fixture_extent(f, MT_EXTENT_SAVED, &used, saved));
    struct mt_region *regions = fixture_extent(f, MT_EXTENT_REGIONS, &used, leaf);
    f->header->extent[f->header->n_extents - 1].index = (uint32_t)(BLOCKS_BASE >> MT_LEAF_SHIFT);
    struct mt_big_block *big = fixture_extent(f, MT_EXTENT_BIG, &used, sizeof *big * BIG);
    for (uint64_t i = 0; i < BIG; i++)
        big[i] = (struct mt_big_block){i < 2 ? i : BLOCKS_BASE + (i << 24), i << 23, (mt_site_id)i,
                                       (uint32_t)i};
    add_blocks(&regions[BLOCKS_BASE >> MT_REGION_SHIFT & (MT_REGIONS_PER_LEAF - 1)],
               (struct mt_group *)(f->image + used), FIXTURE_BASE + used);
    add_scopes(f);
    f->header->pid = (uint32_t)getpid();
}

static void patch(const struct fixture *f, int fd, const uint8_t *input, size_t bytes) {
    size_t size = f->bytes;
    for (; bytes >= PATCH_BYTES; input += PATCH_BYTES, bytes -= PATCH_BYTES) {
        size_t offset = (size_t)(input[0] | input[1] << 8 | input[2] << 16) % f->bytes;
        size_t length = 1u << (input[3] & 3);
        uint8_t value[8] = {input[4], input[5], input[6], input[7],
                            input[4], input[5], input[6], input[7]};
        if (input[3] & CUT)
            size = offset;
        else if (pwrite(fd, value, length, (off_t)offset) < 0)
            abort();
    }
    if (ftruncate(fd, (off_t)size) != 0)
        abort();
}

/* The peak of the rows is the peak, and their live bytes are the live bytes, whatever was read. */
static void convert(struct mt_ledger *ledger) {
    struct mt_ledger_map map;
    struct mt_profile *profile;
    struct mt_error error;
    if (mt_ledger_convert_mapped(ledger, &profile, &map, &error) != 0)
        return;
    uint64_t peak = 0, live = 0;
    for (size_t i = 0; i < profile->n_samples; i++) {
        peak += (uint64_t)profile->samples[i].value[MT_VALUE_PEAK_BYTES];
        live += (uint64_t)profile->samples[i].value[MT_VALUE_LIVE_BYTES];
    }
    if (peak != profile->info.totals.peak_bytes || live != profile->info.totals.live_bytes)
        abort();
    struct mt_scopes_rows *rows;
    if (mt_scopes_rows_build(profile, MT_SCOPE_BY_PEAK, &rows, &error) == 0)
        mt_scopes_rows_free(rows);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(profile);
}

/* Whatever is found holds the address. */
static void ask(struct mt_ledger *ledger) {
    for (uint64_t i = 0; i < 24; i++) {
        struct mt_block_search found;
        struct mt_error error;
        uint64_t from, to, address = BLOCKS_BASE + (i < 20 ? (i * 67 << 3) + i : i << 24);
        if (mt_ledger_blocks_find(ledger, address, &found) != 0 || found.holder.address == 0)
            continue;
        if (found.holder.address > address || address - found.holder.address > found.holder.bytes)
            abort();
        mt_ledger_blocks_era_range(ledger, found.holder.era, &from, &to, &error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static struct fixture f;
    if (!f.image)
        build(&f);
    int fd = memfd_create("fuzz.ledger", MFD_CLOEXEC);
    if (fd < 0 || write(fd, f.image, f.bytes) != (ssize_t)f.bytes)
        abort();
    patch(&f, fd, input, bytes);
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct mt_ledger *ledger;
    struct mt_error error;
    if (mt_ledger_open_fd(fd, path, &ledger, &error) == 0) {
        mt_ledger_cut_begin(ledger, &error);
        convert(ledger);
        mt_ledger_cut_end(ledger);
        ask(ledger);
        mt_ledger_close(ledger);
    }
    munmap(mapped, 4096);
    return 0;
}
