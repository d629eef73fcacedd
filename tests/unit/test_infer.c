/* SPDX-License-Identifier: MIT */
/* Wrappers that no list knows: what makes a function one, each condition at its limit, and that
 * all views of a profile agree. */
#include "profile-fixture.h"
#include "view/compare/diff.h"
#include "view/rows/infer.h"
#include "view/rows/rows.h"

/* So many blocks of these bytes on the path malloc < names[0] < names[1] ..., each at a line. */
struct path {
    const char *name[6];
    int64_t line[6];
    int64_t blocks, bytes;
};

static void add_path(struct mt_profile *p, const struct path *path) {
    uint32_t frames[8], n = 0;
    frames[n++] = build_frame(p, 0, "malloc", "", 0);
    for (size_t i = 0; i < 6 && path->name[i]; i++) {
        bool is_start = strcmp(path->name[i], "_start") == 0;
        frames[n++] = build_frame(p, 0, path->name[i], is_start ? "" : "app.c", path->line[i]);
    }
    struct mt_sample sample = {0};
    for (size_t v = 0; v < MT_N_VALUES; v++)
        sample.value[v] = path->blocks * path->bytes;
    sample.value[MT_VALUE_TOTAL_BLOCKS] = sample.value[MT_VALUE_LIVE_BLOCKS] = path->blocks;
    assert_true(mt_profile_add_sample(p, &sample, frames, n) >= 0);
}

/* grab is called from n_places places in n_functions functions, with a size of its own in each
 * when they differ. */
static struct mt_profile *called_from(const char *grab, size_t n_places, size_t n_functions,
                                      bool sizes_differ) {
    struct mt_profile *p = build_empty();
    for (size_t i = 0; i < n_places; i++) {
        char caller[32];
        snprintf(caller, sizeof caller, "user_%zu", i % n_functions);
        struct path path = {.name = {grab, caller, "main"},
                            .line = {7, 100 + (int64_t)i, 50},
                            .blocks = 10,
                            .bytes = 64 + (sizes_differ ? 16 * (int64_t)i : 0)};
        add_path(p, &path);
    }
    mt_profile_sum_totals(p);
    return p;
}

static struct mt_rows *build(const struct mt_profile *p, enum mt_group_by by,
                             struct mt_wrapper_options wrappers) {
    struct mt_view_options options = {.by = by, .sort = MT_VALUE_PEAK_BYTES, .wrappers = wrappers};
    struct mt_rows *rows;
    struct mt_error error = {0};
    if (mt_rows_build(p, &options, &rows, &error) < 0)
        fail_msg("%s", error.message);
    return rows;
}

static bool charges(const struct mt_profile *p, const char *function) {
    struct mt_rows *rows = build(p, MT_BY_FUNCTION, (struct mt_wrapper_options){0});
    bool found = false;
    for (size_t i = 0; i < mt_rows_count(rows); i++)
        found |= strcmp(mt_profile_text(p, mt_rows_at(rows, i)->function), function) == 0;
    mt_rows_free(rows);
    return found;
}

static void assert_is_wrapper(struct mt_profile *p, const char *function, bool expected) {
    assert_int_equal(charges(p, function), !expected);
    mt_profile_free(p);
}

static void many_places_make_a_wrapper(void **state) {
    (void)state;
    assert_is_wrapper(called_from("grab", 6, 4, true), "grab", true);
    assert_is_wrapper(called_from("grab", 5, 5, true), "grab", false);
    assert_is_wrapper(called_from("grab", 6, 3, true), "grab", false);
    /* what makes one kind of object is an answer */
    assert_is_wrapper(called_from("new_node", 9, 6, false), "new_node", false);
    assert_is_wrapper(called_from("new_node", 12, 5, false), "new_node", false);
    assert_is_wrapper(called_from("new_node", 10, 6, false), "new_node", true);
    /* its name says it */
    assert_is_wrapper(called_from("pool_malloc", 2, 2, false), "pool_malloc", true);
    assert_is_wrapper(called_from("pool_malloc", 2, 1, false), "pool_malloc", false);
}

static void what_allocates_by_others_is_none(void **state) {
    (void)state;
    struct mt_profile *p = called_from("grab", 8, 4, true); /* 80 blocks */
    add_path(p, &(struct path){.name = {"inner", "grab", "user_0", "main"},
                               .line = {1, 9, 100, 50},
                               .blocks = 8,
                               .bytes = 1000000});
    assert_false(charges(p, "grab")); /* 80 of 88: 90.9 % */
    add_path(p, &(struct path){.name = {"inner", "grab", "user_1", "main"},
                               .line = {1, 9, 101, 50},
                               .blocks = 1,
                               .bytes = 8});
    assert_is_wrapper(p, "grab", false); /* 80 of 89: 89.9 % */
}

/* Of ten blocks from each place, so many come from a second call in grab. */
static struct mt_profile *two_calls(int64_t second) {
    struct mt_profile *p = build_empty();
    for (int64_t i = 0; i < 8; i++) {
        char caller[32];
        snprintf(caller, sizeof caller, "user_%d", (int)(i % 4));
        struct path path = {.name = {"grab", caller, "main"},
                            .line = {7, 100 + i, 50},
                            .blocks = 10 - second,
                            .bytes = 64 + 16 * i};
        add_path(p, &path);
        path.line[0] = 8;
        path.blocks = second;
        if (second)
            add_path(p, &path);
    }
    return p;
}

static void branches_are_one_place(void **state) {
    (void)state;
    assert_is_wrapper(two_calls(0), "grab", true);
    assert_is_wrapper(two_calls(1), "grab", true); /* the first call has 90 % */
    assert_is_wrapper(two_calls(2), "grab", true); /* 4 of 10 come in pairs */
    assert_is_wrapper(two_calls(4), "grab", false);
    assert_is_wrapper(two_calls(5), "grab", false); /* a head and a body */

    struct mt_profile *p = called_from("grab", 8, 4, true);
    for (int64_t i = 0; i < 4; i++) /* as many as in the other 80, but each at a line of its own */
        add_path(p, &(struct path){.name = {"grab", "other", "main"},
                                   .line = {20 + i, 300 + i, 50},
                                   .blocks = 20,
                                   .bytes = 100});
    assert_is_wrapper(p, "grab", false);
}

static void whoever_is_below_the_program_is_none(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    for (int64_t i = 0; i < 12; i++) /* _start is nobody to charge */
        add_path(p, &(struct path){.name = {"run_loop", "_start"},
                                   .line = {7, i + 1},
                                   .blocks = 1,
                                   .bytes = 16 * i + 16});
    assert_is_wrapper(p, "run_loop", false);
}

/* grab < dup < users: dup is next to an allocator once grab is one. */
static struct mt_profile *layers(void) {
    struct mt_profile *p = called_from("grab", 8, 4, true);
    for (int64_t i = 0; i < 6; i++) {
        char caller[32];
        snprintf(caller, sizeof caller, "reader_%d", (int)(i % 4));
        add_path(p, &(struct path){.name = {"grab", "dup", caller, "main"},
                                   .line = {7, 20, 200 + i, 50},
                                   .blocks = 5,
                                   .bytes = 10 + i});
    }
    mt_profile_sum_totals(p);
    return p;
}

static void wrappers_of_wrappers_are_found(void **state) {
    (void)state;
    struct mt_profile *p = layers();
    assert_false(charges(p, "grab"));
    assert_false(charges(p, "dup"));
    assert_true(charges(p, "reader_0"));
    struct mt_rows *rows = build(p, MT_BY_LINE, (struct mt_wrapper_options){0});
    struct mt_rows_wrapper wrapper[3];
    assert_int_equal(mt_rows_wrappers(rows, wrapper, 3), 2);
    assert_string_equal(mt_profile_text(p, wrapper[0].function), "grab");
    assert_int_equal(wrapper[0].value, mt_rows_all(rows)->value[MT_VALUE_PEAK_BYTES]);
    assert_string_equal(mt_profile_text(p, wrapper[1].function), "dup");
    assert_int_equal(wrapper[1].value, 5 * (10 + 11 + 12 + 13 + 14 + 15));
    struct mt_rows_wrapper one[1];
    assert_int_equal(mt_rows_wrappers(rows, one, 1), 2);
    assert_string_equal(mt_profile_text(p, one[0].function), "grab");
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void keeping_wrappers_undoes_it(void **state) {
    (void)state;
    struct mt_profile *p = layers();
    struct mt_rows *rows = build(p, MT_BY_FUNCTION, (struct mt_wrapper_options){.keep_all = true});
    assert_int_equal(mt_rows_count(rows), 1);
    assert_string_equal(mt_profile_text(p, mt_rows_at(rows, 0)->function), "malloc");
    assert_int_equal(mt_rows_wrappers(rows, NULL, 0), 0);
    mt_rows_free(rows);
    mt_profile_free(p);
}

/* A filter, a grouping or a column does not change who is charged. */
static void all_views_agree(void **state) {
    (void)state;
    struct mt_profile *p = layers();
    static const char *const only[] = {"reader_1"};
    struct mt_view_options options = {.by = MT_BY_FUNCTION, .sort = MT_VALUE_LIVE_BYTES};
    options.filter = (struct mt_filter){.include = only, .n_include = 1};
    struct mt_rows *rows;
    struct mt_error error = {0};
    assert_int_equal(mt_rows_build(p, &options, &rows, &error), 0);
    assert_int_equal(mt_rows_count(rows), 1);
    assert_int_equal(mt_rows_at(rows, 0)->value[MT_VALUE_LIVE_BYTES], 5 * (11 + 15));
    mt_rows_free(rows);

    struct mt_profile part = *p; /* as a filtered one has it */
    part.whole = p;
    part.samples = p->samples + 8; /* those of reader_0 alone would not show that dup is one */
    part.n_samples = 1;
    assert_true(charges(&part, "reader_0"));
    mt_profile_free(p);
}

/* The run that calls grab from one place alone must not charge it when the other one does not. */
static void both_sides_of_a_difference_agree(void **state) {
    (void)state;
    struct mt_profile *few = called_from("grab", 1, 1, true),
                      *many = called_from("grab", 8, 4, true);
    assert_true(charges(few, "grab"));
    const struct mt_profile *const sides[] = {few, many};
    struct mt_diff_options options = {.view = {.by = MT_BY_FUNCTION, .sort = MT_VALUE_LIVE_BYTES}};
    struct mt_diff *diff;
    struct mt_error error = {0};
    assert_int_equal(mt_diff_build(sides, &options, &diff, &error), 0);
    for (size_t i = 0; i < mt_diff_count(diff); i++) {
        const struct mt_diff_row *row = mt_diff_at(diff, i);
        for (size_t side = 0; side < 2; side++)
            if (row->row[side])
                assert_string_not_equal(mt_profile_text(sides[side], row->row[side]->function),
                                        "grab");
    }
    mt_diff_free(diff);
    mt_profile_free(few);
    mt_profile_free(many);
}

/* In profiles at random, columns still sum, and the outcome is the same each time. */
static void random_profiles_are_survived(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct mt_profile *p = build_random_profile(seed, 400);
        struct mt_frames first, again;
        struct mt_wrapper_options options = {0};
        assert_int_equal(mt_infer_frames(&first, p, &options), 0);
        assert_int_equal(mt_infer_frames(&again, p, &options), 0);
        assert_int_equal(first.n_inferred, again.n_inferred);
        for (size_t i = 0; i < first.n_inferred; i++)
            assert_int_equal(first.inferred[i].function, again.inferred[i].function);
        for (size_t e = 0; e < first.n_entries; e++)
            assert_int_equal(first.entries[e].kind, again.entries[e].kind);
        mt_frames_free(&first);
        mt_frames_free(&again);
        mt_profile_free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_places_make_a_wrapper),
        cmocka_unit_test(what_allocates_by_others_is_none),
        cmocka_unit_test(branches_are_one_place),
        cmocka_unit_test(whoever_is_below_the_program_is_none),
        cmocka_unit_test(wrappers_of_wrappers_are_found),
        cmocka_unit_test(keeping_wrappers_undoes_it),
        cmocka_unit_test(all_views_agree),
        cmocka_unit_test(both_sides_of_a_difference_agree),
        cmocka_unit_test(random_profiles_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
