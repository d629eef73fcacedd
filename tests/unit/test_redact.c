/* SPDX-License-Identifier: MIT */
/* What a redacted profile does not hold any more, in the bytes that are written; and that every
 * sample is charged to the frame that it was charged to. */
#include "pprof-fixture.h"

#include "profile/strings.h"
#include "view/redact/redact.h"
#include "view/redact/text.h"
#include "view/rows/infer.h"
#include "view/rows/rows.h"

#define ALICE                                                                                      \
    "/ho"                                                                                          \
    "me/alice/" /* a home that is nobody's */

/* ---- texts ----------------------------------------------------------------------------------- */

static void assert_text(const char *text, const char *expected) {
    char *got = mt_redact_text_without_paths(text);
    assert_string_equal(got, expected);
    free(got);
}

static void paths_in_texts(void **state) {
    (void)state;
    assert_text("", "");
    assert_text("no path here.", "no path here.");
    assert_text(ALICE "a.c:12: not found", "a.c:12: not found");
    assert_text("see \"../x/y.so\" (or ~/b)", "see \"y.so\" (or b)");
    assert_text("PATH=/usr/a:/opt/b x", "PATH=b x");
    assert_text("below " ALICE, "below …");
    assert_text("C:\\Users\\alice\\main.c", "main.c");
    assert_text("4.5 MiB/s, 3/s, 10K/s and 2 blocks/s", "4.5 MiB/s, 3/s, 10K/s and 2 blocks/s");
    assert_text("secret/s", "s");
    assert_text("path::operator/(path const&)", "path::operator/(path const&)");
    assert_text("operator/=", "operator/=");
    assert_text("github.com/acme/hidden.(*T).Run", "hidden.(*T).Run");
    assert_text("run::{closure#0}<src/deep/a.rs>", "run::{closure#0}<a.rs>");
}

/* ---- what is gone ---------------------------------------------------------------------------- */

#define HOME ALICE "hidden project/"
#define TREE ALICE "secretdir/"

static mt_string text(struct mt_profile *p, const char *value) {
    return mt_profile_intern(p, value);
}

static void build_scopes(struct mt_profile *p) {
    struct mt_scopes *scopes = &p->info.scopes;
    const struct mt_scope total = {.name = text(p, "load " TREE "data.bin"),
                                   .thread = text(p, "7 " TREE "worker"),
                                   .count = 1};
    const struct mt_scope_event event = {.name = text(p, "event of alice"), .n_keys = 1};
    const struct mt_scope_key key = {text(p, TREE "key"), text(p, "value of a customer")};
    const struct mt_counter counter = {.name = text(p, TREE "depth")};
    const struct mt_scope_open open = {.name = text(p, TREE "open"), .thread = text(p, "8 alice")};
    assert_int_equal(mt_profile_scopes_add_totals(scopes, &total), 0);
    assert_int_equal(mt_profile_scopes_add_event(scopes, &event), 0);
    assert_int_equal(mt_profile_scopes_add_key(scopes, &key), 0);
    assert_int_equal(mt_profile_scopes_add_counter(scopes, &counter), 0);
    assert_int_equal(mt_profile_scopes_add_open(scopes, &open), 0);
}

static void build_words(struct mt_profile *p) {
    static const char *const words[] = {TREE "bin/app", "--token=s3cr3t-word", "alice@example.org",
                                        HOME "input.txt"};
    p->info.command = calloc(4, sizeof *p->info.command);
    p->info.n_command = 4;
    for (size_t i = 0; i < 4; i++)
        p->info.command[i] = text(p, words[i]);
}

/* Everything that can have a name has one that must go. */
static struct mt_profile *build_telling(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, TREE "bin/app", 0x1000),
             plugin = build_mapping(p, HOME "plugin.so", 0x9000);
    uint32_t path[] = {build_frame(p, app, "parse", TREE "src/parse.c", 10),
                       build_frame(p, plugin, "acme.com/hidden/x.Run", HOME "run.c", 7),
                       build_frame(p, app, "main", "src/main.c", 3)};
    p->functions[0].system_name = text(p, TREE "mangled");
    for (uint32_t i = 0; i < 3; i++)
        build_sample(p, 100, 3 - i, path + i);
    p->samples[0].thread = text(p, "1234 " TREE "thread");
    p->samples[0].process = text(p, "1234 cc1 … part-one.c");
    p->samples[1].process = text(p, "1235 sh (forked)");
    p->samples[0].scope = text(p, "request " TREE "page");
    p->samples[0].domain = text(p, "pool of alice");
    p->info.exe = text(p, TREE "bin/app");
    p->info.cwd = text(p, ALICE "work");
    p->info.allocator_path = text(p, TREE "lib/libmine.so");
    p->info.tool = text(p, "DHAT");
    build_words(p);
    mt_profile_add_note(p, "No debug information in " HOME "plugin.so, called with s3cr3t-word.");
    mt_profile_add_note(p, "1234 cc1 … part-one.c: one of 3 MiB/s in " ALICE "work.");
    mt_profile_add_mark(p, 1, "alice began " TREE "x", MT_MARK_PROGRAM);
    mt_profile_add_wrapper(p, TREE "src/*");
    p->info.threads = calloc(1, sizeof *p->info.threads);
    p->info.threads[p->info.n_threads++] =
        (struct mt_profile_thread){7, 1, text(p, "alice's thread")};
    build_scopes(p);
    text(p, "of no use, of alice"); /* nothing refers to it */
    return p;
}

static struct buffer inflated(struct buffer packed) {
    struct buffer out = {.data = malloc(1 << 20), .capacity = 1 << 20};
    z_stream stream = {.next_in = packed.data,
                       .avail_in = (uInt)packed.n,
                       .next_out = out.data,
                       .avail_out = (uInt)out.capacity};
    assert_int_equal(inflateInit2(&stream, 15 + 32), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.n = out.capacity - stream.avail_out;
    inflateEnd(&stream);
    free(packed.data);
    return out;
}

static void nothing_tells_whose_it_is(void **state) {
    (void)state;
    static const char *const gone[] = {"alice",   "secretdir", "hidden project", "s3cr3t",
                                       "example", "customer",  "part-one",       "acme"};
    static const char *const stays[] = {"parse.c", "plugin.so", "x.Run",
                                        "DHAT",    "1234 cc1",  "1235 sh (forked)"};
    struct mt_profile *p = build_telling();
    struct mt_error error;
    struct buffer before = inflated(written(p));
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        assert_non_null(memmem(before.data, before.n, gone[i], strlen(gone[i])));
    assert_int_equal(mt_redact(p, NULL, &error), 0);
    struct buffer after = inflated(written(p));
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        if (memmem(after.data, after.n, gone[i], strlen(gone[i])))
            fail_msg("%s stayed", gone[i]);
    for (size_t i = 0; i < sizeof stays / sizeof *stays; i++)
        if (!memmem(after.data, after.n, stays[i], strlen(stays[i])))
            fail_msg("%s is gone", stays[i]);
    for (uint32_t i = 0; i < mt_strings_count(p->strings); i++) {
        const char *at = mt_strings_text(p->strings, i);
        if (strchr(at, '/') && strcmp(at, "/redacted/app") != 0 && !strstr(at, "3 MiB/s"))
            fail_msg("a directory stayed in %s", at);
    }
    assert_string_equal(mt_profile_text(p, p->info.exe), "/redacted/app");
    assert_int_equal(p->info.exe, p->mappings[0].path);
    assert_int_equal(p->info.n_command, 1);
    assert_string_equal(mt_profile_text(p, p->info.command[0]), "app");
    free(before.data);
    free(after.data);
    mt_profile_free(p);
}

static void equal_base_names_stay_apart(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/w/app", 0), x = build_mapping(p, "/w/x/p.so.1", 0x9000),
             y = build_mapping(p, "/w/y/p.so.1", 0x19000);
    uint32_t a = build_frame(p, app, "f", "/w/b/util.c", 1),
             b = build_frame(p, x, "g", "/w/a/util.c", 1), c = build_frame(p, y, "h", "util.c", 1);
    struct mt_error error;
    build_sample(p, 1, 1, &a);
    build_sample(p, 2, 1, &b);
    build_sample(p, 4, 1, &c);
    assert_int_equal(mt_redact(p, NULL, &error), 0);
    assert_string_equal(mt_profile_text(p, p->functions[0].file), "util(2).c");
    assert_string_equal(mt_profile_text(p, p->functions[1].file), "util.c");
    assert_string_equal(mt_profile_text(p, p->functions[2].file), "util(3).c");
    assert_string_equal(mt_profile_text(p, p->mappings[1].path), "p.so.1");
    assert_string_equal(mt_profile_text(p, p->mappings[2].path), "p.so.1(2)");
    uint32_t again = build_function(p, "f", "util(2).c"); /* functions are found by what they are */
    assert_int_equal(again, 0);
    mt_profile_free(p);
}

/* Headers of the system are where they were, as far as views look. */
static void headers_of_the_system(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, TREE "app", 0);
    static const char *const names[][3] = {
        {"std::vector<int>::push_back(int&&)", "/usr/include/c++/12/bits/stl_vector.h",
         "/usr/include/c++/stl_vector.h"},
        {"printf", "/usr/include/x86_64-linux-gnu/bits/stdio2.h", "/usr/include/bits/stdio2.h"},
        {"own", TREE "stl_vector.h", "stl_vector.h"}};
    struct mt_error error;
    for (size_t i = 0; i < 3; i++) {
        uint32_t frame = build_frame(p, app, names[i][0], names[i][1], 1);
        build_sample(p, 1, 1, &frame);
    }
    assert_int_equal(mt_redact(p, NULL, &error), 0);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(mt_profile_text(p, p->functions[i].file), names[i][2]);
    mt_profile_free(p);
}

/* ---- what is charged ------------------------------------------------------------------------- */

static const char *const files[] = {
    "",
    TREE "src/a.c",
    TREE "pool/pool.c",
    TREE "gen/x.pb.cc",
    "/usr/include/c++/12/bits/stl_vector.h",
    "/usr/include/c++/12/bits/new_allocator.h",
    "/usr/include/c++/12/bits/allocator.h",
    "/usr/lib/llvm-14/include/c++/v1/__memory/allocator.h",
    "/usr/include/x86_64-linux-gnu/bits/stdio2.h",
    "/usr/include/boost/container/vector.hpp",
    "/usr/include/other/x.h",
    "/opt/qt/include/QtCore/qlist.h",
    "/rustc/0123abcd/library/alloc/src/raw_vec.rs",
    "/rustc/0123abcd/library/alloc/src/raw_vec/mod.rs",
    "/rustc/0123abcd/library/core/src/alloc/mod.rs",
    "/rustc/0123abcd/library/core/src/option.rs",
    TREE "vendor/hashbrown/src/raw.rs",
    "src/main.rs",
    "/usr/lib/python3.11/json/decoder.py",
    "<frozen importlib._bootstrap>",
    "node:internal/fs",
    "internal/modules/cjs/loader",
    "third_party/boost/container/deque.hpp",
};
static const char *const modules[] = {
    TREE "bin/app",
    "/usr/bin/git",
    "/usr/lib/git-core/git",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0",
    "/opt/lib/libglib-2.0.so.0",
    "/usr/lib/memtrack/libmemtrack.so",
    "/usr/lib/libjemalloc.so.2",
    "/usr/bin/python3.11",
    "/usr/lib/python3.11/lib-dynload/_json.so",
    TREE "venv/lib/python3.11/site-packages/x/_x.so",
    "[python]",
    "[jit]",
    "",
};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static struct mt_profile *build_mixed(uint64_t seed) {
    struct mt_profile *p = build_empty();
    uint32_t program = build_random(&seed, 3);
    build_mapping(p, modules[program], 0x100000);
    for (uint32_t i = 0; i < COUNT(modules); i++)
        build_mapping(p, modules[i], 0x100000 * (i + 2));
    for (uint32_t i = 0; i < 200; i++)
        build_function(p, build_names[build_random(&seed, 16)],
                       files[build_random(&seed, COUNT(files))]);
    for (uint32_t i = 0; i < 300; i++)
        build_random_location(p, &seed);
    for (uint32_t i = 0; i < p->n_locations; i++)
        p->locations[i].mapping = build_random(&seed, COUNT(modules) + 2);
    for (uint32_t i = 0; i < 500; i++) {
        uint32_t path[12], n = build_random(&seed, 12);
        for (uint32_t k = 0; k < n; k++)
            path[k] = build_random(&seed, 300);
        build_sample(p, 1 + build_random(&seed, 1000), n, path);
    }
    if (seed & 1)
        p->info.exe = p->mappings[0].path;
    if (build_random(&seed, 2))
        mt_profile_add_wrapper(p, "*/pool/*");
    if (build_random(&seed, 2))
        mt_profile_add_wrapper(p, "gro*");
    return p;
}

struct charge {
    uint32_t entry, position, passed_over;
};

static struct charge *charges(const struct mt_profile *p) {
    const struct mt_wrapper_options none = {0};
    struct charge *out = calloc(p->n_samples, sizeof *out);
    struct mt_frames frames;
    assert_int_equal(mt_infer_frames(&frames, p, &none), 0);
    for (size_t i = 0; i < p->n_samples; i++) {
        struct charge *c = &out[i];
        c->entry = mt_frames_charged(&frames, &p->samples[i], &c->position);
        c->passed_over = mt_frames_passed_over(&frames, &p->samples[i], c->entry, c->position);
    }
    mt_frames_free(&frames);
    return out;
}

static void the_same_frames_are_charged(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct mt_profile *p = build_mixed(seed);
        struct mt_error error;
        struct charge *before = charges(p);
        assert_int_equal(mt_redact(p, NULL, &error), 0);
        struct charge *after = charges(p);
        for (size_t i = 0; i < p->n_samples; i++)
            if (memcmp(&before[i], &after[i], sizeof *before) != 0)
                fail_msg("seed %d, sample %zu: %u instead of %u", (int)seed, i, after[i].entry,
                         before[i].entry);
        for (uint32_t i = 0; i < mt_strings_count(p->strings); i++)
            if (strstr(mt_strings_text(p->strings, i), "secretdir"))
                fail_msg("%s stayed", mt_strings_text(p->strings, i));
        free(before);
        free(after);
        mt_profile_free(p);
    }
}

static void figures_stay(void **state) {
    (void)state;
    struct mt_profile *p = build_full(3, 200);
    struct mt_profile *q = read_back(p);
    struct mt_error error;
    assert_int_equal(mt_redact(q, NULL, &error), 0);
    assert_int_equal(p->n_samples, q->n_samples);
    for (size_t i = 0; i < p->n_samples; i++)
        assert_memory_equal(p->samples[i].value, q->samples[i].value, sizeof q->samples[i].value);
    assert_memory_equal(&p->info.totals, &q->info.totals, sizeof q->info.totals);
    assert_int_equal(p->info.n_ticks, q->info.n_ticks);
    assert_string_equal(mt_profile_text(q, q->mappings[0].build_id), "0123456789abcdef");
    struct mt_profile *again = read_back(q); /* a file that can be read */
    assert_int_equal(again->n_samples, q->n_samples);
    mt_profile_free(again);
    mt_profile_free(q);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_in_texts),
        cmocka_unit_test(nothing_tells_whose_it_is),
        cmocka_unit_test(equal_base_names_stay_apart),
        cmocka_unit_test(headers_of_the_system),
        cmocka_unit_test(the_same_frames_are_charged),
        cmocka_unit_test(figures_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
