/* SPDX-License-Identifier: MIT */
/* --include and --exclude: tracemalloc's rules, on the charged frame or on any. */
#include "profile-fixture.h"
#include "view/rows/rows.h"

static const struct mt_filter_frame frame = {.function = "ns::parse(std::string const&)",
                                             .file = "/src/lib/parser.cpp",
                                             .module = "/usr/lib/libp.so.1",
                                             .line = 12};

static void patterns(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        bool matches;
    } cases[] = {
        {"*", true},
        {"*/parser.cpp", true},
        {"parser.cpp", true},
        {"/src/*", true},
        {"lib/parser.cpp", true}, /* as reports print it, without the root of all sources */
        {"lib/parser.cpp:12", true},
        {"ib/parser.cpp", false},
        {"lib/parser", false},
        {"…/parser.cpp:12", true}, /* as they shorten it */
        {".../parser.cpp:12", true},
        {"…/parse.cpp:12", false},
        {"lib/libp.so.1", true},
        {"parser", false},
        {"ns::…(…)", true},
        {"ns::parse", true},
        {"ns::*", true},
        {"ns::parse(*", true},
        {"parse", false},
        {"libp.so*", true},
        {"/usr/lib/*", true},
        {"parser.cpp:12", true},
        {"*:12", true},
        {"parser.cpp:13", false},
        {"ns::parse:12", false}, /* a line belongs to a file */
        {"libp.so.1:12", false},
        {"", false},
        {":12", false},
        {"parser.cpp:", false},
        {"parser.cpp:99999999999999999999", false},
        {"[", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (mt_filter_pattern_matches(cases[i].pattern, &frame) != cases[i].matches)
            fail_msg("%s should%s match", cases[i].pattern, cases[i].matches ? "" : " not");
    struct mt_filter_frame nothing = {"", "", "", 0};
    assert_false(mt_filter_pattern_matches("*", &nothing));
}

/* a <- b <- main: 1; b <- main: 2; c <- main: 4; lossy: 8. What passes is the sum. */
static int64_t passing(const char *const *include, size_t n_include, const char *const *exclude,
                       size_t n_exclude, bool all_frames) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0);
    uint32_t a = build_frame(p, app, "a", "a.c", 1), b = build_frame(p, app, "b", "b.c", 2);
    uint32_t c = build_frame(p, app, "c", "c.c", 3), top = build_frame(p, app, "main", "main.c", 4);
    build_sample(p, 1, 3, (uint32_t[]){a, b, top});
    build_sample(p, 2, 2, (uint32_t[]){b, top});
    build_sample(p, 4, 2, (uint32_t[]){c, top});
    build_sample(p, 8, 0, NULL);
    struct mt_view_options options = {
        .filter = {include, n_include, exclude, n_exclude, all_frames}};
    struct mt_rows *rows;
    assert_int_equal(mt_rows_build(p, &options, &rows, NULL), 0);
    int64_t passed = mt_rows_passed(rows)->value[MT_VALUE_LIVE_BYTES];
    struct mt_row sum;
    double variance[MT_N_VALUES];
    mt_rows_sum_from(rows, 0, &sum, variance);
    assert_int_equal(sum.value[MT_VALUE_LIVE_BYTES], passed);
    assert_int_equal(mt_rows_all(rows)->value[MT_VALUE_LIVE_BYTES], 15);
    mt_rows_free(rows);
    mt_profile_free(p);
    return passed;
}

#define LIST(...)                                                                                  \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void rules(void **state) {
    (void)state;
    assert_int_equal(passing(NULL, 0, NULL, 0, false), 15);
    assert_int_equal(passing(LIST("a.c"), NULL, 0, false), 1);
    assert_int_equal(passing(LIST("a.c", "c"), NULL, 0, false), 5);
    assert_int_equal(passing(LIST("b.c"), NULL, 0, true), 3);
    assert_int_equal(passing(LIST("app"), NULL, 0, false), 7);
    assert_int_equal(passing(NULL, 0, LIST("b.c"), false), 13);
    assert_int_equal(passing(NULL, 0, LIST("b.c"), true), 12);
    assert_int_equal(passing(NULL, 0, LIST("a", "c:3", "c.c:3"), false), 10);
    assert_int_equal(passing(LIST("?.c"), LIST("c.c:3"), false), 3);
    assert_int_equal(passing(LIST("main.c:4"), NULL, 0, true), 7);
    assert_int_equal(passing(LIST("main.c:5"), NULL, 0, true), 0);
    assert_int_equal(passing(LIST("a"), LIST("a"), false), 0);
}

/* The verdict is remembered per function: it must not leak into another module or line. */
static void memory_of_verdicts(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t one = build_mapping(p, "/lib/one.so", 0), two = build_mapping(p, "/lib/two.so", 0);
    uint32_t frames[] = {build_frame(p, one, "f", "f.c", 1), build_frame(p, two, "f", "f.c", 1),
                         build_frame(p, one, "f", "f.c", 2), build_frame(p, two, "f", "f.c", 2)};
    for (uint32_t i = 0; i < 4; i++)
        build_sample(p, 1 << i, 1, &frames[i]);
    static const struct {
        const char *pattern;
        int64_t passed;
    } cases[] = {{"one.so", 5}, {"two.so", 10}, {"f.c:1", 3}, {"f.c:2", 12}, {"f", 15}};
    for (size_t i = 0; i < 5; i++) {
        struct mt_view_options options = {.filter = {.include = &cases[i].pattern, .n_include = 1}};
        struct mt_rows *rows;
        assert_int_equal(mt_rows_build(p, &options, &rows, NULL), 0);
        assert_int_equal(mt_rows_passed(rows)->value[MT_VALUE_LIVE_BYTES], cases[i].passed);
        mt_rows_free(rows);
    }
    mt_profile_free(p);
}

/* A thread is "TID NAME", and a pattern about it fits either, or both. A name can hold a space, or
 * be missing. */
static void threads(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *thread;
        bool matches;
    } cases[] = {
        {"thread:worker", "12 worker", true},
        {"thread:12", "12 worker", true},
        {"thread:12 worker", "12 worker", true},
        {"thread:work*", "12 worker", true},
        {"thread:w", "12 worker", false},
        {"thread:1", "12 worker", false},
        {"thread:two words", "7 two words", true},
        {"thread:words", "7 two words", false},
        {"thread:7", "7", true},
        {"thread:", "", true},
        {"thread:*", "", true},
        {"thread::worker", "12 worker", false},
        {"worker", "12 worker", false},
        {"scope:worker", "12 worker", false},
        {"thread:* other *", "30 other threads", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_filter filter = {.include = &cases[i].pattern, .n_include = 1};
        struct mt_filter_sample sample = {
            .scope = "", .domain = "malloc", .thread = cases[i].thread};
        if ((mt_filter_labels(&filter, &sample) == MT_FILTER_INCLUDED) != cases[i].matches)
            fail_msg("%s should%s match %s", cases[i].pattern, cases[i].matches ? "" : " not",
                     cases[i].thread);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(rules),
        cmocka_unit_test(memory_of_verdicts),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
