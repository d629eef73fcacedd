/* SPDX-License-Identifier: MIT */
/* memtrack list --verify: a ledger whose parts fit is sound, and each way in which they can fail to
 * is found and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "ledger/verify.h"

enum { BLOCKS = 3, BYTES = 40, NODE = MT_NODE_FIRST };

struct built {
    struct fixture f;
    struct mt_region *region;
    struct mt_group *group;
};

/* Two call paths, of which the second is a scope below the first; three live blocks, and one that
 * is gone. */
static void build(struct built *b) {
    struct fixture *f = &b->f;
    fixture_setup(f);
    size_t used = f->bytes, regions = sizeof(struct mt_region) * MT_REGIONS_PER_LEAF;
    f->bytes += fixture_pages(regions) + 4096 * 5;
    char *image = aligned_alloc(4096, f->bytes), *old = f->image;
    memset(image, 0, f->bytes);
    memcpy(image, old, used);
    f->header = (struct mt_ledger_header *)image;
    f->nodes = (struct mt_node *)(image + ((char *)f->nodes - old));
    f->sites = (struct mt_site *)(image + ((char *)f->sites - old));
    f->banks = (struct mt_bank *)(image + ((char *)f->banks - old));
    f->modules = (struct mt_module *)(image + ((char *)f->modules - old));
    f->threads = (struct mt_thread_row *)(image + ((char *)f->threads - old));
    f->image = image;
    free(old);
    f->header->segment[0].bytes = f->header->file_bytes = f->bytes;
    f->threads[1] = (struct mt_thread_row){0}; /* the others: there are none */
    f->banks[1].thread = 2;
    b->region = fixture_extent(f, MT_EXTENT_REGIONS, &used, regions);
    struct mt_name *names =
        fixture_extent(f, MT_EXTENT_NAMES, &used, sizeof(struct mt_name) * MT_NAMES_PER_CHUNK);
    b->group = (struct mt_group *)(f->image + used);
    names[1] = (struct mt_name){.text = fixture_address(f, b->group + 8), .bytes = 4};
    f->header->n_names = 2;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    fixture_node(f, node, 1, MT_NODE_MODULE_SCOPE);
    f->header->control.epoch = 9;
    struct mt_site *site = fixture_site(f, node + 1, BLOCKS + 1, BYTES);
    site->origin = 2;
    site->at_peak.epoch = 8;
    fixture_free(site, 1, BYTES);
    f->banks[1].counters.live_bytes -= BYTES;
    b->region->groups = fixture_address(f, b->group);
    b->region->n_groups = 1;
    b->region->used = BLOCKS;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        b->group->tags[0] |= (i * 8 + 1) << (16 * i);
        b->group->entry[i] = (uint64_t)BYTES << MT_ENTRY_BYTES_SHIFT | 1;
    }
}

static struct mt_verdict verify(struct built *b) {
    struct mt_ledger *ledger;
    struct mt_verdict verdict;
    fixture_write(&b->f);
    assert_int_equal(mt_ledger_open(b->f.path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_verify(ledger, &verdict, NULL), 0);
    mt_ledger_close(ledger);
    return verdict;
}

static void what_fits_is_sound(void **state) {
    (void)state;
    struct built b;
    build(&b);
    struct mt_verdict v = verify(&b);
    assert_string_equal(v.first, "");
    assert_int_equal(v.n_faults, 0);
    assert_true(v.sums_checked);
    assert_true(v.n_checked > 10);
    fixture_teardown(&b.f);
}

#define BREAK(name, text, ...)                                                                     \
    static const char *name(struct built *b) {                                                     \
        struct fixture *f = &b->f;                                                                 \
        (void)f;                                                                                   \
        __VA_ARGS__;                                                                               \
        return text;                                                                               \
    }

BREAK(parent_after, "its parent was made after it", f->nodes[NODE].parent = NODE + 1)
BREAK(below_lossy, "it lies below the path of what found no room",
      f->nodes[NODE].parent = MT_NODE_LOSSY)
BREAK(no_module, "its module is not there",
      f->nodes[NODE].key |= UINT64_C(77) << MT_NODE_MODULE_SHIFT)
BREAK(no_label_name, "its name is not there", f->nodes[NODE + 1].key += 5)
BREAK(address_below_label, "it is an address below a label", fixture_node(f, NODE + 1, 0x401000, 1))
BREAK(no_path, "its call path is not there", f->sites[1].node = 5000)
BREAK(no_bank, "the bank that writes it is not there", f->sites[1].bank = 3)
BREAK(no_thread, "the thread that allocated is not there", f->sites[1].origin = 3)
BREAK(no_class, "there is no such size class", f->sites[1].size_class = 65)
BREAK(later_peak, "it was saved at a peak that is still to come", f->sites[1].at_peak.epoch = 10)
BREAK(too_live, "more is live than was ever allocated", f->sites[1].counters.allocated_bytes = 1)
BREAK(too_temporary, "more blocks were temporary than freed",
      f->sites[1].counters.temporary_blocks = 2)
BREAK(negative_most, "the most that it held is below zero", f->sites[1].max_bytes = -1)
BREAK(bank_of_nobody, "its thread is not there", f->banks[1].thread = 9)
BREAK(endless_name, "its name has no end",
      memset(f->threads[2].name, 'x', sizeof f->threads[2].name))
BREAK(many_under_one, "it stands for several threads under the name of one",
      f->threads[2].n_threads = 2)
BREAK(others_with_bank, "it is of many threads, or of one", f->threads[1].n_threads = 2;
      f->threads[1].bank = 1)
BREAK(no_addresses, "it has no addresses", f->modules[1].end = f->modules[1].start)
BREAK(long_build_id, "its build id is too long", f->modules[2].build_id_bytes = 33)
BREAK(bank_differs, "sites hold 120 live bytes, and threads 121", f->banks[1].counters.live_bytes++)
BREAK(outside, "a block lies outside of it", b->group->tags[0] |= UINT64_C(0xffff) << 48;
      b->region->used++)
BREAK(twice, "a block is there twice", b->group->tags[0] |= UINT64_C(1) << 48; b->region->used++)
BREAK(no_site, "the site of a block is not there", b->group->entry[2] += 1)
BREAK(miscounted, "it does not have as many blocks as it says", b->region->used++)
BREAK(lost_way, "a group does not know how many blocks went past it",
      b->group->tags[1] |= UINT64_C(1) << 32)
BREAK(lost_blocks, "3 blocks that sites have counted as live are not there", b->group->tags[0] = 0;
      b->region->used = 0)
BREAK(uncounted_block, "1 live blocks are there that no site has counted",
      b->group->tags[0] |= UINT64_C(99) << 48;
      b->group->entry[3] = b->group->entry[0]; b->region->used++)
BREAK(other_size, "1 call paths have as many live blocks as they have counted, of other sizes",
      b->group->entry[1] += UINT64_C(2) << MT_ENTRY_BYTES_SHIFT)
BREAK(table_nowhere, "its table lies outside of the ledger", b->region->groups += UINT64_C(1) << 40)
BREAK(extent_kind, "there is no such kind", f->header->extent[0].kind = 99)
BREAK(shared_address, "two extents share the address",
      f->header->extent[1].address = f->header->extent[0].address + 8)
BREAK(short_segment, "they are not what the file is said to hold", f->header->file_bytes -= 4096)

static void each_fault_is_found(void **state) {
    (void)state;
    static const char *(*const breaks[])(struct built *) = {
        parent_after,
        below_lossy,
        no_module,
        no_label_name,
        address_below_label,
        no_path,
        no_bank,
        no_thread,
        no_class,
        later_peak,
        too_live,
        too_temporary,
        negative_most,
        bank_of_nobody,
        endless_name,
        many_under_one,
        others_with_bank,
        no_addresses,
        long_build_id,
        bank_differs,
        outside,
        twice,
        no_site,
        miscounted,
        lost_way,
        lost_blocks,
        uncounted_block,
        other_size,
        table_nowhere,
        extent_kind,
        shared_address,
        short_segment,
    };
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct built b;
        build(&b);
        const char *text = breaks[i](&b);
        struct mt_verdict v = verify(&b);
        if (v.n_faults == 0 || strstr(v.first, text) == NULL)
            fail_msg("%s: found instead: %s", text, v.first);
        fixture_teardown(&b.f);
    }
}

/* Of a thread that was killed inside of an event, one block may be on either side. */
static void an_event_may_be_half_done(void **state) {
    (void)state;
    struct built b;
    build(&b);
    lost_blocks(&b);
    assert_int_equal(verify(&b).n_faults,
                     1); /* two banks can have one each out of the table, in realloc */
    b.f.banks[1].sequence = 1;
    assert_int_equal(verify(&b).n_faults, 0);
    b.f.banks[1].sequence = 2;
    b.f.banks[2].rare.interrupted = 1;
    assert_int_equal(verify(&b).n_faults, 0);
    fixture_teardown(&b.f);
}

/* Such an event counts in one region at most a block that is not in it, or not any more. */
static void half_an_event_is_in_one_region(void **state) {
    (void)state;
    struct built b;
    build(&b);
    miscounted(&b);
    lost_way(&b);
    b.f.banks[1].sequence = 1;
    assert_int_equal(verify(&b).n_faults, 0);
    struct mt_region *other = b.region + 1;
    *other = *b.region; /* the same blocks, 64 KiB further on */
    for (int i = 0; i < 3; i++)
        b.f.sites[1].counters.allocated_blocks++;
    struct mt_verdict v = verify(&b);
    assert_true(v.n_faults > 0);
    assert_non_null(strstr(v.first, "it does not have as many blocks as it says"));
    fixture_teardown(&b.f);
}

/* A process that was killed in memtrack_clear_traces, right after clear_epoch was put forward. */
static void half_a_clear_is_a_clear(void **state) {
    (void)state;
    struct built b;
    build(&b);
    b.f.header->control.clear_epoch = b.f.header->control.epoch + 1000;
    b.f.banks[1].sequence = 1;
    struct mt_verdict v = verify(&b);
    assert_string_equal(v.first, "");
    struct mt_ledger *ledger;
    struct mt_ledger_totals totals;
    assert_int_equal(mt_ledger_open(b.f.path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_totals(ledger, &totals), 0);
    assert_int_equal(totals.current_bytes, 0);
    assert_int_equal(totals.peak_bytes, 0);
    assert_int_equal(totals.flags & MT_FLAG_CLEARED, MT_FLAG_CLEARED);
    mt_ledger_close(ledger);
    fixture_teardown(&b.f);
}

/* Whatever is in it, it is survived. */
static void noise_is_survived(void **state) {
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 200; round++) {
        struct built b;
        build(&b);
        for (int change = 0; change < 40; change++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            size_t at = 16 + (random >> 20) % (b.f.bytes - 24);
            memcpy(b.f.image + at, &random, random >> 61);
        }
        struct mt_ledger *ledger;
        struct mt_verdict verdict;
        fixture_write(&b.f);
        if (mt_ledger_open(b.f.path, &ledger, NULL) == 0) {
            mt_ledger_verify(ledger, &verdict, NULL);
            mt_ledger_close(ledger);
        }
        fixture_teardown(&b.f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_sound),
        cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(an_event_may_be_half_done),
        cmocka_unit_test(half_an_event_is_in_one_region),
        cmocka_unit_test(half_a_clear_is_a_clear),
        cmocka_unit_test(noise_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
