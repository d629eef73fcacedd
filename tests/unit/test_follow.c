/* SPDX-License-Identifier: MIT */
/* What is followed says, after each reading, what a conversion of the whole ledger would say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "profile/ledger/convert.h"
#include "profile/ledger/follow.h"

struct follow_test {
    struct fixture f;
    struct mt_ledger *ledger;
    struct mt_follow *follow;
};

static int setup(void **state) {
    struct follow_test *s = calloc(1, sizeof *s);
    fixture_setup(&s->f);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct follow_test *s = *state;
    mt_follow_free(s->follow);
    mt_ledger_close(s->ledger);
    fixture_teardown(&s->f);
    free(s);
    return 0;
}

static void begin(struct follow_test *s) {
    struct mt_error error = {{0}, {0}};
    fixture_write(&s->f);
    if (mt_ledger_open(s->f.path, &s->ledger, &error) != 0 ||
        mt_follow_new(s->ledger, &s->follow, &error) != 0)
        fail_msg("%s", error.message);
}

static void read_all(struct follow_test *s) {
    struct mt_error error = {{0}, {0}};
    bool complete;
    fixture_write(&s->f);
    if (mt_follow_read(s->follow, 0, &complete, &error) != 0)
        fail_msg("%s", error.message);
    assert_true(complete);
}

/* ---- the same as a conversion ---- */

struct summary {
    uint64_t path;
    char thread[64];
    int64_t value[MT_N_VALUES];
    uint8_t size_class;
    bool truncated, lossy;
};

static int compare_summaries(const void *a, const void *b) {
    const struct summary *x = a, *y = b;
    if (x->path != y->path)
        return x->path < y->path ? -1 : 1;
    int order = strcmp(x->thread, y->thread);
    return order ? order : x->size_class - y->size_class;
}

static struct summary *summarize(const struct mt_profile *p) {
    struct summary *all = calloc(p->n_samples + 1, sizeof *all);
    static const enum mt_value followed[] = {MT_VALUE_TOTAL_BLOCKS, MT_VALUE_TOTAL_BYTES,
                                             MT_VALUE_LIVE_BLOCKS, MT_VALUE_LIVE_BYTES,
                                             MT_VALUE_TEMPORARY_BLOCKS};
    for (size_t i = 0; i < p->n_samples; i++) {
        const struct mt_sample *sample = &p->samples[i];
        all[i].truncated = sample->truncated;
        all[i].lossy = sample->lossy;
        all[i].size_class = sample->size_class;
        snprintf(all[i].thread, sizeof all[i].thread, "%s", mt_profile_text(p, sample->thread));
        for (uint32_t k = 0; k < sample->n_frames; k++)
            all[i].path = (all[i].path ^ p->locations[p->frames[sample->first_frame + k]].address) *
                          1099511628211u;
        for (size_t v = 0; v < sizeof followed / sizeof *followed; v++)
            all[i].value[followed[v]] = sample->value[followed[v]];
    }
    qsort(all, p->n_samples, sizeof *all, compare_summaries);
    return all;
}

static void check_same(struct follow_test *s) {
    struct mt_profile *whole = NULL, *followed = mt_follow_profile(s->follow);
    struct mt_ledger *ledger = NULL;
    assert_int_equal(mt_ledger_open(s->f.path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_convert(ledger, &whole, NULL), 0);
    assert_int_equal(followed->n_samples, whole->n_samples);
    struct summary *x = summarize(whole), *y = summarize(followed);
    assert_memory_equal(x, y, whole->n_samples * sizeof *x);
    free(x);
    free(y);
    mt_profile_free(whole);
    mt_ledger_close(ledger);
}

static void follows_what_grows_and_changes(void **state) {
    struct follow_test *s = *state;
    struct fixture *f = &s->f;
    unsigned seed = 1;
    mt_node_id parent = fixture_node(f, MT_NODE_ROOT, 0x400100, 1);
    begin(s);
    for (unsigned round = 0; round < 40; round++) {
        if (round % 3 == 0) {
            mt_node_id node =
                fixture_node(f, round % 2 ? parent : MT_NODE_TRUNCATED, 0x400200 + round, 1);
            fixture_site(f, node, 1 + round, 16 << round % 8);
            struct mt_site *other = fixture_site(f, node, 2, 64);
            other->bank = other->origin = 2;
            parent = round % 2 ? node : parent;
        }
        for (uint32_t i = 1; i < f->header->n_sites; i++) {
            uint64_t blocks = (uint64_t)rand_r(&seed) % 3;
            struct mt_counters *counters = &f->sites[i].counters;
            fixture_allocate(&f->sites[i], blocks, blocks * 100);
            counters->temporary_blocks += blocks / 2;
            if (counters->freed_blocks < counters->allocated_blocks)
                fixture_free(&f->sites[i], 1, counters->live_bytes >= 50 ? 50 : 0);
        }
        read_all(s);
        check_same(s);
    }
}

static void adds_up_what_several_threads_did(void **state) {
    struct follow_test *s = *state;
    struct fixture *f = &s->f;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x400100, 1);
    fixture_site(f, node, 10, 8);
    begin(s);
    read_all(s);
    struct mt_site *freed = fixture_site(f, node, 0, 8); /* bank 2 frees blocks of bank 1 */
    freed->bank = 2;
    fixture_free(freed, 4, 32);
    freed->size_class = f->sites[1].size_class;
    read_all(s);
    check_same(s);
    const struct mt_profile *p = mt_follow_profile(s->follow);
    assert_int_equal(p->n_samples, 1);
    assert_int_equal(p->samples[0].value[MT_VALUE_LIVE_BYTES], 48);
}

static void renames_the_samples_of_a_thread(void **state) {
    struct follow_test *s = *state;
    fixture_site(&s->f, fixture_node(&s->f, MT_NODE_ROOT, 0x400100, 1), 10, 8);
    begin(s);
    read_all(s);
    uint64_t generation = mt_follow_generation(s->follow);
    read_all(s);
    assert_int_equal(mt_follow_generation(s->follow), generation); /* nothing is new */
    strcpy(s->f.threads[1].name, "other");
    read_all(s);
    assert_true(mt_follow_generation(s->follow) > generation);
    check_same(s);
}

static void scales_what_was_sampled(void **state) {
    struct follow_test *s = *state;
    s->f.header->sample_bytes = 4096;
    fixture_site(&s->f, fixture_node(&s->f, MT_NODE_ROOT, 0x400100, 1), 10, 64);
    begin(s);
    read_all(s);
    check_same(s);
    fixture_allocate(&s->f.sites[1], 5, 5 * 64);
    read_all(s);
    check_same(s);
    assert_true(mt_follow_profile(s->follow)->samples[0].value[MT_VALUE_TOTAL_BLOCKS] > 900);
}

static void keeps_to_its_budget(void **state) {
    struct follow_test *s = *state;
    struct fixture *f = &s->f;
    mt_node_id node = fixture_node(f, MT_NODE_ROOT, 0x400100, 1);
    for (unsigned i = 0; i < MT_SITES_PER_CHUNK - 1; i++)
        fixture_site(f, node, 1, 16)->origin = (uint16_t)(i % 2000);
    f->header->n_sites = 3 * MT_SITES_PER_CHUNK; /* two chunks are not there: they read as zeros */
    begin(s);
    unsigned calls = 0;
    for (bool complete = false; !complete; calls++)
        assert_int_equal(mt_follow_read(s->follow, 1, &complete, NULL), 0);
    assert_true(calls > 1);
    assert_int_equal(mt_follow_profile(s->follow)->n_samples, 2000);
}

/* A process may scribble over its ledger while it is followed: nothing must break, and indexes must
 * stay in bounds. */
static void survives_scribbling(void **state) {
    struct follow_test *s = *state;
    struct fixture *f = &s->f;
    unsigned seed = 7;
    for (unsigned i = 0; i < 200; i++)
        fixture_site(f, fixture_node(f, i ? MT_NODE_FIRST + i / 2 : MT_NODE_ROOT, 0x400100 + i, 1),
                     i, 32);
    begin(s);
    for (unsigned round = 0; round < 300; round++) {
        bool complete;
        for (unsigned i = 0; i < 20; i++) {
            size_t at = (size_t)rand_r(&seed) % (f->bytes / 8) * 8;
            uint64_t value =
                rand_r(&seed) % 3 ? (uint64_t)rand_r(&seed) : UINT64_MAX - (uint64_t)rand_r(&seed);
            if (at > offsetof(struct mt_ledger_header,
                              control)) /* else it is simply no ledger any more */
                memcpy(f->image + at, &value, sizeof value);
        }
        f->sites[rand_r(&seed) % 200].node = (uint32_t)rand_r(&seed);
        f->nodes[rand_r(&seed) % 200].parent = (uint32_t)rand_r(&seed) % 400;
        f->header->n_sites = (uint32_t)rand_r(&seed) % 5000;
        f->header->n_nodes = (uint32_t)rand_r(&seed) % 20000;
        f->header->n_banks = (uint32_t)rand_r(&seed) % 40;
        fixture_write(f);
        mt_follow_read(s->follow, 0, &complete, NULL);
        const struct mt_profile *p = mt_follow_profile(s->follow);
        for (size_t i = 0; i < p->n_samples; i++) {
            assert_true(p->samples[i].first_frame + (uint64_t)p->samples[i].n_frames <=
                        p->n_frames);
            for (size_t v = 0; v < MT_N_VALUES; v++)
                assert_true(p->samples[i].value[v] >= 0);
        }
        for (size_t i = 0; i < p->n_frames; i++)
            assert_true(p->frames[i] < p->n_locations);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(follows_what_grows_and_changes),
        TEST(adds_up_what_several_threads_did),
        TEST(renames_the_samples_of_a_thread),
        TEST(scales_what_was_sampled),
        TEST(keeps_to_its_budget),
        TEST(survives_scribbling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
