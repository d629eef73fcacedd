/* SPDX-License-Identifier: MIT */
/* Which live block holds an address: in regions, in the table of big blocks, and in tables that
 * lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "ledger/blocks.h"
#include "profile/ledger/ages.h"

#define LEAF    UINT64_C(42)
#define AREA    (LEAF << MT_LEAF_SHIFT) /* the first address of its regions */
#define REGION  (UINT64_C(1) << MT_REGION_SHIFT)
#define N_BIG   16
#define FAR_OFF (UINT64_C(0x7000) << 32) /* in no region */

struct blocks {
    struct fixture f;
    struct mt_region *regions; /* in the unused half of the nodes' chunk */
    struct mt_group *next_group;
    struct mt_big_block *big;
    struct mt_ledger *ledger;
};

static int setup(void **state) {
    struct blocks *b = calloc(1, sizeof *b);
    fixture_setup(&b->f);
    struct mt_ledger_header *h = b->f.header;
    b->regions = (struct mt_region *)(b->f.nodes + MT_NODES_PER_CHUNK / 2);
    b->next_group = (struct mt_group *)(b->regions + MT_REGIONS_PER_LEAF);
    b->big = (struct mt_big_block *)(b->f.sites + MT_SITES_PER_CHUNK / 2);
    h->extent[h->n_extents++] =
        (struct mt_extent){fixture_address(&b->f, b->regions),
                           sizeof *b->regions * MT_REGIONS_PER_LEAF, MT_EXTENT_REGIONS, LEAF};
    h->extent[h->n_extents++] = (struct mt_extent){fixture_address(&b->f, b->big + N_BIG),
                                                   N_BIG * sizeof *b->big, MT_EXTENT_BIG, 0};
    h->extent[h->n_extents++] = (struct mt_extent){fixture_address(&b->f, b->big),
                                                   N_BIG * sizeof *b->big, MT_EXTENT_BIG, 1};
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct blocks *b = *state;
    mt_ledger_close(b->ledger);
    fixture_teardown(&b->f);
    free(b);
    return 0;
}

/* Into the first free place of the region's two groups. */
static void put(struct blocks *b, uint64_t address, uint64_t bytes, mt_site_id site, uint32_t era) {
    struct mt_region *r = &b->regions[(address >> MT_REGION_SHIFT) % MT_REGIONS_PER_LEAF];
    if (!r->n_groups) {
        r->groups = fixture_address(&b->f, b->next_group);
        r->n_groups = 2;
        b->next_group += 2;
    }
    struct mt_group *g =
        (struct mt_group *)(b->f.image + (r->groups - FIXTURE_BASE)) + r->used / MT_GROUP_ENTRIES;
    uint32_t i = r->used++ % MT_GROUP_ENTRIES;
    g->tags[i >> 2] |= (((address >> 3) & 8191) + 1) << (16 * (i & 3));
    g->entry[i] = bytes << MT_ENTRY_BYTES_SHIFT | (uint64_t)era << MT_ENTRY_ERA_SHIFT | site;
}

static void open_it(struct blocks *b) {
    fixture_write(&b->f);
    assert_int_equal(mt_ledger_open(b->f.path, &b->ledger, NULL), 0);
}

static struct mt_block_search find(struct blocks *b, uint64_t address) {
    struct mt_block_search found;
    assert_int_equal(mt_ledger_blocks_find(b->ledger, address, &found), 0);
    return found;
}

static void holds(struct blocks *b, uint64_t address, uint64_t begin, uint64_t bytes,
                  mt_site_id site, uint32_t era) {
    struct mt_live_block found = find(b, address).holder;
    assert_int_equal(found.address, begin);
    assert_int_equal(found.bytes, bytes);
    assert_int_equal(found.site, site);
    assert_int_equal(found.era, era);
}

static void finds_interior_pointers(void **state) {
    struct blocks *b = *state;
    uint64_t first = AREA + 3 * REGION + 0x100;
    for (uint32_t i = 0; i < 8; i++) /* more than a group holds */
        put(b, first + i * 0x40, 0x30, 1 + i, 100 + i);
    open_it(b);
    holds(b, first, first, 0x30, 1, 100);
    holds(b, first + 7 * 0x40 + 0x2f, first + 7 * 0x40, 0x30, 8, 107);
    struct mt_block_search gap = find(b, first + 0x40 + 0x30);
    assert_int_equal(gap.holder.address, 0);
    assert_int_equal(gap.before.address, first + 0x40);
    assert_int_equal(gap.after.address, first + 0x80);
    assert_int_equal(find(b, first - 1).before.address, 0);
    assert_int_equal(find(b, first - 1).after.address, first);
    assert_int_equal(mt_ledger_damage(b->ledger), 0);
}

static void finds_the_beginning_in_an_earlier_region(void **state) {
    struct blocks *b = *state;
    uint64_t begin = AREA + REGION + 16;
    put(b, begin, MT_ENTRY_MAX_BYTES - 1, 5, 9);
    open_it(b);
    holds(b, begin + MT_ENTRY_MAX_BYTES - 2, begin, MT_ENTRY_MAX_BYTES - 1, 5, 9);
    assert_int_equal(find(b, begin + MT_ENTRY_MAX_BYTES - 1).holder.address, 0);
    assert_int_equal(find(b, begin + MT_ENTRY_MAX_BYTES - 1).before.address, begin);
    assert_int_equal(find(b, AREA + REGION * (MT_REGIONS_PER_LEAF - 1)).before.address,
                     0); /* out of reach */
}

static void blocks_of_no_bytes(void **state) {
    struct blocks *b = *state;
    put(b, AREA + 0x20, 0, 3, 0);
    open_it(b);
    holds(b, AREA + 0x20, AREA + 0x20, 0, 3, 0);
    assert_int_equal(find(b, AREA + 0x21).holder.address, 0);
    assert_int_equal(find(b, AREA + 0x21).before.address, AREA + 0x20);
}

static void finds_big_blocks(void **state) {
    struct blocks *b = *state;
    b->big[3] = (struct mt_big_block){FAR_OFF + 16, UINT64_C(1) << 33, 7, 12};
    b->big[4] = (struct mt_big_block){1, 50, 7, 12}; /* deleted */
    b->big[5] = (struct mt_big_block){FAR_OFF + (UINT64_C(1) << 34) + 3, 10, 8, 13};
    b->big[N_BIG + 1] =
        (struct mt_big_block){FAR_OFF - 4096, 100, 9, 1}; /* of a table that is out of force */
    put(b, AREA + 64, 32, 1, 1);
    b->big[6] = (struct mt_big_block){AREA + 96, UINT64_C(20) << 20, 2, 2}; /* above a small one */
    open_it(b);
    holds(b, FAR_OFF + 16, FAR_OFF + 16, UINT64_C(1) << 33, 7, 12);
    holds(b, FAR_OFF + (UINT64_C(1) << 33) + 15, FAR_OFF + 16, UINT64_C(1) << 33, 7, 12);
    holds(b, FAR_OFF + (UINT64_C(1) << 34) + 12, FAR_OFF + (UINT64_C(1) << 34) + 3, 10, 8, 13);
    assert_int_equal(find(b, FAR_OFF - 4090).holder.address, 0);
    holds(b, AREA + 70, AREA + 64, 32, 1, 1);
    holds(b, AREA + (UINT64_C(20) << 20), AREA + 96, UINT64_C(20) << 20, 2, 2);
    assert_int_equal(find(b, 1).holder.address, 0);
}

static void finds_nothing_where_nothing_is(void **state) {
    struct blocks *b = *state;
    open_it(b);
    const uint64_t addresses[] = {
        0, 1, 8, AREA, FAR_OFF, MT_ADDRESS_LIMIT - 1, MT_ADDRESS_LIMIT, UINT64_MAX};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct mt_block_search found = find(b, addresses[i]);
        assert_int_equal(found.holder.address | found.before.address | found.after.address, 0);
    }
}

static void survives_tables_that_lie(void **state) {
    struct blocks *b = *state;
    for (size_t i = 0; i < MT_REGIONS_PER_LEAF; i++)
        b->regions[i] =
            (struct mt_region){.groups = i % 3 ? FIXTURE_BASE + i * 64 : UINT64_MAX - 100,
                               .n_groups = i % 2 ? UINT16_MAX : 3};
    memset(b->big, 0xff, N_BIG * sizeof *b->big);
    open_it(b);
    struct mt_block_search found;
    for (uint64_t i = 0; i < MT_REGIONS_PER_LEAF; i += 100)
        assert_int_equal(mt_ledger_blocks_find(b->ledger, AREA + i * REGION + 8, &found), 0);
    assert_int_equal(mt_ledger_blocks_find(b->ledger, UINT64_MAX, &found), 0);
    assert_true(mt_ledger_damage(b->ledger) > 0);
}

static void dates_blocks(void **state) {
    struct blocks *b = *state;
    uint64_t from, to;
    b->f.header->era_seen[10] = b->f.header->era_seen[25] = 1;
    open_it(b);
    assert_int_equal(mt_ledger_blocks_era_range(b->ledger, 10, &from, &to, NULL), 0);
    assert_int_equal(from, 10 * MT_ERA_UNIT_NS);
    assert_int_equal(to, 26 * MT_ERA_UNIT_NS);
    assert_int_equal(mt_ledger_blocks_era_range(b->ledger, 25, &from, &to, NULL), 0);
    assert_int_equal(from, 25 * MT_ERA_UNIT_NS);
    assert_true(to == UINT64_MAX);
    assert_int_equal(mt_ledger_blocks_era_range(b->ledger, MT_ERAS - 1, &from, &to, NULL), 0);
    assert_true(to == UINT64_MAX);
}

static void assert_age(const struct mt_age *age, uint64_t from, uint64_t to, uint64_t bytes,
                       uint64_t blocks) {
    assert_true(age->from_ns == from && age->to_ns == to);
    assert_int_equal(age->bytes, bytes);
    assert_int_equal(age->blocks, blocks);
}

static struct mt_profile *take_ages(struct blocks *b) {
    struct mt_profile *profile = mt_profile_new();
    open_it(b);
    assert_int_equal(mt_ledger_ages_take(b->ledger, profile, NULL), 0);
    return profile;
}

static void sums_blocks_by_age(void **state) {
    struct blocks *b = *state;
    b->f.header->era_seen[3] = b->f.header->era_seen[10] = b->f.header->era_seen[25] = 1;
    b->f.header->control.clear_era = 5;
    put(b, AREA + 64, 999, 1, 3); /* cleared */
    put(b, AREA + 512, 32, 1, 10);
    put(b, AREA + 1024, 8, 2, 25);
    put(b, AREA + 2 * REGION, 100, 2, 10);
    b->big[3] = (struct mt_big_block){FAR_OFF + 16, UINT64_C(1) << 33, 7, 25};
    b->big[4] = (struct mt_big_block){1, 50, 7, 12}; /* deleted */
    b->big[5] = (struct mt_big_block){UINT64_C(1) << MT_DOMAIN_SHIFT | 7, 5, 7, 10};
    struct mt_profile *p = take_ages(b);
    assert_int_equal(p->info.n_ages, 2);
    assert_age(&p->info.ages[0], 10 * MT_ERA_UNIT_NS, 26 * MT_ERA_UNIT_NS, 137, 3);
    assert_age(&p->info.ages[1], 25 * MT_ERA_UNIT_NS, UINT64_MAX, (UINT64_C(1) << 33) + 8, 2);
    mt_profile_free(p);
}

/* However many eras there are, and nothing is lost when they are put together. */
static void ages_are_few(void **state) {
    enum { STRIDE = 3, N = 600 };
    struct blocks *b = *state;
    for (uint32_t i = 0; i < N; i++) {
        b->f.header->era_seen[i * STRIDE] = 1;
        put(b, AREA + i / 12 * REGION + i % 12 * 64, i + 1, 7, i * STRIDE);
    }
    struct mt_profile *p = take_ages(b);
    uint64_t bytes = 0, blocks = 0, last = 0;
    assert_true(p->info.n_ages > 0 && p->info.n_ages <= MT_PROFILE_AGES);
    for (size_t i = 0; i < p->info.n_ages; i++) {
        bytes += p->info.ages[i].bytes;
        blocks += p->info.ages[i].blocks;
        assert_true(i == 0 || p->info.ages[i].from_ns > last);
        last = p->info.ages[i].from_ns;
    }
    assert_int_equal(blocks, N);
    assert_int_equal(bytes, N * (N + 1) / 2);
    mt_profile_free(p);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(finds_interior_pointers),
        TEST(finds_the_beginning_in_an_earlier_region),
        TEST(blocks_of_no_bytes),
        TEST(finds_big_blocks),
        TEST(finds_nothing_where_nothing_is),
        TEST(survives_tables_that_lie),
        TEST(dates_blocks),
        TEST(sums_blocks_by_age),
        TEST(ages_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
