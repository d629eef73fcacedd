/* SPDX-License-Identifier: MIT */
/* The profile model: interning, growth, deduplication, limits, sums. */
#include "profile-fixture.h"

#include "base/error.h"

static void strings_are_interned(void **state) {
    struct mt_profile *p = *state;
    assert_int_equal(mt_profile_intern(p, ""), 0);
    mt_string a = mt_profile_intern(p, "malloc");
    assert_int_not_equal(a, 0);
    assert_int_equal(mt_profile_intern(p, "malloc"), a);
    assert_int_equal(mt_profile_intern_n(p, "malloc_usable_size", 6), a);
    assert_int_not_equal(mt_profile_intern(p, "mallo"), a);
    assert_string_equal(mt_profile_text(p, a), "malloc");
    assert_string_equal(mt_profile_text(p, 0), "");
    assert_string_equal(mt_profile_text(p, UINT32_MAX), "");
    assert_string_equal(mt_profile_text(p, 4711), "");
}

static void a_string_ends_at_its_first_nul(void **state) {
    struct mt_profile *p = *state;
    assert_int_equal(mt_profile_intern_n(p, "ab\0cd", 5), mt_profile_intern(p, "ab"));
    assert_int_equal(mt_profile_intern_n(p, "\0x", 2), 0);
}

static void many_and_long_strings(void **state) {
    struct mt_profile *p = *state;
    enum { N = 100000 };
    mt_string *index = malloc(N * sizeof *index);
    const char *first = mt_profile_text(p, mt_profile_intern(p, "stays"));
    char text[64];
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "string number %d", i);
        index[i] = mt_profile_intern(p, text);
    }
    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "string number %d", i);
        assert_int_equal(mt_profile_intern(p, text), index[i]);
        assert_string_equal(mt_profile_text(p, index[i]), text);
    }
    assert_ptr_equal(first,
                     mt_profile_text(p, mt_profile_intern(p, "stays"))); /* texts never move */
    free(index);

    size_t bytes = 300000;
    char *longer = malloc(bytes + 1);
    memset(longer, 'x', bytes);
    longer[bytes] = '\0';
    mt_string whole = mt_profile_intern(p, longer),
              part = mt_profile_intern_n(p, longer, bytes - 1);
    assert_int_not_equal(whole, part);
    assert_int_equal(strlen(mt_profile_text(p, whole)), bytes);
    assert_int_equal(strlen(mt_profile_text(p, part)), bytes - 1);
    free(longer);
}

static void functions_are_deduplicated(void **state) {
    struct mt_profile *p = *state;
    enum { N = 20000 };
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < N; i++) {
            char name[32];
            snprintf(name, sizeof name, "f%d", i);
            struct mt_function function = {.name = mt_profile_intern(p, name), .start_line = i % 7};
            assert_int_equal(mt_profile_add_function(p, &function), i);
        }
    }
    assert_int_equal(p->n_functions, N);
    struct mt_function base = p->functions[0], other;
    other = base, other.system_name = base.name + 1;
    assert_int_equal(mt_profile_add_function(p, &other), N);
    other = base, other.file = base.name;
    assert_int_equal(mt_profile_add_function(p, &other), N + 1);
    other = base, other.start_line = 99;
    assert_int_equal(mt_profile_add_function(p, &other), N + 2);
    other = base, other.address = 0x1000;
    assert_int_equal(mt_profile_add_function(p, &other), N + 3);
    assert_int_equal(mt_profile_add_function(p, &base), 0);
}

static void elements_get_consecutive_indexes(void **state) {
    struct mt_profile *p = *state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct mt_mapping mapping = {.start = i};
        struct mt_line lines[3] = {
            {.function = i, .line = 1}, {.function = i, .line = 2}, {.function = i, .line = 3}};
        assert_int_equal(mt_profile_add_mapping(p, &mapping), i);
        assert_int_equal(mt_profile_add_lines(p, lines, 3), 3 * i);
        struct mt_location location = {
            .address = i, .mapping = i + 1, .first_line = 3 * i, .n_lines = 3};
        assert_int_equal(mt_profile_add_location(p, &location), i);
    }
    assert_int_equal(mt_profile_add_lines(p, NULL, 0), 3000);
    assert_int_equal(p->n_lines, 3000);
    assert_int_equal(p->lines[2999].function, 999);
    assert_int_equal(p->locations[999].address, 999);
    assert_int_equal(p->mappings[500].start, 500);
}

static void samples_share_one_array_of_frames(void **state) {
    struct mt_profile *p = *state;
    uint32_t frames[] = {5, 6, 7, 8};
    struct mt_sample sample = {.first_frame = 4711, .n_frames = 4711, .size_class = 9};
    assert_int_equal(mt_profile_add_sample(p, &sample, frames, 4), 0);
    assert_int_equal(mt_profile_add_sample(p, &sample, frames + 2, 2), 1);
    assert_int_equal(mt_profile_add_sample(p, &sample, NULL, 0), 2);
    assert_int_equal(p->n_frames, 6);
    assert_int_equal(p->samples[1].first_frame, 4);
    assert_int_equal(p->samples[1].n_frames, 2);
    assert_int_equal(p->frames[p->samples[1].first_frame], 7);
    assert_int_equal(p->samples[2].n_frames, 0);
    assert_int_equal(p->samples[2].size_class, 9);
}

static void indexes_stay_within_32_bits(void **state) {
    struct mt_profile *p = *state;
    struct mt_line line = {0};
    assert_int_equal(mt_profile_add_lines(p, &line, SIZE_MAX / 2), -MEMTRACK_ELIMIT);
    assert_int_equal(mt_profile_add_lines(p, &line, UINT32_MAX), -MEMTRACK_ELIMIT);
    struct mt_sample sample = {0};
    assert_int_equal(mt_profile_add_sample(p, &sample, NULL, (size_t)UINT32_MAX + 1),
                     -MEMTRACK_ELIMIT);
    assert_int_equal(p->n_samples, 0);
    assert_int_equal(p->n_lines, 0);
}

static void notes_are_not_repeated(void **state) {
    struct mt_profile *p = *state;
    assert_int_equal(mt_profile_add_note(p, "First."), 0);
    assert_int_equal(mt_profile_add_note(p, "Second."), 0);
    assert_int_equal(mt_profile_add_note(p, "First."), 0);
    assert_int_equal(p->info.n_notes, 2);
    assert_string_equal(mt_profile_text(p, p->info.notes[1]), "Second.");
}

static void wrappers_are_few_and_short(void **state) {
    struct mt_profile *p = *state;
    char name[MT_PROFILE_WRAPPER_BYTES + 2] = {0};
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(mt_profile_add_wrapper(p, name), -MEMTRACK_ELIMIT);
    name[sizeof name - 2] = '\0';
    assert_int_equal(mt_profile_add_wrapper(p, ""), 0);
    assert_int_equal(p->info.n_wrappers, 0);
    for (int round = 0; round < 2; round++)
        assert_int_equal(mt_profile_add_wrapper(p, name), 0);
    assert_int_equal(p->info.n_wrappers, 1);
    for (int i = 1; i < MT_PROFILE_WRAPPERS; i++) {
        snprintf(name, sizeof name, "wrapper%d", i);
        assert_int_equal(mt_profile_add_wrapper(p, name), 0);
    }
    assert_int_equal(mt_profile_add_wrapper(p, "one more"), -MEMTRACK_ELIMIT);
    assert_int_equal(p->info.n_wrappers, MT_PROFILE_WRAPPERS);
    assert_string_equal(mt_profile_text(p, p->info.wrappers[2]), "wrapper2");
}

static void totals_are_sums(void **state) {
    struct mt_profile *p = *state;
    struct mt_sample sample = {.value = {[MT_VALUE_TOTAL_BLOCKS] = 5,
                                         [MT_VALUE_TOTAL_BYTES] = 500,
                                         [MT_VALUE_LIVE_BLOCKS] = 2,
                                         [MT_VALUE_LIVE_BYTES] = 200,
                                         [MT_VALUE_PEAK_BLOCKS] = 3,
                                         [MT_VALUE_PEAK_BYTES] = 300,
                                         [MT_VALUE_TEMPORARY_BLOCKS] = 1}};
    mt_profile_add_sample(p, &sample, NULL, 0);
    mt_profile_add_sample(p, &sample, NULL, 0);
    mt_profile_sum_totals(p);
    const struct mt_totals *totals = &p->info.totals;
    assert_int_equal(totals->total_bytes, 1000);
    assert_int_equal(totals->live_blocks, 4);
    assert_int_equal(totals->peak_bytes, 600);
    assert_int_equal(totals->freed_bytes, 600);
    assert_int_equal(totals->freed_blocks, 6);
    assert_int_equal(totals->temporary_blocks, 2);
}

static void sums_neither_wrap_nor_go_below_zero(void **state) {
    struct mt_profile *p = *state;
    struct mt_sample sample = {
        .value = {[MT_VALUE_LIVE_BYTES] = INT64_MAX, [MT_VALUE_LIVE_BLOCKS] = -7}};
    mt_profile_add_sample(p, &sample, NULL, 0);
    mt_profile_add_sample(p, &sample, NULL, 0);
    mt_profile_sum_totals(p);
    assert_true(p->info.totals.live_bytes == (uint64_t)INT64_MAX);
    assert_int_equal(p->info.totals.live_blocks, 0);
    assert_int_equal(p->info.totals.freed_bytes,
                     0); /* live without total says nothing of what was freed */
}

static int setup(void **state) {
    *state = mt_profile_new();
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    mt_profile_free(*state);
    mt_profile_free(NULL);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(strings_are_interned),
        TEST(a_string_ends_at_its_first_nul),
        TEST(many_and_long_strings),
        TEST(functions_are_deduplicated),
        TEST(elements_get_consecutive_indexes),
        TEST(samples_share_one_array_of_frames),
        TEST(indexes_stay_within_32_bits),
        TEST(notes_are_not_repeated),
        TEST(wrappers_are_few_and_short),
        TEST(totals_are_sums),
        TEST(sums_neither_wrap_nor_go_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
