/* SPDX-License-Identifier: MIT */
/*
 * The table of live blocks is made to be asked for the beginning of a block. For an address inside
 * of one, the regions are searched downwards until one has a block that begins at or below the
 * address: blocks do not overlap, so that block holds the address or none does. Blocks of 16 MiB
 * and more are in a table of their own, and so are those of domains. Those may hold blocks of
 * malloc and of each other, as a mapping does, or lie in one of malloc's, as the objects of a pool
 * do: of several that hold the address the smallest is meant.
 */
#include "track/whois.h"

#include "track/ground/state.h"
#include "track/live/live.h"
#include "track/tables/identities.h"
#include "track/tables/paths.h"
#include "track/tables/sites.h"

#include <time.h>

enum { REGIONS = (MT_ENTRY_MAX_BYTES >> MT_REGION_SHIFT) + 1 };

struct found {
    uint64_t begin;
    struct mt_live_entry entry;
    mt_name_id domain; /* 0: malloc */
};

/* Looks for the last block of the region that begins at or below limit. */
static void search_region(const struct mt_region *r, uint64_t base, uint64_t limit,
                          struct found *found) {
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct mt_group *g = mt_live_group(r, i);
        for (uint32_t j = 0; j < MT_GROUP_ENTRIES; j++) {
            uint64_t tag = g->tags[j >> 2] >> (16 * (j & 3)) & 0xffff, begin = base + (tag - 1) * 8;
            if (tag != 0 && begin <= limit && (found->entry.site == 0 || begin > found->begin))
                *found = (struct found){begin, mt_live_decode(g->entry[j]), 0};
        }
    }
}

static struct found find_small(struct mt_thread *t, uint64_t address) {
    struct found found = {0};
    uint64_t region = address >> MT_REGION_SHIFT;
    for (uint32_t i = 0; i < REGIONS && i <= region && found.entry.site == 0; i++) {
        uint64_t base = (region - i) << MT_REGION_SHIFT;
        struct mt_region *r = mt_live_region(base, false);
        bool alone = mt_state_is_alone();
        if (r == NULL || (!alone && !mt_live_lock(t, r)))
            continue;
        search_region(r, base, address, &found);
        if (!alone)
            mt_live_unlock(r);
    }
    return found;
}

static bool holds(const struct found *f, uint64_t address) {
    return f->entry.site != 0 && f->entry.era >= mt_state.header->control.clear_era &&
           (address - f->begin < f->entry.bytes || address == f->begin);
}

/* Returns the smallest of the big blocks that holds the address and is smaller than best; or else
 * best. */
static struct found find_big(uint64_t address, struct found best) {
    if (!mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return best;
    for (uint32_t i = 0; i < mt_live_big.capacity; i++) {
        const struct mt_big_block *b = &mt_live_big.block[i];
        uint64_t begin = b->address & MT_NODE_ADDRESS_MASK;
        struct found f = {
            begin, {b->bytes, b->site, b->era}, (mt_name_id)(b->address >> MT_DOMAIN_SHIFT)};
        if (b->address > 1 && begin <= address && holds(&f, address) &&
            (best.entry.site == 0 || f.entry.bytes < best.entry.bytes))
            best = f;
    }
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
    return best;
}

static void fill_age(memtrack_block *out, uint32_t era) {
    const struct mt_ledger_header *h = mt_state.header;
    uint64_t now = mt_os_clock_ns(CLOCK_MONOTONIC) - h->start_monotonic_ns;
    uint32_t next = era + 1;
    while (next < MT_ERAS && !h->era_seen[next])
        next++;
    uint64_t begin = mt_era_begin_ns(era), end = next < MT_ERAS ? mt_era_begin_ns(next + 1) : now;
    out->most_age_ns = now > begin ? now - begin : 0;
    out->least_age_ns = now > end ? now - end : 0;
}

bool mt_whois(struct mt_thread *t, uint64_t address, memtrack_block *out) {
    if (address >= MT_ADDRESS_LIMIT)
        return false;
    struct found f = find_small(t, address);
    f = find_big(address, holds(&f, address) ? f : (struct found){0});
    if (f.entry.site == 0)
        return false;
    const struct mt_site *s = mt_sites_at(f.entry.site);
    out->address = (const void *)f.begin;
    out->bytes = f.entry.bytes;
    out->domain = f.domain;
    out->thread_id = mt_identities_tid(s->origin);
    out->n_frames = mt_paths_addresses(s->node, out->frames, MEMTRACK_BLOCK_FRAMES);
    fill_age(out, f.entry.era);
    return true;
}
