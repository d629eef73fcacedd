/* SPDX-License-Identifier: MIT */
/* Differences: every sample of both sides is counted once, whatever the grouping; what is the same
 * is recognized by texts and not by indexes, across directories and builds; what is not, is not. */
#include "profile-fixture.h"
#include "profile/line_texts.h"
#include "view/compare/diff.h"

static struct mt_diff *build(const struct mt_profile *old, const struct mt_profile *new,
                             struct mt_diff_options options) {
    const struct mt_profile *const sides[] = {old, new};
    struct mt_diff *diff;
    struct mt_error error = {0};
    if (mt_diff_build(sides, &options, &diff, &error) < 0)
        fail_msg("%s", error.message);
    return diff;
}

static struct mt_diff *by(const struct mt_profile *old, const struct mt_profile *new,
                          enum mt_group_by group_by) {
    return build(old, new, (struct mt_diff_options){.view.by = group_by});
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void sums_are_those_of_the_sides(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        struct mt_profile *sides[] = {build_random_profile(seed, 200),
                                      build_random_profile(seed + 100, 220)};
        sides[MT_NEW]->info.pid = 5;
        for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
            struct mt_diff *diff = by(sides[MT_OLD], sides[MT_NEW], group_by);
            int64_t sum[MT_N_SIDES][MT_N_VALUES] = {0}, difference[MT_N_VALUES] = {0};
            for (size_t i = 0; i < mt_diff_count(diff); i++) {
                const struct mt_diff_row *row = mt_diff_at(diff, i);
                assert_true(row->row[MT_OLD] || row->row[MT_NEW]);
                for (size_t v = 0; v < MT_N_VALUES; v++) {
                    assert_int_equal(row->diff[v], row->value[MT_NEW][v] - row->value[MT_OLD][v]);
                    sum[MT_OLD][v] += row->value[MT_OLD][v];
                    sum[MT_NEW][v] += row->value[MT_NEW][v];
                    difference[v] += row->diff[v];
                }
            }
            for (size_t v = 0; v < MT_N_VALUES; v++) {
                int64_t expected[MT_N_SIDES] = {0};
                for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
                    for (size_t i = 0; i < sides[side]->n_samples; i++)
                        expected[side] += sides[side]->samples[i].value[v];
                assert_int_equal(sum[MT_OLD][v], expected[MT_OLD]);
                assert_int_equal(sum[MT_NEW][v], expected[MT_NEW]);
                assert_int_equal(difference[v], mt_diff_all(diff)->diff[v]);
            }
            mt_diff_free(diff);
        }
        mt_profile_free(sides[MT_OLD]);
        mt_profile_free(sides[MT_NEW]);
    }
}

static void sums_saturate(void **state) {
    (void)state;
    struct mt_profile *old = build_empty(), *new = build_empty();
    uint32_t a = build_frame(old, build_mapping(old, "/app", 0), "f", "a.c", 1);
    uint32_t b = build_frame(new, build_mapping(new, "/app", 0), "f", "a.c", 1);
    build_sample(old, INT64_MIN / 2 - 9, 1, &a);
    build_sample(new, INT64_MAX, 1, &b);
    struct mt_diff *diff = by(old, new, MT_BY_LINE);
    assert_int_equal(mt_diff_count(diff), 1);
    assert_int_equal(mt_diff_at(diff, 0)->diff[MT_VALUE_LIVE_BYTES], INT64_MAX);
    mt_diff_free(diff);
    mt_profile_free(old);
    mt_profile_free(new);
}

/* ---- what is the same ------------------------------------------------------------------------ */

/* The second profile has the same content under other indexes of strings. */
static void indexes_do_not_matter(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 15; seed++) {
        struct mt_profile *old = build_random_profile(seed, 200),
                          *new = build_random_profile(seed, 200);
        struct mt_profile *shifted = build_empty();
        mt_profile_intern(shifted, "something else");
        for (size_t i = new->n_functions; i-- > 0;)
            mt_profile_intern(shifted, mt_profile_text(new, new->functions[i].name));
        mt_string *map = calloc(4096, sizeof *map);
        for (mt_string s = 0; s < 4096; s++)
            map[s] = mt_profile_intern(shifted, mt_profile_text(new, s));
        for (size_t i = 0; i < new->n_mappings; i++)
            new->mappings[i].path = map[new->mappings[i].path];
        for (size_t i = 0; i < new->n_functions; i++) {
            new->functions[i].name = map[new->functions[i].name];
            new->functions[i].file = map[new->functions[i].file];
        }
        for (size_t i = 0; i < new->n_samples; i++) {
            new->samples[i].thread = map[new->samples[i].thread];
            new->samples[i].scope = map[new->samples[i].scope];
            new->samples[i].domain = map[new->samples[i].domain];
        }
        struct mt_strings *strings = new->strings;
        new->strings = shifted->strings;
        for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
            struct mt_diff *diff = by(old, new, group_by);
            for (size_t i = 0; i < mt_diff_count(diff); i++) {
                const struct mt_diff_row *row = mt_diff_at(diff, i);
                assert_non_null(row->row[MT_OLD]);
                assert_non_null(row->row[MT_NEW]);
                assert_int_equal(row->state, MT_DIFF_BOTH);
                assert_false(row->has_moved);
                for (size_t v = 0; v < MT_N_VALUES; v++)
                    assert_int_equal(row->diff[v], 0);
            }
            mt_diff_free(diff);
        }
        new->strings = strings;
        free(map);
        mt_profile_free(shifted);
        mt_profile_free(old);
        mt_profile_free(new);
    }
}

struct side {
    struct mt_profile *p;
    uint32_t module;
};

/* A program with one thread of calls from main, line 100. */
static struct side program(const char *path, const char *build_id) {
    struct side side = {.p = build_empty()};
    struct mt_mapping mapping = {.limit = 0x100000, .path = mt_profile_intern(side.p, path)};
    mapping.build_id = mt_profile_intern(side.p, build_id);
    side.module = (uint32_t)mt_profile_add_mapping(side.p, &mapping) + 1;
    return side;
}

static uint32_t place(struct side *side, const char *function, const char *file, int64_t start,
                      int64_t line) {
    struct mt_function f = {.name = mt_profile_intern(side->p, function),
                            .file = mt_profile_intern(side->p, file)};
    f.start_line = start;
    struct mt_line at = {.function = (uint32_t)mt_profile_add_function(side->p, &f), .line = line};
    return build_location(side->p, side->module, 0x1000 + side->p->n_locations * 16, &at, 1);
}

static void allocate(struct side *side, int64_t bytes, const char *function, const char *file,
                     int64_t start, int64_t line) {
    uint32_t path[] = {place(side, function, file, start, line),
                       place(side, "main", "/src/main.c", 90, 100)};
    build_sample(side->p, bytes, 2, path);
}

static const struct mt_diff_row *find(const struct mt_diff *diff, const char *key,
                                      enum mt_diff_state wanted) {
    for (size_t i = 0; i < mt_diff_count(diff); i++) {
        char *found = mt_diff_key(diff, mt_diff_at(diff, i));
        bool same = strcmp(found, key) == 0 && mt_diff_at(diff, i)->state == wanted;
        free(found);
        if (same)
            return mt_diff_at(diff, i);
    }
    fail_msg("no row %s that is %s", key, mt_diff_state_name(wanted));
    return NULL;
}

static void finish(struct mt_diff *diff, struct side *old, struct side *new) {
    mt_diff_free(diff);
    mt_profile_free(old->p);
    mt_profile_free(new->p);
}

static void lines_of_one_build_are_not_confused(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "aa");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 10, "f", "/src/a.c", 1, 7);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    assert_int_equal(find(diff, "/src/a.c:5", MT_DIFF_VANISHED)->diff[MT_VALUE_LIVE_BYTES], -10);
    assert_int_equal(find(diff, "/src/a.c:7", MT_DIFF_NEW)->diff[MT_VALUE_LIVE_BYTES], 10);
    assert_null(mt_diff_note(diff, 0));
    finish(diff, &old, &new);
}

static void lines_of_another_build_are_paired(void **state) {
    (void)state;
    struct side old = program("/one/app", "aa"), new = program("/two/app", "bb");
    allocate(&old, 10, "f", "/one/src/a.c", 1, 5);
    allocate(&old, 20, "g", "/one/src/a.c", 10, 12);
    allocate(&new, 11, "f", "/two/src/a.c", 1, 5);
    allocate(&new, 22, "g", "/two/src/a.c", 13, 15);
    allocate(&new, 33, "g", "/two/src/a.c", 13, 12); /* what stands where g's line was */
    char was[32];
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    const struct mt_diff_row *moved = find(diff, "/two/src/a.c:15", MT_DIFF_BOTH);
    assert_int_equal(moved->diff[MT_VALUE_LIVE_BYTES], 2);
    assert_string_equal(mt_diff_was(diff, moved, was), ":12");
    assert_true(moved->has_moved);
    const struct mt_diff_row *same = find(diff, "/two/src/a.c:5", MT_DIFF_BOTH);
    assert_string_equal(mt_diff_was(diff, same, was), "");
    find(diff, "/two/src/a.c:12", MT_DIFF_NEW);
    assert_int_equal(mt_diff_count(diff), 3);
    assert_non_null(mt_diff_note(diff, 0));
    mt_diff_free(diff);
    diff = by(old.p, new.p,
              MT_BY_STACK); /* main's line is the same: only g's new statement makes a new path */
    assert_int_equal(mt_diff_count(diff), 3);
    find(diff, "/two/src/a.c:12;/src/main.c:100", MT_DIFF_NEW);
    finish(diff, &old, &new);
}

/* A statement was added before two others like it, which nothing but their text tells apart. */
static void made_alike(struct side sides[2]) {
    sides[MT_OLD] = program("/one/app", "aa");
    sides[MT_NEW] = program("/two/app", "bb");
    for (int64_t line = 3; line < 5; line++)
        allocate(&sides[MT_OLD], 10, "f", "/nowhere/one/src/a.c", 1, line);
    for (int64_t line = 3; line < 6; line++)
        allocate(&sides[MT_NEW], 10, "f", "/nowhere/two/src/a.c", 1, line);
}

static void say(struct side *side, const char *file, int64_t first, const uint32_t *texts,
                size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mt_line_texts_add(side->p, mt_profile_intern(side->p, file),
                                           first + (int64_t)i, texts[i]),
                         0);
    mt_line_texts_sort(side->p);
}

static void lines_are_paired_by_what_is_stored_of_their_text(void **state) {
    (void)state;
    static const uint32_t old_texts[] = {8, 9}, new_texts[] = {7, 8, 9};
    struct side sides[2];
    made_alike(sides);
    struct mt_diff *diff = by(sides[MT_OLD].p, sides[MT_NEW].p, MT_BY_LINE);
    find(diff, "/nowhere/two/src/a.c:5", MT_DIFF_NEW); /* the others stand where they stood */
    assert_true(mt_diff_lacks_texts(diff));
    mt_diff_free(diff);
    say(&sides[MT_OLD], "/nowhere/one/src/a.c", 3, old_texts, 2);
    say(&sides[MT_NEW], "/nowhere/two/src/a.c", 3, new_texts, 3);
    diff = by(sides[MT_OLD].p, sides[MT_NEW].p, MT_BY_LINE);
    find(diff, "/nowhere/two/src/a.c:5", MT_DIFF_NEW); /* of which set are they? */
    mt_diff_free(diff);
    mt_line_texts_join(sides[MT_OLD].p, sides[MT_NEW].p);
    for (int swapped = 0; swapped < 2; swapped++) {
        char was[32];
        diff = by(sides[swapped].p, sides[!swapped].p, MT_BY_LINE);
        const struct mt_diff_row *last =
            find(diff, swapped ? "/nowhere/one/src/a.c:4" : "/nowhere/two/src/a.c:5", MT_DIFF_BOTH);
        assert_string_equal(mt_diff_was(diff, last, was), swapped ? ":5" : ":4");
        find(diff, "/nowhere/two/src/a.c:3", swapped ? MT_DIFF_VANISHED : MT_DIFF_NEW);
        assert_false(mt_diff_lacks_texts(diff));
        struct mt_profile *const same[] = {sides[swapped].p, sides[!swapped].p};
        assert_int_equal(mt_diff_store_texts(diff, same), 0); /* they stay */
        mt_diff_free(diff);
    }
    assert_int_equal(sides[MT_NEW].p->line_texts.n, 3);
    mt_profile_free(sides[MT_OLD].p);
    mt_profile_free(sides[MT_NEW].p);
}

static void without_build_ids_the_starts_of_functions_tell(void **state) {
    (void)state;
    struct side old = program("/app", ""), new = program("/app", "");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 10, "f", "/src/a.c", 4, 8);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    assert_true(find(diff, "/src/a.c:8", MT_DIFF_BOTH)->has_moved);
    finish(diff, &old, &new);
}

static void renamed_functions_are_others(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "bb");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 10, "f2", "/src/a.c", 1, 5);
    for (enum mt_group_by group_by = MT_BY_LINE; group_by <= MT_BY_FUNCTION; group_by++) {
        struct mt_diff *diff = by(old.p, new.p, group_by);
        assert_int_equal(mt_diff_count(diff), 2);
        find(diff, group_by == MT_BY_LINE ? "/src/a.c:5" : "f", MT_DIFF_VANISHED);
        find(diff, group_by == MT_BY_LINE ? "/src/a.c:5" : "f2", MT_DIFF_NEW);
        mt_diff_free(diff);
    }
    mt_profile_free(old.p);
    mt_profile_free(new.p);
}

static void functions_without_lines_are_paired_by_offset(void **state) {
    (void)state;
    struct side sides[] = {program("/app", "aa"), program("/app", "bb")};
    for (uint32_t s = 0; s < 2; s++)
        for (uint64_t k = 0; k < 2; k++) {
            struct mt_function f = {.name = mt_profile_intern(sides[s].p, "f"),
                                    .address = 0x500 + s * 64};
            struct mt_line line = {.function = (uint32_t)mt_profile_add_function(sides[s].p, &f)};
            uint32_t path = build_location(sides[s].p, sides[s].module,
                                           0x510 + s * (64 + 4) + k * 32, &line, 1);
            build_sample(sides[s].p, 100 + (int64_t)k, 1, &path);
        }
    char was[32];
    struct mt_diff *diff = by(sides[0].p, sides[1].p, MT_BY_LINE);
    assert_int_equal(mt_diff_count(diff), 2);
    assert_string_equal(mt_diff_was(diff, find(diff, "f+0x14 (app)", MT_DIFF_BOTH), was), "+0x10");
    assert_string_equal(mt_diff_was(diff, find(diff, "f+0x34 (app)", MT_DIFF_BOTH), was), "+0x30");
    finish(diff, &sides[0], &sides[1]);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void directories_may_differ(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "aa");
    allocate(&old, 1, "f", "/a/src/x.c", 1, 5);
    allocate(&new, 1, "f", "/b/src/x.c", 1, 5);
    allocate(&old, 1, "g", "/a/one/mod.c", 1, 5); /* its end is not the only one of its kind */
    allocate(&new, 1, "g", "/b/two/mod.c", 1, 5);
    allocate(&new, 1, "g", "/b/three/mod.c", 1, 5);
    allocate(&old, 1, "h", "/a/deep/util.c", 1,
             5); /* a common name alone, and no common function */
    allocate(&new, 1, "i", "/b/flat/util.c", 1, 5);
    allocate(&old, 1, "k", "old.c", 1, 5); /* a common name, and a common function */
    allocate(&new, 1, "k", "new/old.c", 1, 5);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_FILE);
    find(diff, "/b/src/x.c", MT_DIFF_BOTH);
    find(diff, "/a/one/mod.c", MT_DIFF_VANISHED);
    find(diff, "/b/two/mod.c", MT_DIFF_NEW);
    find(diff, "/b/three/mod.c", MT_DIFF_NEW);
    find(diff, "/a/deep/util.c", MT_DIFF_VANISHED);
    find(diff, "/b/flat/util.c", MT_DIFF_NEW);
    find(diff, "new/old.c", MT_DIFF_BOTH);
    assert_int_equal(mt_diff_count(diff), 7);
    finish(diff, &old, &new);
}

static void modules_may_differ_in_directory_and_version(void **state) {
    (void)state;
    static const char *const paths[][2] = {{"/v1/app-1", "/v2/app-2"},
                                           {"/lib/libz.so.1.2", "/usr/lib/libz.so.1.3"},
                                           {"/a/plugin.so", "/b/plugin.so"},
                                           {"/a/other", "/b/another"}};
    struct mt_profile *sides[] = {build_empty(), build_empty()};
    for (size_t s = 0; s < 2; s++) {
        sides[s]->info.exe = mt_profile_intern(sides[s], paths[0][s]);
        for (size_t i = 0; i < 4; i++) {
            uint32_t frame =
                build_frame(sides[s], build_mapping(sides[s], paths[i][s], 0), "f", "", 0);
            build_sample(sides[s], 1, 1, &frame);
        }
    }
    struct mt_diff *diff = by(sides[0], sides[1], MT_BY_MODULE);
    for (size_t i = 0; i < 3; i++)
        find(diff, paths[i][1], MT_DIFF_BOTH);
    find(diff, paths[3][0], MT_DIFF_VANISHED);
    find(diff, paths[3][1], MT_DIFF_NEW);
    mt_diff_free(diff);
    mt_profile_free(sides[0]);
    mt_profile_free(sides[1]);
}

static void functions_may_change_their_file(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "bb");
    allocate(&old, 5, "f", "/src/a.c", 1, 5);
    allocate(&new, 7, "f", "/src/b.c", 1, 5);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_FUNCTION);
    assert_int_equal(mt_diff_count(diff), 1);
    assert_int_equal(find(diff, "f", MT_DIFF_BOTH)->diff[MT_VALUE_LIVE_BYTES], 2);
    finish(diff, &old, &new);
}

/* ---- threads, order, columns ----------------------------------------------------------------- */

static void threads_are_paired_by_name(void **state) {
    (void)state;
    static const char *const names[][4] = {{"100 app", "101 worker", "102 worker", "103 io"},
                                           {"900 app2", "905 worker", "907 worker", "930 log"}};
    struct mt_profile *sides[] = {build_empty(), build_empty()};
    for (size_t s = 0; s < 2; s++) {
        sides[s]->info.pid = s ? 900 : 100;
        uint32_t frame = build_frame(sides[s], 0, "f", "a.c", 1);
        for (int64_t i = 0; i < 4; i++) {
            build_sample(sides[s], 10 * (i + 1), 1, &frame);
            sides[s]->samples[i].thread = mt_profile_intern(sides[s], names[s][i]);
        }
    }
    struct mt_diff *diff = by(sides[0], sides[1], MT_BY_THREAD);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(find(diff, names[1][i], MT_DIFF_BOTH)->diff[MT_VALUE_LIVE_BYTES], 0);
    find(diff, names[0][3], MT_DIFF_VANISHED);
    find(diff, names[1][3], MT_DIFF_NEW);
    mt_diff_free(diff);
    mt_profile_free(sides[0]);
    mt_profile_free(sides[1]);
}

static void largest_change_first_whatever_its_sign(void **state) {
    (void)state;
    static const struct {
        int64_t line, old, new;
    } lines[] = {{1, 100, 100}, {2, 100, 90}, {3, 0, 11}, {4, 50, 60}, {5, 500, 500}, {6, 70, 50}};
    static const char *const expected[] = {"/src/a.c:6", "/src/a.c:3", "/src/a.c:2",
                                           "/src/a.c:4", "/src/a.c:5", "/src/a.c:1"};
    struct side old = program("/app", "aa"), new = program("/app", "aa");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        allocate(&old, lines[i].old, "f", "/src/a.c", 1, lines[i].line);
        allocate(&new, lines[i].new, "f", "/src/a.c", 1, lines[i].line);
    }
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char *key = mt_diff_key(diff, mt_diff_at(diff, i));
        assert_string_equal(key, expected[i]);
        free(key);
    }
    finish(diff, &old, &new);
}

static void columns_of_one_side_are_not_compared(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "aa");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 30, "f", "/src/a.c", 1, 5);
    old.p->has_value[MT_VALUE_LIVE_BYTES] = old.p->has_value[MT_VALUE_LIVE_BLOCKS] = false;
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    assert_false(mt_diff_has(diff, MT_VALUE_LIVE_BYTES));
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_TOTAL_BYTES);
    finish(diff, &old, &new);
}

/* What is live says nothing of two runs that freed all; a limit is about live bytes all the same. */
static void what_differs_is_what_is_asked_about(void **state) {
    (void)state;
    struct side old = program("/app", "aa"), new = program("/app", "aa");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 10, "f", "/src/a.c", 1, 5);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_LIVE_BYTES);
    mt_diff_free(diff);
    new.p->samples[0].value[MT_VALUE_TOTAL_BYTES] += 7;
    diff = by(old.p, new.p, MT_BY_LINE);
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_TOTAL_BYTES);
    mt_diff_free(diff);
    new.p->samples[0].value[MT_VALUE_PEAK_BYTES] += 5;
    for (enum mt_group_by group_by = 0; group_by < MT_N_BY; group_by++) {
        diff = by(old.p, new.p, group_by);
        assert_int_equal(mt_diff_sort(diff), MT_VALUE_PEAK_BYTES);
        mt_diff_free(diff);
    }
    diff = build(old.p, new.p, (struct mt_diff_options){.keep_live = true});
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_LIVE_BYTES);
    mt_diff_free(diff);
    diff = build(old.p, new.p,
                 (struct mt_diff_options){.sort_given = true, .view.sort = MT_VALUE_LIVE_BYTES});
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_LIVE_BYTES);
    mt_diff_free(diff);
    new.p->samples[0].value[MT_VALUE_LIVE_BLOCKS]++; /* of none of the bytes */
    diff = by(old.p, new.p, MT_BY_LINE);
    assert_int_equal(mt_diff_sort(diff), MT_VALUE_LIVE_BYTES);
    finish(diff, &old, &new);
}

static void programs_of_two_names_are_not_called_builds(void **state) {
    (void)state;
    struct side old = program("/bin/one", "aa"), new = program("/bin/two", "bb");
    allocate(&old, 10, "f", "/src/a.c", 1, 5);
    allocate(&new, 12, "f", "/src/a.c", 2, 6);
    struct mt_diff *diff = by(old.p, new.p, MT_BY_LINE);
    assert_int_equal(mt_diff_at(diff, 0)->diff[MT_VALUE_LIVE_BYTES], 2); /* paired all the same */
    assert_non_null(strstr(mt_diff_note(diff, 0), "one on the old side and two on the new one"));
    assert_null(mt_diff_note(diff, 1));
    finish(diff, &old, &new);
}

static void damage_names_its_side(void **state) {
    (void)state;
    struct mt_profile *good = build_random_profile(1, 20), *bad = build_random_profile(1, 20);
    const struct mt_profile *const sides[] = {good, bad};
    struct mt_diff *diff;
    struct mt_error error = {0};
    bad->samples[3].first_frame = UINT32_MAX;
    assert_int_equal(mt_diff_build(sides, &(struct mt_diff_options){0}, &diff, &error),
                     -MEMTRACK_EFORMAT);
    assert_null(diff);
    assert_non_null(strstr(error.message, "the new side"));
    mt_profile_free(good);
    mt_profile_free(bad);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_sides),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(indexes_do_not_matter),
        cmocka_unit_test(lines_of_one_build_are_not_confused),
        cmocka_unit_test(lines_of_another_build_are_paired),
        cmocka_unit_test(lines_are_paired_by_what_is_stored_of_their_text),
        cmocka_unit_test(without_build_ids_the_starts_of_functions_tell),
        cmocka_unit_test(renamed_functions_are_others),
        cmocka_unit_test(functions_without_lines_are_paired_by_offset),
        cmocka_unit_test(directories_may_differ),
        cmocka_unit_test(modules_may_differ_in_directory_and_version),
        cmocka_unit_test(functions_may_change_their_file),
        cmocka_unit_test(threads_are_paired_by_name),
        cmocka_unit_test(largest_change_first_whatever_its_sign),
        cmocka_unit_test(columns_of_one_side_are_not_compared),
        cmocka_unit_test(what_differs_is_what_is_asked_about),
        cmocka_unit_test(programs_of_two_names_are_not_called_builds),
        cmocka_unit_test(damage_names_its_side),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
