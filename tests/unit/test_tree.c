/* SPDX-License-Identifier: MIT */
/* Call paths as a tree: sums of each node, the order of children, what is shown of it; and which
 * frames at the outer end are left out. */
#include "profile-fixture.h"
#include "view/rows/outer.h"
#include "view/tree/tree.h"

/* a <- b <- main: 5; c <- b <- main: 3; d <- main: 4; lossy: 1 */
static struct mt_profile *profile(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0), libc = build_mapping(p, "/lib/libc.so.6", 0);
    uint32_t a = build_frame(p, app, "a", "a.c", 1), b = build_frame(p, app, "b", "b.c", 2),
             c = build_frame(p, app, "c", "c.c", 3), d = build_frame(p, app, "d", "d.c", 4),
             top = build_frame(p, app, "main", "main.c", 5),
             start = build_frame(p, libc, "__libc_start_main", "csu/libc-start.c", 6),
             first = build_frame(p, app, "_start", "", 0);
    build_sample(p, 5, 5, (uint32_t[]){a, b, top, start, first});
    build_sample(p, 3, 5, (uint32_t[]){c, b, top, start, first});
    build_sample(p, 4, 4, (uint32_t[]){d, top, start, first});
    build_sample(p, 1, 0, NULL);
    mt_profile_sum_totals(p);
    return p;
}

struct made {
    struct mt_profile *profile;
    struct mt_rows *rows;
    struct mt_tree *tree;
};

static struct made make(struct mt_profile *p, struct mt_tree_options options) {
    struct mt_view_options view = {.by = MT_BY_STACK, .sort = options.sort};
    struct made made = {.profile = p};
    assert_int_equal(mt_rows_build(p, &view, &made.rows, NULL), 0);
    assert_int_equal(mt_tree_build(made.rows, &options, &made.tree, NULL), 0);
    return made;
}

static void destroy(struct made *made) {
    mt_tree_free(made->tree);
    mt_rows_free(made->rows);
    mt_profile_free(made->profile);
}

/* "main.c:5=12(b.c:2=8(…),…)" of what is shown. */
static void put(FILE *stream, const struct made *made, uint32_t node, size_t depth,
                const struct mt_tree_limits *limits) {
    struct mt_row rest;
    size_t n, shown = mt_tree_shown(made->tree, node, depth, limits, &rest);
    const uint32_t *children = mt_tree_children(made->tree, node, &n);
    for (size_t i = 0; i < shown; i++) {
        char *key = mt_tree_key(made->tree, children[i]);
        fprintf(stream, "%s%s=%d(", i ? "," : "", key,
                (int)mt_tree_node(made->tree, children[i])->value[MT_VALUE_LIVE_BYTES]);
        put(stream, made, children[i], depth + 1, limits);
        fputc(')', stream);
        free(key);
    }
    if (shown < n)
        fprintf(stream, "%s+%d", shown ? "," : "", (int)rest.value[MT_VALUE_LIVE_BYTES]);
}

static void assert_tree(struct mt_tree_options options, struct mt_tree_limits limits,
                        const char *expected) {
    struct made made = make(profile(), options);
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    put(stream, &made, 0, 1, &limits);
    fclose(stream);
    assert_string_equal(text, expected);
    assert_int_equal(mt_tree_node(made.tree, 0)->value[MT_VALUE_LIVE_BYTES], 13);
    free(text);
    destroy(&made);
}

static const struct mt_tree_limits no_limits;

static void from_main_inwards(void **state) {
    (void)state;
    struct mt_tree_options by_line = {.by = MT_BY_LINE, .sort = MT_VALUE_LIVE_BYTES};
    assert_tree(by_line, no_limits,
                "main.c:5=12(b.c:2=8(a.c:1=5(),c.c:3=3()),d.c:4=4()),[lossy]=1()");
    by_line.by = MT_BY_FUNCTION;
    assert_tree(by_line, no_limits, "main=12(b=8(a=5(),c=3()),d=4()),[lossy]=1()");
    by_line.by = MT_BY_MODULE;
    assert_tree(by_line, no_limits, "/bin/app=12(/bin/app=12(/bin/app=8())),[lossy]=1()");
    by_line.by = MT_BY_FUNCTION;
    by_line.full_stacks = true;
    assert_tree(by_line, no_limits,
                "_start=12(__libc_start_main=12(main=12(b=8(a=5(),c=3()),d=4()))),[lossy]=1()");
}

static void inverted(void **state) {
    (void)state;
    assert_tree((struct mt_tree_options){.by = MT_BY_FUNCTION,
                                         .sort = MT_VALUE_LIVE_BYTES,
                                         .inverted = true},
                no_limits, "a=5(b=5(main=5())),d=4(main=4()),c=3(b=3(main=3())),[lossy]=1()");
}

static void limits(void **state) {
    (void)state;
    struct mt_tree_options by = {.by = MT_BY_FUNCTION, .sort = MT_VALUE_LIVE_BYTES};
    assert_tree(by, (struct mt_tree_limits){.depth = 1}, "main=12(+12),[lossy]=1()");
    assert_tree(by, (struct mt_tree_limits){.min_share = 0.3}, "main=12(b=8(a=5(),+3),d=4()),+1");
    assert_tree(by, (struct mt_tree_limits){.n = 3}, "main=12(b=8(a=5(),+3),+4),+1");
    assert_tree(by, (struct mt_tree_limits){.n = 1}, "main=12(+12),+1");
}

/* A frame that recurs is a node of its own each time, and a path is counted once in each. */
static void recursion(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0), f = build_frame(p, app, "f", "f.c", 1);
    build_sample(p, 7, 3, (uint32_t[]){f, f, f});
    build_sample(p, 2, 1, (uint32_t[]){f});
    mt_profile_sum_totals(p);
    struct made made = make(p, (struct mt_tree_options){.by = MT_BY_FUNCTION});
    uint32_t node = 0;
    static const int64_t expected[] = {9, 9, 7, 7};
    for (size_t i = 0; i < 4; i++) {
        size_t n;
        const uint32_t *children = mt_tree_children(made.tree, node, &n);
        assert_int_equal(mt_tree_node(made.tree, node)->value[MT_VALUE_TOTAL_BYTES], expected[i]);
        assert_int_equal(n, i < 3);
        node = n ? children[0] : node;
    }
    destroy(&made);
}

/* Whatever the profile: children hold no more than their parent, the outermost all of it. */
static void sums(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        uint64_t random = seed;
        struct mt_profile *p = build_empty();
        uint32_t app = build_mapping(p, "/bin/app", 0), frames[9];
        char name[3] = "f0";
        for (size_t i = 0; i < 9; i++, name[1]++)
            frames[i] = build_frame(p, app, name, "f.c", (int64_t)i % 4);
        for (size_t i = 0; i < 60; i++) {
            uint32_t path[12];
            size_t n = build_random(&random, 12);
            for (size_t k = 0; k < n; k++)
                path[k] = frames[build_random(&random, 9)];
            build_sample(p, build_random(&random, 1000), n, path);
        }
        mt_profile_sum_totals(p);
        struct made made =
            make(p, (struct mt_tree_options){.by = seed % 2 ? MT_BY_LINE : MT_BY_FUNCTION,
                                             .inverted = seed % 3 == 0});
        for (uint32_t node = 0, last = 0; node <= last; node++) {
            size_t n;
            int64_t sum = 0;
            const uint32_t *children = mt_tree_children(made.tree, node, &n);
            for (size_t i = 0; i < n; i++) {
                sum += mt_tree_node(made.tree, children[i])->value[MT_VALUE_TOTAL_BYTES];
                assert_int_equal(mt_tree_node(made.tree, children[i])->parent, node);
                last = children[i] > last ? children[i] : last;
            }
            assert_true(sum <= mt_tree_node(made.tree, node)->value[MT_VALUE_TOTAL_BYTES]);
            if (node == 0)
                assert_int_equal(sum, mt_rows_all(made.rows)->value[MT_VALUE_TOTAL_BYTES]);
        }
        destroy(&made);
    }
}

static void wrong_usage(void **state) {
    (void)state;
    struct mt_profile *p = profile();
    struct mt_view_options view = {.by = MT_BY_LINE};
    struct mt_rows *rows;
    struct mt_tree *tree;
    struct mt_error error;
    assert_int_equal(mt_rows_build(p, &view, &rows, NULL), 0);
    assert_int_equal(
        mt_tree_build(rows, &(struct mt_tree_options){.by = MT_BY_LINE}, &tree, &error),
        -MEMTRACK_EUSAGE);
    assert_null(tree);
    mt_rows_free(rows);
    mt_profile_free(p);
}

/* ---- the outer end --------------------------------------------------------------------------- */

struct named {
    const char *function, *module, *file;
};

static size_t outer(size_t n, const struct named *frames, bool truncated) {
    struct mt_profile *p = build_empty();
    uint32_t path[16];
    for (size_t i = 0; i < n; i++)
        path[i] = build_frame(p, build_mapping(p, frames[i].module, 0), frames[i].function,
                              frames[i].file, 1);
    build_sample(p, 1, n, path);
    struct mt_view_options view = {.by = MT_BY_STACK};
    struct mt_rows *rows;
    struct mt_row_frame stack[16];
    bool is_truncated;
    assert_int_equal(mt_rows_build(p, &view, &rows, NULL), 0);
    size_t shown = mt_rows_stack(rows, mt_rows_at(rows, 0), stack, 16, &is_truncated);
    size_t end = mt_rows_outer_end(p, stack, shown, truncated);
    mt_rows_free(rows);
    mt_profile_free(p);
    return end;
}
#define OUTER(truncated, ...)                                                                      \
    outer(sizeof((const struct named[]){__VA_ARGS__}) / sizeof(struct named),                      \
          (const struct named[]){__VA_ARGS__}, truncated)

static void outer_ends(void **state) {
    (void)state;
    static const char app[] = "/bin/app", c[] = "/lib/libc.so.6", cxx[] = "/lib/libstdc++.so.6";
    const struct named work = {"work", app, "/src/a.c"}, top = {"main", app, "/src/a.c"},
                       libc_main = {"__libc_start_main", c, ""}, start = {"_start", app, ""},
                       thread = {"start_thread", c, ""}, clone = {"clone3", c, ""};
    assert_int_equal(OUTER(false, work, top, libc_main, start), 2);
    assert_int_equal(OUTER(false, top, libc_main, start), 1);
    assert_int_equal(OUTER(true, work, top, libc_main), 3); /* the outer end is not known */
    assert_int_equal(OUTER(false, work, thread, clone), 1);
    const struct named run = {"std::thread::_State_impl<X>::_M_run()", app,
                              "/usr/include/c++/12/bits/std_thread.h"},
                       native = {"execute_native_thread_routine", cxx, ""};
    assert_int_equal(OUTER(false, work, run, native, thread, clone), 1);
    /* a library between two of the program's frames stays */
    const struct named sort = {"std::sort<int*>", app, "/usr/include/c++/12/bits/stl_algo.h"};
    assert_int_equal(OUTER(false, work, sort, top, libc_main, start), 3);
    const struct named rust = {"app::main", app, "/src/main.rs"},
                       once = {"core::ops::function::FnOnce::call_once", app,
                               "/rustc/1/library/core/src/ops/function.rs"},
                       lang = {"std::rt::lang_start", app, "/rustc/1/library/std/src/rt.rs"},
                       c_main = {"main", app, ""};
    assert_int_equal(OUTER(false, rust, once, lang, c_main, libc_main, start), 1);
    const struct named nameless = {"sub_3e40", app, ""};
    assert_int_equal(OUTER(false, work, top, libc_main, nameless), 2);
    assert_int_equal(OUTER(false, work, nameless), 2);
    assert_int_equal(OUTER(false, libc_main, start), 2); /* nothing else is left */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_main_inwards),
        cmocka_unit_test(inverted),
        cmocka_unit_test(limits),
        cmocka_unit_test(recursion),
        cmocka_unit_test(sums),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(outer_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
