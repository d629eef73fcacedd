/* SPDX-License-Identifier: MIT */
/* Grouping: columns sum to the totals for every grouping, moment and profile; keys, order,
 * --cumulative, --at. */
#include "profile-fixture.h"
#include "view/rows/rows.h"

static struct mt_rows *build(const struct mt_profile *p, struct mt_view_options options) {
    struct mt_rows *rows;
    struct mt_error error = {0};
    int status = mt_rows_build(p, &options, &rows, &error);
    if (status < 0)
        fail_msg("%s", error.message);
    return rows;
}

static struct mt_rows *by(const struct mt_profile *p, enum mt_group_by group_by) {
    return build(p, (struct mt_view_options){.by = group_by, .sort = MT_VALUE_PEAK_BYTES});
}

static void assert_key(const struct mt_rows *rows, size_t i, const char *expected) {
    char *key = mt_rows_key(rows, mt_rows_at(rows, i));
    assert_string_equal(key, expected);
    free(key);
}

static void columns_sum_to_the_totals(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct mt_profile *p = build_random_profile(seed, 300);
        for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++)
            for (int keep = 0; keep < 3; keep++) {
                struct mt_view_options options = {.by = group_by, .sort = MT_VALUE_LIVE_BYTES};
                options.wrappers.keep_libraries = keep == 1;
                options.wrappers.keep_all = keep == 2;
                struct mt_rows *rows = build(p, options);
                struct mt_row sum;
                double variance[MT_N_VALUES];
                mt_rows_sum_from(rows, 0, &sum, variance);
                for (size_t v = 0; v < MT_N_VALUES; v++) {
                    int64_t expected = 0;
                    for (size_t i = 0; i < p->n_samples; i++)
                        expected += p->samples[i].value[v];
                    assert_int_equal(sum.value[v], expected);
                    assert_int_equal(mt_rows_all(rows)->value[v], expected);
                }
                assert_int_equal(sum.n_sites, p->n_samples);
                mt_rows_free(rows);
            }
        mt_profile_free(p);
    }
}

static int compare_strings(const void *x, const void *y) {
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Rows are what their keys say: no two rows share one (stacks and lines without names aside: see
 * below). */
static void keys_are_unique(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct mt_profile *p = build_random_profile(seed, 300);
        for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
            if (group_by == MT_BY_STACK)
                continue; /* the function distinguishes frames, the key of a line does not show it
                           */
            struct mt_rows *rows = by(p, group_by);
            size_t n = mt_rows_count(rows);
            char **keys = calloc(n, sizeof *keys);
            for (size_t i = 0; i < n; i++)
                keys[i] = mt_rows_key(rows, mt_rows_at(rows, i));
            qsort(keys, n, sizeof *keys, compare_strings);
            for (size_t i = 1; i < n; i++)
                if (strcmp(keys[i - 1], keys[i]) == 0)
                    fail_msg("seed %d by %s: two rows %s", (int)seed, mt_group_by_name(group_by),
                             keys[i]);
            for (size_t i = 0; i < n; i++)
                free(keys[i]);
            free(keys);
            mt_rows_free(rows);
        }
        mt_profile_free(p);
    }
}

static void order_is_total_and_repeatable(void **state) {
    (void)state;
    struct mt_profile *p = build_random_profile(7, 500);
    for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
        struct mt_rows *rows = by(p, group_by), *again = by(p, group_by);
        assert_int_equal(mt_rows_count(rows), mt_rows_count(again));
        for (size_t i = 0; i < mt_rows_count(rows); i++) {
            const struct mt_row *row = mt_rows_at(rows, i);
            assert_memory_equal(row->value, mt_rows_at(again, i)->value, sizeof row->value);
            if (i > 0)
                assert_true(mt_rows_at(rows, i - 1)->value[MT_VALUE_PEAK_BYTES] >=
                            row->value[MT_VALUE_PEAK_BYTES]);
        }
        mt_rows_free(rows);
        mt_rows_free(again);
    }
    mt_profile_free(p);
}

/* Naming only the first rows changes none of them, and loses none. */
static void order_of_the_first_rows(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 8; seed++) {
        struct mt_profile *p = build_random_profile(seed, 400);
        for (size_t s = 0; s < p->n_samples; s += 2) /* many equals */
            memset(p->samples[s].value, 0, sizeof p->samples[s].value);
        for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++)
            for (size_t n_named = 1; n_named < 100; n_named += 13) {
                struct mt_view_options options = {.by = group_by, .sort = MT_VALUE_LIVE_BYTES};
                struct mt_rows *whole = build(p, options);
                options.n_named = n_named;
                struct mt_rows *part = build(p, options);
                assert_int_equal(mt_rows_count(whole), mt_rows_count(part));
                for (size_t i = 0; i < n_named && i < mt_rows_count(whole); i++)
                    assert_int_equal(mt_rows_at(whole, i)->sample, mt_rows_at(part, i)->sample);
                mt_rows_free(whole);
                mt_rows_free(part);
            }
        mt_profile_free(p);
    }
}

/* Equal in every column: the names decide, whatever the order in the profile. */
static void ties_are_broken_by_name(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    const struct {
        const char *file;
        int64_t line;
    } at[] = {{"b.c", 3}, {"a.c", 10}, {"b.c", 1}, {"a.c", 9}};
    for (size_t i = 0; i < 4; i++) {
        uint32_t frame = build_frame(p, app, "f", at[i].file, at[i].line);
        build_sample(p, 100, 1, &frame);
    }
    struct mt_rows *rows = by(p, MT_BY_LINE);
    assert_key(rows, 0, "a.c:9");
    assert_key(rows, 1, "a.c:10");
    assert_key(rows, 2, "b.c:1");
    assert_key(rows, 3, "b.c:3");
    mt_rows_free(rows);
    mt_profile_free(p);
}

static struct mt_profile *wrapped_profile(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0),
             hook = build_mapping(p, "/usr/lib/memtrack/libmemtrack.so", 0);
    uint32_t cxx = build_mapping(p, "/usr/lib/libstdc++.so.6", 0),
             c = build_mapping(p, "/lib/libc.so.6", 0);
    struct mt_line inlined[] = {
        {build_function(p, "allocate", "/usr/include/c++/12/bits/new_allocator.h"), 137},
        {build_function(p, "std::vector<int>::push_back(int)",
                        "/usr/include/c++/12/bits/stl_vector.h"),
         1287},
        {build_function(p, "fill(std::vector<int>&)", "src/fill.cpp"), 12},
    };
    uint32_t path[] = {build_frame(p, hook, "malloc", "", 0),
                       build_frame(p, cxx, "operator new(unsigned long)", "", 0),
                       build_location(p, app, 0x500, inlined, 3),
                       build_frame(p, app, "main", "src/main.cpp", 40),
                       build_frame(p, c, "__libc_start_main", "", 0)};
    build_sample(p, 1000, 5, path);
    mt_profile_sum_totals(p);
    return p;
}

static void charges_the_users_line(void **state) {
    (void)state;
    struct mt_profile *p = wrapped_profile();
    struct mt_rows *rows = by(p, MT_BY_LINE);
    assert_int_equal(mt_rows_count(rows), 1);
    assert_key(rows, 0, "src/fill.cpp:12");
    mt_rows_free(rows);
    rows = build(p, (struct mt_view_options){.wrappers = {.keep_libraries = true}});
    assert_key(rows, 0, "/usr/include/c++/12/bits/stl_vector.h:1287");
    mt_rows_free(rows);
    rows = build(p, (struct mt_view_options){.wrappers = {.keep_all = true}});
    assert_int_equal(mt_rows_count(rows), 1);
    char *key = mt_rows_key(rows, mt_rows_at(rows, 0)); /* operator new: the hook never shows */
    assert_non_null(strstr(key, "operator new"));
    free(key);
    mt_rows_free(rows);
    const char *patterns[] = {"fill"};
    rows = build(p, (struct mt_view_options){.wrappers = {.patterns = patterns, .n_patterns = 1}});
    assert_key(rows, 0, "src/main.cpp:40");
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void stack_begins_at_the_charged_frame(void **state) {
    (void)state;
    struct mt_profile *p = wrapped_profile();
    p->samples[0].truncated = true;
    struct mt_rows *rows = by(p, MT_BY_STACK);
    struct mt_row_frame frames[8];
    bool truncated;
    assert_int_equal(mt_rows_stack(rows, mt_rows_at(rows, 0), frames, 8, &truncated), 3);
    assert_true(truncated);
    assert_string_equal(mt_profile_text(p, frames[0].function), "fill(std::vector<int>&)");
    assert_false(frames[0].is_inlined); /* it is what the two others were inlined into */
    assert_int_equal(frames[1].line, 40);
    assert_int_equal(mt_rows_stack(rows, mt_rows_at(rows, 0), frames, 1, &truncated), 3);
    char *key = mt_rows_key(rows, mt_rows_at(rows, 0));
    assert_memory_equal(key, "src/fill.cpp:12;src/main.cpp:40;", 32);
    assert_string_equal(key + strlen(key) - 12, ";[truncated]");
    free(key);
    p->samples[0].n_missing = 251;
    key = mt_rows_key(rows, mt_rows_at(rows, 0));
    assert_string_equal(key + strlen(key) - 17, ";[truncated] +251");
    free(key);
    mt_rows_free(rows);
    mt_profile_free(p);
}

/* Frames of one line, at two addresses, are one stack; in another order they are another. */
static void equal_looking_stacks_are_one(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    uint32_t a1 = build_frame(p, app, "f", "a.c", 1), a2 = build_frame(p, app, "f", "a.c", 1);
    uint32_t b = build_frame(p, app, "g", "b.c", 2);
    assert_int_not_equal(p->locations[a1].address, p->locations[a2].address);
    build_sample(p, 10, 2, (uint32_t[]){a1, b});
    build_sample(p, 20, 2, (uint32_t[]){a2, b});
    build_sample(p, 40, 2, (uint32_t[]){b, a1});
    build_sample(p, 80, 1, (uint32_t[]){a1});
    struct mt_rows *rows = by(p, MT_BY_STACK);
    assert_int_equal(mt_rows_count(rows), 3);
    assert_int_equal(mt_rows_at(rows, 0)->value[MT_VALUE_PEAK_BYTES], 80);
    assert_int_equal(mt_rows_at(rows, 1)->value[MT_VALUE_PEAK_BYTES], 40);
    assert_int_equal(mt_rows_at(rows, 2)->value[MT_VALUE_PEAK_BYTES], 30);
    assert_true(mt_rows_max_is_bound(rows, mt_rows_at(rows, 2)));
    assert_false(mt_rows_max_is_bound(rows, mt_rows_at(rows, 1)));
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void keys_without_lines(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/opt/bin/app", 0x10000);
    struct mt_function named = {.name = mt_profile_intern(p, "grow"), .address = 0x10400};
    struct mt_line line = {.function = (uint32_t)mt_profile_add_function(p, &named)};
    uint32_t symbol = build_location(p, app, 0x1041f, &line, 1),
             bare = build_location(p, app, 0x10800, NULL, 0);
    uint32_t nowhere = build_location(p, 0, 0x77, NULL, 0);
    build_sample(p, 5, 1, &symbol);
    build_sample(p, 4, 1, &bare);
    build_sample(p, 3, 1, &nowhere);
    build_sample(p, 2, 0, NULL); /* lossy */
    build_sample(p, 1, 0, NULL);
    p->samples[4].lossy = false;
    const char *expected[][5] = {
        [MT_BY_LINE] = {"grow+0x1f (app)", "0x800 (app)", "0x77", "[lossy]", "[unknown]"},
        [MT_BY_FUNCTION] = {"grow", "[unknown]", "[unknown] (app)", "[lossy]", NULL},
        [MT_BY_FILE] = {"(app)", "[unknown]", "[lossy]", NULL, NULL},
        [MT_BY_MODULE] = {"/opt/bin/app", "[unknown]", "[lossy]", NULL, NULL},
    };
    for (enum mt_group_by group_by = MT_BY_LINE; group_by <= MT_BY_MODULE; group_by++) {
        struct mt_rows *rows = by(p, group_by);
        size_t n = 0;
        for (; n < 5 && expected[group_by][n]; n++)
            assert_key(rows, n, expected[group_by][n]);
        assert_int_equal(mt_rows_count(rows), n);
        mt_rows_free(rows);
    }
    mt_profile_free(p);
}

static void functions_of_one_name_are_told_apart(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    uint32_t frames[] = {
        build_frame(p, app, "init", "a.c", 1), build_frame(p, app, "init", "b.c", 1),
        build_frame(p, app, "once", "b.c", 9), build_frame(p, app, "init", "a.c", 7)};
    for (uint32_t i = 0; i < 4; i++)
        build_sample(p, 1 << i, 1, &frames[i]);
    struct mt_rows *rows = by(p, MT_BY_FUNCTION);
    assert_int_equal(mt_rows_count(rows), 3);
    assert_key(rows, 0, "init (a.c)");
    assert_int_equal(mt_rows_at(rows, 0)->value[MT_VALUE_PEAK_BYTES], 9);
    assert_key(rows, 1, "once");
    assert_key(rows, 2, "init (b.c)");
    mt_rows_free(rows);
    mt_profile_free(p);
}

/* main -> f -> f -> f -> g: each function holds the sample once. */
static void cumulative_counts_recursion_once(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    struct mt_line twice[] = {{build_function(p, "f", "f.c"), 5},
                              {build_function(p, "f", "f.c"), 6}};
    uint32_t g = build_frame(p, app, "g", "g.c", 1), f = build_frame(p, app, "f", "f.c", 2);
    uint32_t inlined = build_location(p, app, 0x900, twice, 2),
             top = build_frame(p, app, "main", "m.c", 3);
    build_sample(p, 10, 5, (uint32_t[]){g, f, inlined, f, top});
    build_sample(p, 1, 2, (uint32_t[]){f, top});
    struct mt_rows *rows =
        build(p, (struct mt_view_options){
                     .by = MT_BY_FUNCTION, .sort = MT_VALUE_LIVE_BYTES, .cumulative = true});
    assert_int_equal(mt_rows_count(rows), 3);
    assert_key(rows, 0, "f");
    assert_key(rows, 1, "main");
    assert_key(rows, 2, "g");
    assert_int_equal(mt_rows_at(rows, 0)->value[MT_VALUE_LIVE_BYTES], 11);
    assert_int_equal(mt_rows_at(rows, 1)->value[MT_VALUE_LIVE_BYTES], 11);
    assert_int_equal(mt_rows_at(rows, 2)->value[MT_VALUE_LIVE_BYTES], 10);
    assert_int_equal(mt_rows_passed(rows)->value[MT_VALUE_LIVE_BYTES], 11);
    mt_rows_free(rows);
    rows = build(p, (struct mt_view_options){
                        .by = MT_BY_LINE, .sort = MT_VALUE_LIVE_BYTES, .cumulative = true});
    assert_int_equal(mt_rows_count(rows), 5); /* g.c:1 f.c:2 f.c:5 f.c:6 m.c:3 */
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void cumulative_covers_what_is_charged(void **state) {
    (void)state;
    for (uint64_t seed = 50; seed < 60; seed++) {
        struct mt_profile *p = build_random_profile(seed, 200);
        for (enum mt_group_by group_by = MT_BY_LINE; group_by <= MT_BY_MODULE; group_by++) {
            struct mt_rows *rows =
                build(p, (struct mt_view_options){.by = group_by, .cumulative = true});
            const struct mt_row *all = mt_rows_all(rows);
            struct mt_row sum;
            double variance[MT_N_VALUES];
            mt_rows_sum_from(rows, 0, &sum, variance);
            for (size_t v = 0; v < MT_N_VALUES; v++) {
                assert_true(sum.value[v] >= all->value[v]);
                for (size_t i = 0; i < mt_rows_count(rows); i++)
                    assert_true(mt_rows_at(rows, i)->value[v] <= all->value[v]);
            }
            mt_rows_free(rows);
        }
        mt_profile_free(p);
    }
}

static void cumulative_needs_a_call_path(void **state) {
    (void)state;
    struct mt_profile *p = wrapped_profile();
    for (enum mt_group_by group_by = MT_BY_STACK; group_by < MT_N_BY; group_by++) {
        struct mt_view_options options = {.by = group_by, .cumulative = true};
        struct mt_rows *rows;
        struct mt_error error = {0};
        assert_int_equal(mt_rows_build(p, &options, &rows, &error), -MEMTRACK_EUSAGE);
        assert_null(rows);
        assert_non_null(strstr(error.message, mt_group_by_name(group_by)));
        assert_int_not_equal(error.hint[0], 0);
    }
    mt_profile_free(p);
}

static void at_peak_shows_the_peak_as_live(void **state) {
    (void)state;
    struct mt_profile *p = build_random_profile(3, 200);
    struct mt_rows *rows = build(p, (struct mt_view_options){.at = {.kind = MT_AT_PEAK}});
    struct mt_totals totals;
    struct mt_row sum;
    double variance[MT_N_VALUES];
    mt_rows_totals(rows, &totals);
    mt_rows_sum_from(rows, 0, &sum, variance);
    assert_int_equal(totals.live_bytes, p->info.totals.peak_bytes);
    assert_int_equal(sum.value[MT_VALUE_LIVE_BYTES], totals.live_bytes);
    assert_int_equal(sum.value[MT_VALUE_LIVE_BLOCKS], totals.live_blocks);
    assert_false(mt_rows_has(rows, MT_VALUE_WASTE_BYTES));
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void at_a_time_replays_the_changes(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    uint32_t a = build_frame(p, app, "a", "a.c", 1), b = build_frame(p, app, "b", "b.c", 1);
    build_sample(p, 0, 1, &a);
    build_sample(p, 0, 1, &b);
    struct mt_tick ticks[] = {{.time_ns = 100, .live_bytes = 100},
                              {.time_ns = 200, .live_bytes = 80},
                              {.time_ns = 300, .live_bytes = 57}};
    /* out of order on purpose */
    struct mt_tick_change changes[] = {
        {2, 0, 7, 1}, {0, 0, 100, 2}, {1, 1, 50, 5}, {1, 0, 30, 3}, {9, 0, 1, 1}};
    p->info.ticks = memcpy(malloc(sizeof ticks), ticks, sizeof ticks);
    p->info.changes = memcpy(malloc(sizeof changes), changes, sizeof changes);
    p->info.n_ticks = 3;
    p->info.n_changes = 5;
    p->info.duration_ns = 400;
    const struct {
        uint64_t time;
        int64_t a, b;
    } expected[] = {{0, 0, 0},     {99, 0, 0},   {100, 100, 0},
                    {250, 30, 50}, {300, 7, 50}, {400, 7, 50}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int64_t bytes[2], blocks[2];
        struct mt_at at = {MT_AT_TIME, expected[i].time};
        assert_int_equal(mt_at_live(p, &at, bytes, blocks, NULL), 0);
        assert_int_equal(bytes[0], expected[i].a);
        assert_int_equal(bytes[1], expected[i].b);
    }
    struct mt_view_options options = {.at = {MT_AT_TIME, 401}};
    struct mt_rows *rows;
    struct mt_error error;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), -MEMTRACK_EUSAGE);
    p->info.n_changes = 0;
    options.at.time_ns = 100;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), -MEMTRACK_EUSAGE);
    mt_profile_free(p);
}

static void damaged_indexes_are_an_error(void **state) {
    (void)state;
    struct mt_view_options options = {0};
    struct mt_rows *rows;
    struct mt_error error;
    struct mt_profile *p = wrapped_profile();
    p->frames[1] = 4711;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), -MEMTRACK_EFORMAT);
    p->frames[1] = 0;
    p->samples[0].n_frames = 1000;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), -MEMTRACK_EFORMAT);
    p->samples[0].n_frames = 5;
    for (size_t l = 0; l < p->n_locations; l++) { /* these are survived: the frame is unknown */
        p->locations[l].mapping = 99;
        p->locations[l].n_lines = UINT32_MAX;
    }
    for (size_t i = 0; i < p->n_lines; i++)
        p->lines[i].function = 12345;
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), 0);
    assert_key(rows, 0, "0x1000");
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void sums_saturate(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t frame = build_frame(p, build_mapping(p, "/bin/app", 0), "f", "a.c", 1);
    for (int i = 0; i < 3; i++)
        build_sample(p, INT64_MAX, 1, &frame);
    struct mt_rows *rows = by(p, MT_BY_LINE);
    assert_int_equal(mt_rows_at(rows, 0)->value[MT_VALUE_PEAK_BYTES], INT64_MAX);
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void empty_profile(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
        struct mt_rows *rows = by(p, group_by);
        assert_int_equal(mt_rows_count(rows), 0);
        mt_rows_free(rows);
    }
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_sum_to_the_totals),
        cmocka_unit_test(keys_are_unique),
        cmocka_unit_test(order_is_total_and_repeatable),
        cmocka_unit_test(order_of_the_first_rows),
        cmocka_unit_test(ties_are_broken_by_name),
        cmocka_unit_test(charges_the_users_line),
        cmocka_unit_test(stack_begins_at_the_charged_frame),
        cmocka_unit_test(equal_looking_stacks_are_one),
        cmocka_unit_test(keys_without_lines),
        cmocka_unit_test(functions_of_one_name_are_told_apart),
        cmocka_unit_test(cumulative_counts_recursion_once),
        cmocka_unit_test(cumulative_covers_what_is_charged),
        cmocka_unit_test(cumulative_needs_a_call_path),
        cmocka_unit_test(at_peak_shows_the_peak_as_live),
        cmocka_unit_test(at_a_time_replays_the_changes),
        cmocka_unit_test(damaged_indexes_are_an_error),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(empty_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
