/* SPDX-License-Identifier: MIT */
/* What a ledger says of the program's own figures, and what the program says of itself, through the
 * profile: also of one that was being written, or is damaged. */
#include "pprof-fixture.h"

#include "profile/ledger/convert.h"
#include "scopes-fixture.h"
#include "view/scopes/caches.h"

struct own_fixture {
    struct scopes_fixture scopes;
    struct mt_tally *tallies;
    struct mt_metadata *metadata;
};

static int setup(void **state) {
    struct own_fixture *o = calloc(1, sizeof *o);
    struct fixture *f = &o->scopes.ledger;
    size_t tallies = sizeof(struct mt_tally) * MT_TALLIES_PER_CHUNK,
           metadata = sizeof(struct mt_metadata) * MT_METADATA_PER_CHUNK;
    fixture_setup(f);
    size_t used = f->bytes;
    scopes_fixture_enlarge(f, fixture_pages(tallies) + fixture_pages(metadata));
    fixture_extent(f, MT_EXTENT_TALLIES, &used, tallies);
    fixture_extent(f, MT_EXTENT_METADATA, &used, metadata);
    size_t at = f->bytes - fixture_pages(tallies) - fixture_pages(metadata);
    scopes_fixture_add(&o->scopes); /* which moves the image */
    o->tallies = (struct mt_tally *)(f->image + at);
    o->metadata = (struct mt_metadata *)(f->image + at + fixture_pages(tallies));
    f->header->n_tallies = f->header->n_metadata = 1;
    *state = o;
    return 0;
}

static int teardown(void **state) {
    struct own_fixture *o = *state;
    fixture_teardown(&o->scopes.ledger);
    free(o);
    return 0;
}

static struct mt_profile *convert(struct own_fixture *o) {
    struct mt_ledger *ledger = NULL;
    struct mt_profile *profile = NULL;
    struct mt_error error = {{0}, {0}};
    fixture_write(&o->scopes.ledger);
    if (mt_ledger_open(o->scopes.ledger.path, &ledger, &error) != 0 ||
        mt_ledger_convert(ledger, &profile, &error) != 0)
        fail_msg("%s", error.message);
    mt_ledger_close(ledger);
    return profile;
}

static struct mt_tally *add_tally(struct own_fixture *o, mt_name_id name, enum mt_tally_kind kind,
                                  int64_t value, uint64_t time_ns) {
    struct mt_tally *t = &o->tallies[o->scopes.ledger.header->n_tallies++];
    *t = (struct mt_tally){.name = name,
                           .kind = kind,
                           .value = value,
                           .lowest = -value,
                           .highest = value * 2,
                           .changes = 3,
                           .time_ns = time_ns};
    return t;
}

static struct mt_metadata *add_key(struct own_fixture *o, const char *key, const char *value) {
    struct mt_metadata *m = &o->metadata[o->scopes.ledger.header->n_metadata++];
    *m = (struct mt_metadata){
        .sequence = 2, .key_bytes = (uint32_t)strlen(key), .value_bytes = (uint32_t)strlen(value)};
    memcpy(m->key, key, strlen(key));
    memcpy(m->value, value, strlen(value));
    return m;
}

/* Events are at 0, 1000, 2000 ns, and so on. */
static void courses_end_with_the_value_of_now(void **state) {
    struct own_fixture *o = *state;
    struct scopes_fixture *s = &o->scopes;
    mt_name_id behind = fixture_name(s, "behind"), same = fixture_name(s, "same"),
               lost = fixture_name(s, "lost"), other = fixture_name(s, "other");
    fixture_event(s, MT_EVENT_COUNTER, behind)->value = 5;
    fixture_event(s, MT_EVENT_COUNTER, same)->value = 6;
    fixture_event(s, MT_EVENT_COUNTER, other)->value = 7;
    add_tally(o, behind, MT_TALLY_COUNTER, 50, 1500); /* changed since its event */
    add_tally(o, same, MT_TALLY_COUNTER, 6, 1000);    /* its event is the latest change */
    add_tally(o, lost, MT_TALLY_CACHE, 70, 500);      /* no event of it is left */
    add_tally(o, other, MT_TALLY_COUNTER, 8, 2000);   /* another thread was faster */
    struct mt_profile *p = convert(o);
    const struct mt_scopes *scopes = &p->info.scopes;
    static const struct {
        const char *name;
        uint64_t time_ns;
        int64_t value;
    } expected[] = {{"behind", 0, 5},     {"lost", 500, 70},  {"same", 1000, 6},
                    {"behind", 1500, 50}, {"other", 2000, 7}, {"other", 2000, 8}};
    assert_int_equal(scopes->n_counters, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < scopes->n_counters; i++) {
        assert_string_equal(mt_profile_text(p, scopes->counters[i].name), expected[i].name);
        assert_int_equal(scopes->counters[i].time_ns, expected[i].time_ns);
        assert_int_equal(scopes->counters[i].value, expected[i].value);
    }
    assert_int_equal(scopes->n_tallies, 4);
    mt_profile_free(p);
}

static void keys_that_were_being_written_are_left_out(void **state) {
    struct own_fixture *o = *state;
    add_key(o, "version", "1.2");
    add_key(o, "half", "wri")->sequence = 3;
    add_key(o, "never", "")->sequence = 0;
    add_key(o, "long", "x")->value_bytes = 5000;
    add_key(o, "", "no name");
    struct mt_profile *p = convert(o);
    assert_int_equal(p->info.n_metadata, 2);
    assert_string_equal(mt_profile_text(p, p->info.metadata[0].key), "version");
    assert_string_equal(mt_profile_text(p, p->info.metadata[0].value), "1.2");
    assert_string_equal(mt_profile_text(p, p->info.metadata[1].value), "no name");
    mt_profile_free(p);
}

static void caches_are_put_together(void **state) {
    struct own_fixture *o = *state;
    struct scopes_fixture *s = &o->scopes;
    mt_name_id hits = fixture_name(s, MT_GROUP_HITS), misses = fixture_name(s, MT_GROUP_MISSES),
               pages = fixture_name(s, "pages"), keys = fixture_name(s, "keys"),
               work = fixture_name(s, "work");
    const struct {
        mt_name_id name, group;
        uint64_t n;
    } answers[] = {{pages, hits, 3}, {pages, misses, 1}, {keys, misses, 2}, {work, 0, 9}};
    for (size_t i = 0; i < 4; i++) {
        struct mt_scope_totals *t = fixture_scope(s, answers[i].name, 1, 64);
        t->group = answers[i].group;
        t->count = t->idle = answers[i].n;
        for (uint64_t k = 0; k < answers[i].n; k++)
            fixture_count(s, t, MT_SCOPE_DURATION_NS, (int64_t)(100 * (k + 1)));
    }
    add_tally(o, pages, MT_TALLY_CACHE, 4096, 0);
    add_tally(o, work, MT_TALLY_COUNTER, 1, 0);
    struct mt_profile *p = convert(o);
    struct mt_scopes_rows *rows;
    struct mt_cache_row *caches;
    struct mt_error error;
    assert_int_equal(mt_scopes_rows_build(p, MT_SCOPE_BY_COUNT, &rows, &error), 0);
    assert_int_equal(rows->n, 1); /* an answer of a cache is no scope */
    assert_int_equal(rows->items[0].count, 9);
    assert_int_equal(mt_caches_build(rows, &caches), 2);
    assert_string_equal(mt_profile_text(p, caches[0].name), "keys");
    assert_int_equal(caches[0].hits, 0);
    assert_int_equal(caches[0].misses, 2);
    assert_false(caches[0].has_size);
    assert_int_equal(caches[1].hits, 3);
    assert_int_equal(caches[1].hit_ns.sum, 600);
    assert_int_equal(caches[1].hit_ns.max, 300);
    assert_int_equal(caches[1].miss_ns.sum, 100);
    assert_int_equal(caches[1].size_bytes, 4096);
    assert_int_equal(caches[1].highest_bytes, 8192);
    assert_true(mt_caches_hit_rate(&caches[1]) == 0.75);
    free(caches);
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(courses_end_with_the_value_of_now),
        TEST(keys_that_were_being_written_are_left_out),
        TEST(caches_are_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
