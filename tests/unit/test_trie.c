/* SPDX-License-Identifier: MIT */
/* Call paths that share their beginnings: which nodes there are, that a trie which grows a few samples
 * at a time is the one that is built at once, and that each sample's path can be read from it. */
#include "profile-fixture.h"
#include "view/tree/trie.h"

struct made {
    struct mt_profile *profile;
    struct mt_frames frames;
    struct mt_trie trie;
};

static void make(struct made *made, struct mt_profile *p, struct mt_trie_options options,
                 size_t step) {
    struct mt_wrapper_options wrappers = {0};
    made->profile = p;
    assert_int_equal(mt_frames_init(&made->frames, p, &wrappers), 0);
    struct mt_trie_builder *b = mt_trie_begin(&made->trie, &made->frames, options);
    assert_non_null(b);
    int64_t left, before = (int64_t)p->n_samples + 1;
    while ((left = mt_trie_add(b, step)) > 0) {
        assert_true(left < before);
        before = left;
    }
    assert_int_equal(left, 0);
    mt_trie_end(b);
}

static void destroy(struct made *made) {
    mt_trie_free(&made->trie);
    mt_frames_free(&made->frames);
    mt_profile_free(made->profile);
}

/* a <- b:2 <- main; a <- b:9 <- main; c <- main; nothing */
static struct mt_profile *profile(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0), libc = build_mapping(p, "/lib/libc.so.6", 0);
    uint32_t a = build_frame(p, app, "a", "a.c", 1), b = build_frame(p, app, "b", "b.c", 2),
             other = build_frame(p, app, "b", "b.c", 9), c = build_frame(p, app, "c", "c.c", 3),
             top = build_frame(p, app, "main", "main.c", 5),
             start = build_frame(p, libc, "__libc_start_main", "csu/libc-start.c", 6);
    build_sample(p, 5, 4, (uint32_t[]){a, b, top, start});
    build_sample(p, 3, 4, (uint32_t[]){a, other, top, start});
    build_sample(p, 4, 3, (uint32_t[]){c, top, start});
    build_sample(p, 1, 0, NULL);
    mt_profile_sum_totals(p);
    return p;
}

/* "a<b:9<main" from the leaf of a sample outwards. */
static void put_path(const struct made *made, size_t sample, char *out, size_t bytes) {
    const struct mt_trie *trie = &made->trie;
    FILE *stream = fmemopen(out, bytes, "w");
    for (uint32_t node = trie->leaf[sample]; node; node = trie->parent[node]) {
        const struct mt_frame_entry *entry = &made->frames.entries[trie->entry[trie->frame[node]]];
        fprintf(stream, "%s%s:%d", node == trie->leaf[sample] ? "" : "<",
                mt_profile_text(made->profile, mt_frames_function_name(&made->frames, entry)),
                (int)entry->line);
    }
    fclose(stream);
}

static void assert_paths(struct mt_trie_options options, size_t n_nodes,
                         const char *const expected[4]) {
    struct made made;
    make(&made, profile(), options, SIZE_MAX);
    assert_int_equal(made.trie.n, n_nodes);
    for (size_t s = 0; s < 4; s++) {
        char path[200] = "";
        put_path(&made, s, path, sizeof path);
        assert_string_equal(path, expected[s]);
    }
    destroy(&made);
}

static void lines_are_apart(void **state) {
    (void)state;
    assert_paths((struct mt_trie_options){0}, 7,
                 (const char *const[]){"a:1<b:2<main:5", "a:1<b:9<main:5", "c:3<main:5", ""});
    assert_paths((struct mt_trie_options){.full_stacks = true}, 8,
                 (const char *const[]){"a:1<b:2<main:5<__libc_start_main:6",
                                       "a:1<b:9<main:5<__libc_start_main:6",
                                       "c:3<main:5<__libc_start_main:6", ""});
}

static void or_are_one_by_function(void **state) {
    (void)state;
    assert_paths((struct mt_trie_options){.by_function = true}, 5,
                 (const char *const[]){"a:1<b:2<main:5", "a:1<b:2<main:5", "c:3<main:5", ""});
}

static void functions_are_numbered(void **state) {
    (void)state;
    struct made made;
    make(&made, profile(), (struct mt_trie_options){0}, SIZE_MAX);
    const struct mt_trie *trie = &made.trie;
    uint32_t b = trie->frame[trie->parent[trie->leaf[0]]];
    uint32_t other = trie->frame[trie->parent[trie->leaf[1]]];
    assert_int_not_equal(b, other);
    assert_int_equal(trie->function[b], trie->function[other]);
    assert_int_not_equal(trie->function[b], trie->function[trie->frame[trie->leaf[0]]]);
    destroy(&made);
}

static void assert_sound(const struct mt_trie *trie) {
    assert_int_equal(trie->parent[0], 0);
    for (size_t i = 1; i < trie->n; i++) {
        assert_true(trie->parent[i] < i);
        assert_true(trie->frame[i] < trie->n_frames);
        for (size_t k = 1; k < i; k++)
            assert_false(trie->parent[k] == trie->parent[i] && trie->frame[k] == trie->frame[i]);
    }
}

static void it_grows_into_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct mt_trie_options options = {.by_function = seed % 2, .full_stacks = seed % 3 == 0};
        struct made whole, grown;
        make(&whole, build_random_profile(seed, 60), options, SIZE_MAX);
        make(&grown, build_random_profile(seed, 60), options, 1 + seed % 7);
        assert_sound(&whole.trie);
        assert_int_equal(whole.trie.n, grown.trie.n);
        assert_memory_equal(whole.trie.parent, grown.trie.parent, whole.trie.n * sizeof(uint32_t));
        assert_memory_equal(whole.trie.frame, grown.trie.frame, whole.trie.n * sizeof(uint32_t));
        assert_memory_equal(whole.trie.leaf, grown.trie.leaf,
                            whole.profile->n_samples * sizeof(uint32_t));
        destroy(&whole);
        destroy(&grown);
    }
}

static void of_nothing_it_is_a_root(void **state) {
    (void)state;
    struct made made;
    make(&made, build_empty(), (struct mt_trie_options){0}, 10);
    assert_int_equal(made.trie.n, 1);
    destroy(&made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_apart),         cmocka_unit_test(or_are_one_by_function),
        cmocka_unit_test(functions_are_numbered),  cmocka_unit_test(it_grows_into_the_same),
        cmocka_unit_test(of_nothing_it_is_a_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
