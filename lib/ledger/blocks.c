/* SPDX-License-Identifier: MIT */
/*
 * Which live block holds an address. Blocks do not overlap, so only the one that begins last at or
 * before the address can, and it begins less than MT_BLOCK_REACH before: larger ones are in the
 * table of big blocks. That has the blocks of domains, too, under addresses with the domain above:
 * mappings, which may hold blocks of malloc, and the objects of pools, which may lie in one.
 *
 *   address ─► leaf ─► its region, then those below (above) one by one
 *                       ─► the first that has a block at or below (above)
 *          └─► every big block
 *
 * The process runs on meanwhile. A region's table is taken for good when the region still names it
 * afterwards; else it is read again, a few times. A block that moves within its table while that is
 * read can be missed, or seen twice: the answer is of a moment at which it was being freed or
 * allocated.
 *
 * A hostile table costs no more than its reading: at most 1024 regions of at most 256 KiB, and the
 * big blocks that the file has room for.
 */
#include "ledger/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger-local.h"

enum {
    MAX_GROUPS = 4096, /* a region has 8192 keys; the writer's largest table is smaller */
    KEYS = 8192,
    TRIES = 4,
    BIG_PIECE = 512, /* big blocks read at once */
    REGION_REACH = (int)(MT_BLOCK_REACH >> MT_REGION_SHIFT),
};

struct search {
    struct mt_ledger *ledger;
    /* all blocks are asked for: what follows about an address is not used */
    void (*take)(void *context, const struct mt_live_block *block);
    void *context;
    uint64_t address;
    struct mt_group *groups;   /* MAX_GROUPS */
    struct mt_region *regions; /* address of the leaf below */
    uint64_t leaf;             /* the leaf that regions holds; UINT64_MAX: none */
    bool has_leaf;
    struct mt_live_block below;  /* the block that begins last at or before the address */
    struct mt_live_block above;  /* the block that begins first after it */
    struct mt_live_block around; /* the smallest block of a domain that holds the address */
};

static void consider(struct search *s, const struct mt_live_block *block) {
    if (block->era < s->ledger->info.control.clear_era)
        return; /* the program has cleared what was recorded before */
    if (block->address == 0 || block->site == 0)
        return;
    if (s->take)
        s->take(s->context, block);
    else if (block->address <= s->address) {
        if (s->below.address == 0 || block->address > s->below.address)
            s->below = *block;
    } else if (s->above.address == 0 || block->address < s->above.address)
        s->above = *block;
}

static bool holds(const struct mt_live_block *block, uint64_t address) {
    return block->address != 0 &&
           (address == block->address || address - block->address < block->bytes);
}

/* What the domain tracks by this number may be an address. */
static void consider_domain(struct search *s, struct mt_live_block block) {
    block.domain = (uint32_t)(block.address >> MT_DOMAIN_SHIFT);
    block.address &= MT_NODE_ADDRESS_MASK;
    if (s->take)
        consider(s, &block);
    if (s->take || block.era < s->ledger->info.control.clear_era || block.site == 0 ||
        block.address > s->address || !holds(&block, s->address))
        return;
    if (s->around.address == 0 || block.bytes < s->around.bytes)
        s->around = block;
}

/* ---- regions --------------------------------------------------------------------------------- */

static bool load_leaf(struct search *s, uint64_t leaf) {
    if (s->leaf == leaf)
        return s->has_leaf;
    s->leaf = leaf;
    s->has_leaf = false;
    for (size_t i = 0; i < s->ledger->file.n_leaves && !s->has_leaf; i++) {
        if (s->ledger->file.leaves[i].index != leaf)
            continue;
        mt_ledger_file_read(&s->ledger->file, s->ledger->file.leaves[i].offset, s->regions,
                            MT_REGIONS_PER_LEAF * sizeof *s->regions);
        s->has_leaf = true;
    }
    return s->has_leaf;
}

/* Reads the region as it is now. */
static bool read_region(struct search *s, uint64_t number, struct mt_region *out) {
    size_t index = number % MT_REGIONS_PER_LEAF;
    for (size_t i = 0; i < s->ledger->file.n_leaves; i++)
        if (s->ledger->file.leaves[i].index == number / MT_REGIONS_PER_LEAF) {
            mt_ledger_file_read(&s->ledger->file,
                                s->ledger->file.leaves[i].offset + index * sizeof *out, out,
                                sizeof *out);
            return true;
        }
    return false;
}

static void consider_group(struct search *s, uint64_t base, const struct mt_group *group) {
    for (uint32_t i = 0; i < MT_GROUP_ENTRIES; i++) {
        uint64_t tag = group->tags[i >> 2] >> (16 * (i & 3)) & 0xffff, entry = group->entry[i];
        if (tag == 0 || tag > KEYS)
            continue;
        consider(s, &(struct mt_live_block){.address = base + ((tag - 1) << 3),
                                            .bytes = entry >> MT_ENTRY_BYTES_SHIFT,
                                            .site = (mt_site_id)(entry & MT_ENTRY_SITE_MASK),
                                            .era = (uint32_t)(entry >> MT_ENTRY_ERA_SHIFT) &
                                                   (MT_ERAS - 1)});
    }
}

/* Looks at every block of the region. */
static void search_region(struct search *s, uint64_t number) {
    struct mt_region region, again;
    if (!load_leaf(s, number / MT_REGIONS_PER_LEAF))
        return;
    region = s->regions[number % MT_REGIONS_PER_LEAF];
    for (int i = 0; i < TRIES && region.n_groups; i++) {
        size_t n = region.n_groups <= MAX_GROUPS ? region.n_groups : MAX_GROUPS;
        if (s->ledger->info.private_bytes != 0 &&
            !mt_ledger_file_holds(&s->ledger->file, region.groups))
            return; /* the table is in the process's own memory, because the file was full */
        mt_ledger_read_address(s->ledger, region.groups, s->groups, n * sizeof *s->groups);
        if (!read_region(s, number, &again))
            return;
        if (again.groups == region.groups && again.n_groups == region.n_groups) {
            for (size_t j = 0; j < n; j++)
                consider_group(s, number << MT_REGION_SHIFT, &s->groups[j]);
            return;
        }
        region = again;
    }
}

static void search_regions(struct search *s) {
    uint64_t own = s->address >> MT_REGION_SHIFT, last = (MT_ADDRESS_LIMIT - 1) >> MT_REGION_SHIFT;
    if (own > last)
        return;
    search_region(s, own);
    for (uint64_t i = 1; i <= (uint64_t)REGION_REACH && i <= own && s->below.address == 0; i++)
        search_region(s, own - i);
    for (uint64_t i = 1; i <= (uint64_t)REGION_REACH && own + i <= last && s->above.address == 0;
         i++)
        search_region(s, own + i);
}

/* ---- big blocks ------------------------------------------------------------------------------ */

static void consider_big(struct search *s, const struct mt_big_block *big) {
    struct mt_live_block block = {.address = big->address,
                                  .bytes = big->bytes,
                                  .site = big->site,
                                  .era = big->era & (MT_ERAS - 1)};
    if (big->address >> MT_DOMAIN_SHIFT != 0)
        consider_domain(s, block);
    else
        consider(s, &block);
}

static void search_big(struct search *s) {
    struct mt_big_block piece[BIG_PIECE];
    uint64_t n = s->ledger->file.big.bytes / sizeof *piece;
    for (uint64_t first = 0; first < n; first += BIG_PIECE) {
        size_t here = n - first < BIG_PIECE ? (size_t)(n - first) : BIG_PIECE;
        mt_ledger_file_read(&s->ledger->file, s->ledger->file.big.offset + first * sizeof *piece,
                            piece, here * sizeof *piece);
        for (size_t i = 0; i < here; i++)
            if (piece[i].address > 1) /* 1: deleted */
                consider_big(s, &piece[i]);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_near(const struct mt_live_block *block, uint64_t address) {
    uint64_t distance =
        block->address > address ? block->address - address : address - block->address;
    return block->address != 0 &&
           (distance <= MT_BLOCK_REACH || distance <= block->bytes + MT_BLOCK_REACH);
}

int mt_ledger_blocks_find(struct mt_ledger *ledger, uint64_t address, struct mt_block_search *out) {
    struct search s = {.ledger = ledger, .address = address, .leaf = UINT64_MAX};
    *out = (struct mt_block_search){0};
    s.groups = malloc(MAX_GROUPS * sizeof *s.groups);
    s.regions = malloc(MT_REGIONS_PER_LEAF * sizeof *s.regions);
    if (s.groups && s.regions) {
        search_big(&s);
        /* a big block far below the address must not end the search before it has begun */
        struct mt_live_block big_below = s.below, big_above = s.above;
        s.below = s.above = (struct mt_live_block){0};
        search_regions(&s);
        consider(&s, &big_below);
        consider(&s, &big_above);
    }
    bool has_memory = s.groups && s.regions;
    free(s.groups);
    free(s.regions);
    if (!has_memory)
        return -MEMTRACK_ENOMEM;
    bool is_in_domain = s.around.address != 0;
    if (holds(&s.below, address) && !(is_in_domain && s.around.bytes < s.below.bytes))
        out->holder = s.below;
    else if (is_in_domain)
        out->holder = s.around;
    else {
        out->before = is_near(&s.below, address) ? s.below : out->before;
        out->after = is_near(&s.above, address) ? s.above : out->after;
    }
    return 0;
}

int mt_ledger_blocks_each(struct mt_ledger *ledger,
                          void (*take)(void *context, const struct mt_live_block *block),
                          void *context) {
    struct search s = {.ledger = ledger, .take = take, .context = context, .leaf = UINT64_MAX};
    s.groups = malloc(MAX_GROUPS * sizeof *s.groups);
    s.regions = malloc(MT_REGIONS_PER_LEAF * sizeof *s.regions);
    bool has_memory = s.groups && s.regions;
    uint64_t damage = ledger->file.damage;
    if (has_memory) {
        search_big(&s);
        for (size_t i = 0; i < ledger->file.n_leaves; i++)
            for (uint64_t r = 0; r < MT_REGIONS_PER_LEAF; r++)
                search_region(&s, ledger->file.leaves[i].index * MT_REGIONS_PER_LEAF + r);
    }
    ledger->file.damage = damage; /* a table may move while it is read, which harms nothing else */
    free(s.groups);
    free(s.regions);
    return has_memory ? 0 : -MEMTRACK_ENOMEM;
}

int mt_ledger_blocks_era_range(struct mt_ledger *ledger, uint32_t era, uint64_t *from_ns,
                               uint64_t *to_ns, struct mt_error *error) {
    struct mt_ledger_header *header = aligned_alloc(64, sizeof *header);
    if (!header)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    int rc = mt_ledger_read_header(ledger, header, error);
    if (rc == 0) {
        uint32_t next = era + 1;
        while (next < MT_ERAS && !header->era_seen[next])
            next++;
        *from_ns = mt_era_begin_ns(era);
        /* a thread reads the era when its event begins and may still enter the block a moment into
         * the next one */
        *to_ns = next < MT_ERAS ? mt_era_begin_ns(next + 1) : UINT64_MAX;
    }
    free(header);
    return rc;
}
