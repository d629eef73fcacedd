/* SPDX-License-Identifier: MIT */
/* What a ledger says becomes a profile whose columns add up, whatever the ledger says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "profile/ledger/convert.h"

static struct mt_profile *convert(struct fixture *f, struct mt_ledger_map *map) {
    struct mt_ledger *ledger = NULL;
    struct mt_profile *profile = NULL;
    struct mt_error error = {{0}, {0}};
    fixture_write(f);
    if (mt_ledger_open(f->path, &ledger, &error) != 0 ||
        mt_ledger_convert_mapped(ledger, &profile, map, &error) != 0)
        fail_msg("%s", error.message);
    mt_ledger_close(ledger);
    return profile;
}

static int64_t sum(const struct mt_profile *p, enum mt_value value) {
    int64_t total = 0;
    for (size_t i = 0; i < p->n_samples; i++) {
        assert_true(p->samples[i].value[value] >= 0 || value == MT_VALUE_WASTE_BYTES);
        total += p->samples[i].value[value];
    }
    return total;
}

/* The promises that hold for every profile. */
static void check_sums(const struct mt_profile *p) {
    const struct mt_totals *t = &p->info.totals;
    assert_int_equal(sum(p, MT_VALUE_LIVE_BYTES), t->live_bytes);
    assert_int_equal(sum(p, MT_VALUE_LIVE_BLOCKS), t->live_blocks);
    assert_int_equal(sum(p, MT_VALUE_PEAK_BYTES), t->peak_bytes);
    assert_int_equal(sum(p, MT_VALUE_PEAK_BLOCKS), t->peak_blocks);
    assert_int_equal(sum(p, MT_VALUE_TOTAL_BYTES), t->total_bytes);
    assert_int_equal(sum(p, MT_VALUE_TOTAL_BLOCKS), t->total_blocks);
    assert_int_equal(sum(p, MT_VALUE_TEMPORARY_BLOCKS), t->temporary_blocks);
    assert_true(t->peak_bytes >= t->live_bytes);
    for (size_t i = 0; i < p->n_samples; i++) {
        const struct mt_sample *s = &p->samples[i];
        assert_true(s->value[MT_VALUE_MAX_BYTES] >= s->value[MT_VALUE_PEAK_BYTES]);
        assert_true(s->first_frame + s->n_frames <= p->n_frames);
        for (uint32_t k = 0; k < s->n_frames; k++)
            assert_true(p->frames[s->first_frame + k] < p->n_locations);
    }
}

static bool has_note(const struct mt_profile *p, const char *part) {
    for (size_t i = 0; i < p->info.n_notes; i++)
        if (strstr(mt_profile_text(p, p->info.notes[i]), part))
            return true;
    return false;
}

static void takes_identity(void **state) {
    struct fixture *f = *state;
    strcpy(f->header->allocator_stat[0].name, "uordblks");
    f->header->allocator_stat[0].value = 42;
    f->header->n_allocator_stats = 1;
    struct mt_profile *p = convert(f, NULL);
    const struct mt_profile_info *info = &p->info;
    assert_true(info->is_memtrack && !info->partial && !info->multithreaded && !info->approximate);
    assert_int_equal(info->pid, 4000000);
    assert_int_equal(info->ppid, 17);
    assert_int_equal(info->start_time_ns, 5000000000);
    assert_string_equal(mt_profile_text(p, info->exe), "/bin/prog");
    assert_string_equal(mt_profile_text(p, info->cwd), "/tmp");
    assert_int_equal(info->n_command, 2);
    assert_string_equal(mt_profile_text(p, info->command[0]), "prog");
    assert_string_equal(mt_profile_text(p, info->command[1]), "-x");
    assert_string_equal(mt_profile_text(p, info->allocator), "glibc");
    assert_string_equal(mt_profile_text(p, info->allocator_path), "/lib/libc.so.6");
    assert_int_equal(info->n_allocator_stats, 1);
    assert_string_equal(mt_profile_text(p, info->allocator_stats[0].name), "uordblks");
    assert_int_equal(info->allocator_stats[0].value, 42);
    assert_int_equal(info->n_threads, 2);
    assert_int_equal(info->threads[0].tid, 101);
    assert_string_equal(mt_profile_text(p, info->threads[1].name), "worker");
    assert_int_equal(info->ledger_bytes, f->bytes);
    assert_int_equal(info->n_notes, 0);
    assert_int_equal(p->n_samples, 0);
    mt_profile_free(p);
}

static void makes_frames_innermost_first(void **state) {
    struct fixture *f = *state;
    mt_node_id outer = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    mt_node_id middle = fixture_node(f, outer, 0x701000, 2);
    mt_node_id inner =
        fixture_node(f, middle, 0x401000, 1); /* the address of the outer node again */
    fixture_site(f, inner, 2, 10);
    fixture_site(f, inner, 1, 1000);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->n_locations, 2);
    assert_int_equal(p->n_frames, 3); /* shared by both samples */
    const struct mt_sample *s = &p->samples[1];
    assert_int_equal(s->n_frames, 3);
    const uint32_t *frames = &p->frames[s->first_frame];
    assert_int_equal(frames[0], frames[2]);
    const struct mt_location *location = &p->locations[frames[1]];
    assert_int_equal(location->address, 0x701000);
    assert_false(location->exact);
    const struct mt_mapping *mapping = &p->mappings[location->mapping - 1];
    assert_string_equal(mt_profile_text(p, mapping->path), "/lib/libx.so");
    assert_int_equal(mapping->bias, 0x700000);
    assert_string_equal(mt_profile_text(p, p->mappings[0].path), "/bin/prog");
    assert_string_equal(mt_profile_text(p, p->mappings[0].build_id), "ab0c");
    assert_int_equal(p->samples[0].size_class, 4);
    assert_int_equal(p->samples[1].size_class, 10);
    assert_string_equal(mt_profile_text(p, s->thread), "101 main");
    assert_string_equal(mt_profile_text(p, s->domain), "malloc");
    check_sums(p);
    mt_profile_free(p);
}

static void tells_exact_addresses_apart(void **state) {
    struct fixture *f = *state;
    mt_node_id call = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    mt_node_id interrupted = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    f->nodes[interrupted].key |= MT_NODE_EXACT;
    fixture_site(f, call, 1, 1);
    fixture_site(f, interrupted, 1, 1);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_locations, 2);
    assert_true(p->locations[1].exact);
    mt_profile_free(p);
}

static void adds_up_what_several_threads_did(void **state) {
    struct fixture *f = *state;
    f->header->flags |= MT_FLAG_THREADS;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    struct mt_site *allocated = fixture_site(f, node, 10, 100);
    allocated->counters.temporary_blocks = 3;
    struct mt_site *freed = fixture_site(f, node, 0, 0);
    freed->bank = 2;
    freed->size_class = allocated->size_class;
    fixture_free(freed, 9, 900);
    struct mt_site *own =
        fixture_site(f, node, 1, 100); /* of the other thread: a sample of its own */
    own->bank = own->origin = 2;
    f->header->control = (struct mt_control){.epoch = 4};
    allocated->at_peak.epoch = 4;
    allocated->at_peak.bytes = 700;
    allocated->at_peak.blocks = 7;
    struct mt_ledger_map map;
    struct mt_profile *p = convert(f, &map);
    assert_int_equal(p->n_samples, 2);
    const int64_t *v = p->samples[0].value;
    assert_int_equal(v[MT_VALUE_LIVE_BYTES], 100);
    assert_int_equal(v[MT_VALUE_LIVE_BLOCKS], 1);
    assert_int_equal(v[MT_VALUE_TOTAL_BYTES], 1000);
    assert_int_equal(v[MT_VALUE_TEMPORARY_BLOCKS], 3);
    assert_int_equal(p->info.totals.peak_bytes, 200);
    assert_int_equal(v[MT_VALUE_MAX_BYTES],
                     200); /* its thread saw 1000, but not what the other one freed */
    assert_string_equal(mt_profile_text(p, p->samples[1].thread), "102 worker");
    assert_int_equal(map.n_records, 4);
    assert_int_equal(map.sample_of_record[0], UINT32_MAX);
    assert_int_equal(map.sample_of_record[1], 0);
    assert_int_equal(map.sample_of_record[2], 0);
    assert_int_equal(map.sample_of_record[3], 1);
    assert_null(map.scale_of_sample);
    check_sums(p);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

static void takes_the_peak_from_saved_values_of_this_epoch(void **state) {
    struct fixture *f = *state;
    f->header->control = (struct mt_control){.epoch = 5, .peak_bytes = 90};
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x401000, 1),
               b = fixture_node(f, MT_NODE_ROOT, 0x402000, 1);
    struct mt_site *changed = fixture_site(f, a, 8, 10), *same = fixture_site(f, b, 4, 10);
    fixture_free(changed, 7, 70);
    changed->at_peak.epoch = 5;
    changed->at_peak.bytes = 50;
    changed->at_peak.blocks = 5;
    same->at_peak.epoch = 4; /* of an earlier peak: what it holds now it held then */
    same->at_peak.bytes = 1000;
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->samples[0].value[MT_VALUE_PEAK_BYTES], 50);
    assert_int_equal(p->samples[0].value[MT_VALUE_PEAK_BLOCKS], 5);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], 10);
    assert_int_equal(p->samples[1].value[MT_VALUE_PEAK_BYTES], 40);
    assert_int_equal(p->info.totals.peak_bytes, 90);
    assert_int_equal(p->info.totals.freed_bytes, 70);
    assert_false(p->info.approximate);
    check_sums(p);
    mt_profile_free(p);
}

/* Several threads: what is live at the end can exceed the peak as published. */
static void never_shows_a_peak_below_live(void **state) {
    struct fixture *f = *state;
    f->header->flags |= MT_FLAG_THREADS;
    f->header->control.epoch = 2;
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    struct mt_site *site = fixture_site(f, a, 8, 10);
    site->at_peak.epoch = 2;
    site->at_peak.bytes = 30;
    site->at_peak.blocks = 3;
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->info.totals.peak_bytes, 80);
    assert_int_equal(p->info.totals.peak_blocks, 8);
    check_sums(p);
    mt_profile_free(p);
}

static void clamps_a_torn_record(void **state) {
    struct fixture *f = *state;
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x401000, 1),
               b = fixture_node(f, MT_NODE_ROOT, 0x402000, 1);
    struct mt_site *torn = fixture_site(f, a, 1, 10);
    fixture_free(torn, 2, 20);
    fixture_site(f, b, 3, 5);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->info.totals.live_bytes, 15);
    assert_int_equal(p->info.totals.live_blocks, 3);
    assert_true(p->info.approximate);
    assert_true(has_note(p, "approximate"));
    check_sums(p);
    mt_profile_free(p);
}

static void keeps_what_has_no_path(void **state) {
    struct fixture *f = *state;
    mt_node_id cut = fixture_node(f, MT_NODE_TRUNCATED, 0x401000, 1);
    fixture_site(f, cut, 3, 8);
    fixture_site(f, MT_NODE_TRUNCATED, 1, 8);
    fixture_site(f, MT_NODE_LOSSY, 5, 8);
    fixture_site(f, MT_NODE_ROOT, 7, 8); /* not in use */
    f->banks[1].rare.lossy_blocks = 5;
    f->banks[1].rare.dropped = 2;
    f->banks[2].rare.unknown_frees = 11;
    f->banks[2].rare.failed = 6;
    f->header->flags |= MT_FLAG_NO_SPACE | MT_FLAG_FORKED;
    f->header->lossy_errno = 28;
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_samples, 3);
    assert_int_equal(p->info.totals.total_blocks, 9);
    assert_int_equal(p->info.totals.failed_allocations, 6);
    assert_int_equal(p->info.coverage.truncated_stacks, 4);
    assert_int_equal(p->info.coverage.lossy_blocks, 5);
    assert_int_equal(p->info.coverage.dropped_events, 2);
    assert_int_equal(p->info.coverage.unknown_frees, 11);
    assert_true(p->samples[0].truncated && p->samples[0].n_frames == 0);
    assert_true(p->samples[1].lossy && p->samples[1].n_frames == 0);
    assert_true(p->samples[2].truncated && p->samples[2].n_frames == 1);
    assert_true(has_note(p, "No space left on device"));
    assert_true(has_note(p, "fork of process 17"));
    assert_true(has_note(p, "11 frees"));
    assert_true(has_note(p, "2 allocations found no room"));
    assert_true(has_note(p, "4 of 9 call paths (44.4%)"));
    assert_false(p->info.approximate);
    check_sums(p);
    mt_profile_free(p);
}

/* 1000 blocks of 512 bytes seen with a period of 1024: each stood for 1 / (1 - e^-0.5) = 2.5415
 * blocks. */
static void scales_what_was_sampled(void **state) {
    struct fixture *f = *state;
    f->header->sample_bytes = 1024;
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x401000, 1),
               b = fixture_node(f, MT_NODE_ROOT, 0x402000, 1);
    fixture_site(f, a, 1000, 512);
    fixture_site(f, b, 1, 1 << 20); /* far above the period: certain to be seen */
    struct mt_ledger_map map;
    struct mt_profile *p = convert(f, &map);
    assert_int_equal(p->samples[0].value[MT_VALUE_TOTAL_BLOCKS], 2541);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], 1301245);
    assert_int_equal(p->samples[1].value[MT_VALUE_LIVE_BYTES], 1 << 20);
    assert_true(map.scale_of_sample[0] > 2.54 && map.scale_of_sample[0] < 2.55);
    assert_int_equal(p->info.sample_bytes, 1024);
    assert_true(has_note(p, "estimate"));
    check_sums(p);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

/* Whatever keeps allocations out of a recording makes it one of a part. */
static void knows_what_is_partial(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t flags;
        uint8_t off;
        bool partial;
    } cases[] = {
        {MT_FLAG_COMPLETE, 0, false},
        {0, 0, true},
        {MT_FLAG_COMPLETE | MT_FLAG_SWITCHED, 0, true},
        {MT_FLAG_COMPLETE | MT_FLAG_CLEARED, 0, true},
        {MT_FLAG_COMPLETE | MT_FLAG_DORMANT, 0, true},
        {MT_FLAG_COMPLETE | MT_FLAG_THREADS | MT_FLAG_USABLE, 0, false},
        {MT_FLAG_COMPLETE, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f->header->flags = cases[i].flags;
        f->header->control.request.off = cases[i].off;
        struct mt_profile *p = convert(f, NULL);
        assert_int_equal(p->info.partial, cases[i].partial);
        mt_profile_free(p);
    }
}

static void has_waste_only_when_measured(void **state) {
    struct fixture *f = *state;
    fixture_site(f, fixture_node(f, MT_NODE_ROOT, 0x401000, 1), 1, 10)->waste_bytes = 14;
    f->banks[1].rare.allocated_usable_bytes = 24;
    struct mt_profile *p = convert(f, NULL);
    assert_false(p->has_value[MT_VALUE_WASTE_BYTES]);
    assert_int_equal(p->info.usable_bytes, 0);
    mt_profile_free(p);
    f->header->flags |= MT_FLAG_USABLE;
    p = convert(f, NULL);
    assert_true(p->has_value[MT_VALUE_WASTE_BYTES]);
    assert_int_equal(sum(p, MT_VALUE_WASTE_BYTES), 14);
    assert_int_equal(p->info.usable_bytes, 24);
    mt_profile_free(p);
}

static void a_process_that_never_allocated_is_whole(void **state) {
    struct fixture *f = *state;
    f->header->n_extents = 0; /* chunks come with what is put into them */
    f->header->n_banks = f->header->n_modules = f->header->n_threads = 1;
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_samples, 0);
    assert_false(p->info.approximate);
    assert_int_equal(p->info.n_notes, 0);
    mt_profile_free(p);
}

static void survives_bad_links(void **state) {
    struct fixture *f = *state;
    mt_node_id self = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    f->nodes[self].parent = self;
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x402000, 1), b = fixture_node(f, a, 0x403000, 1);
    f->nodes[a].parent = b;
    mt_node_id into_cycle = fixture_node(f, a, 0x404000, 1);
    mt_node_id no_parent = fixture_node(f, 123456, 0x405000, 1);
    mt_node_id unwritten = fixture_node(f, MT_NODE_ROOT, 0, 0);
    mt_node_id below = fixture_node(f, unwritten, 0x406000, 1);
    mt_node_id good =
        fixture_node(f, MT_NODE_ROOT, 0x407000, 7000); /* a module that does not exist */
    mt_node_id bad[] = {self, a, b, into_cycle, no_parent, unwritten, below, 999999};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fixture_site(f, bad[i], 1, 16);
    fixture_site(f, good, 1, 16);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_samples, 9);
    assert_int_equal(p->info.totals.live_bytes, 9 * 16);
    size_t n_lossy = 0;
    for (size_t i = 0; i < p->n_samples; i++)
        n_lossy += p->samples[i].lossy;
    assert_int_equal(n_lossy, 8);
    assert_int_equal(p->n_locations, 1);
    assert_int_equal(p->locations[0].mapping, 0);
    assert_true(p->info.approximate);
    check_sums(p);
    mt_profile_free(p);
}

static void accepts_a_child_with_a_lower_id_than_its_parent(void **state) {
    struct fixture *f = *state;
    mt_node_id child = fixture_node(f, MT_NODE_ROOT, 0x401000, 1),
               parent = fixture_node(f, 0, 0x402000, 1);
    f->nodes[child].parent = parent;
    fixture_site(f, child, 1, 16);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->samples[0].n_frames, 2);
    assert_int_equal(p->locations[p->frames[p->samples[0].first_frame]].address, 0x401000);
    mt_profile_free(p);
}

/* Extreme values in every field of a record: sums stay sums. */
static void survives_extreme_counts(void **state) {
    struct fixture *f = *state;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x401000, 1);
    struct mt_site *site = fixture_site(f, node, 1, 16);
    fixture_site(f, node, 1, 500);
    const struct mt_site clean = *site;
    for (size_t at = 0; at < sizeof *site; at += 4)
        for (int i = 0; i < 3; i++) {
            *site = clean;
            memset((char *)site + at, i == 0 ? 0xff : i == 1 ? 0x7f : 0x80, at < 80 ? 8 : 4);
            struct mt_profile *p = convert(f, NULL);
            check_sums(p);
            mt_profile_free(p);
        }
}

static void survives_every_truncation(void **state) {
    struct fixture *f = *state;
    for (uint64_t i = 0; i < 200; i++)
        fixture_site(f, fixture_node(f, i < 3 ? 0 : (mt_node_id)i, 0x401000 + i, 1 + i % 2), i, 24);
    for (size_t cut = sizeof *f->header; cut < f->bytes; cut += 1 + f->bytes / 97) {
        fixture_write_part(f, cut);
        struct mt_ledger *ledger;
        struct mt_profile *p;
        assert_int_equal(mt_ledger_open(f->path, &ledger, NULL), 0);
        assert_int_equal(mt_ledger_convert(ledger, &p, NULL), 0);
        assert_true(p->info.approximate);
        check_sums(p);
        mt_profile_free(p);
        mt_ledger_close(ledger);
    }
}

static void survives_unterminated_texts(void **state) {
    struct fixture *f = *state;
    memset(f->header->exe, 'e', sizeof f->header->exe);
    memset(f->header->cwd, 'c', sizeof f->header->cwd);
    memset(f->header->command, 'x', sizeof f->header->command);
    f->header->exe_bytes = f->header->cwd_bytes = f->header->command_bytes = UINT32_MAX;
    memset(f->header->allocator_stat, 's', sizeof f->header->allocator_stat);
    f->header->n_allocator_stats = UINT32_MAX;
    memset(f->threads[1].name, 'n', sizeof f->threads[1].name);
    memset(f->image + f->bytes - 4096, 'p', 4096);
    f->modules[2].path_bytes = UINT32_MAX;
    f->modules[2].build_id_bytes = UINT32_MAX;
    f->header->allocator = 77;
    fixture_site(f, fixture_node(f, 0, 0x701000, 2), 1, 1);
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(strlen(mt_profile_text(p, p->info.exe)), MT_PATH_MAX_BYTES);
    assert_int_equal(p->info.n_command, 1);
    assert_int_equal(p->info.n_allocator_stats, MT_MAX_ALLOCATOR_STATS);
    assert_int_equal(strlen(mt_profile_text(p, p->info.threads[0].name)), 16);
    assert_string_equal(mt_profile_text(p, p->info.allocator), "other");
    check_sums(p);
    mt_profile_free(p);
}

/* A deep chain and many records at its end: the frames are there once. */
static void shares_deep_paths(void **state) {
    struct fixture *f = *state;
    mt_node_id node = MT_NODE_ROOT;
    for (uint64_t i = 0; i < 16000; i++)
        node = fixture_node(f, node, 0x401000 + i, 1);
    for (uint64_t i = 0; i < 1000; i++)
        fixture_site(f, node, 1, 16)->origin = (uint16_t)i;
    struct mt_profile *p = convert(f, NULL);
    assert_int_equal(p->n_samples, 1000);
    assert_int_equal(p->n_frames, 16000);
    mt_profile_free(p);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(takes_identity),
        TEST(makes_frames_innermost_first),
        TEST(tells_exact_addresses_apart),
        TEST(adds_up_what_several_threads_did),
        TEST(takes_the_peak_from_saved_values_of_this_epoch),
        TEST(never_shows_a_peak_below_live),
        TEST(clamps_a_torn_record),
        TEST(keeps_what_has_no_path),
        TEST(scales_what_was_sampled),
        TEST(knows_what_is_partial),
        TEST(has_waste_only_when_measured),
        TEST(a_process_that_never_allocated_is_whole),
        TEST(survives_bad_links),
        TEST(accepts_a_child_with_a_lower_id_than_its_parent),
        TEST(survives_extreme_counts),
        TEST(survives_every_truncation),
        TEST(survives_unterminated_texts),
        TEST(shares_deep_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
