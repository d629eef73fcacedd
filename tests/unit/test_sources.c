/* SPDX-License-Identifier: MIT */
/* Which source files are taken along, in which order, how much of them, and which never are. */
#include "profile-fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "view/redact/redact.h"
#include "view/sources/sources.h"

static char folder[DIRECTORY_BYTES];

static int enter(void **state) {
    (void)state;
    directory_make(folder);
    return chdir(folder) == 0 && mkdir("src", 0700) == 0 ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    return chdir("/") == 0 ? directory_remove(folder) : -1;
}

static uint32_t frame(struct mt_profile *p, uint32_t mapping, const char *file) {
    char path[256];
    snprintf(path, sizeof path, "%s%s%s", *file == '/' ? "" : folder, *file == '/' ? "" : "/",
             file);
    return build_frame(p, mapping, file, path, 1);
}

/* main.c calls small.c and large.c, which allocate; it allocates nothing itself. */
static struct mt_profile *build(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/w/app", 0);
    uint32_t caller = frame(p, app, "src/main.c");
    static const char *const callees[] = {"src/small.c", "src/large.c", "src/gone.c",  ".netrc",
                                          "id_rsa",      "src/pipe.c",  "src/object.c"};
    for (uint32_t i = 0; i < sizeof callees / sizeof *callees; i++) {
        uint32_t path[] = {frame(p, app, callees[i]), caller};
        build_sample(p, i == 1 ? 1000 : 10 - i, 2, path);
    }
    uint32_t path[] = {
        build_frame(p, app, "std::vector<int>::push_back", "/usr/include/c++/12/bits/v.h", 1),
        caller};
    build_sample(p, 1, 1, path);
    return p;
}

static void write_sources(void) {
    size_t bytes = MT_SOURCES_FILE_BYTES + 100;
    char *large = malloc(bytes);
    memset(large, 'x', bytes);
    for (size_t i = 9; i < bytes; i += 10)
        large[i] = '\n';
    directory_write("src/large.c", large, bytes);
    directory_write("src/object.c", "a\0b", 3);
    directory_write_text("src/small.c", "small\n");
    directory_write_text("src/main.c", "main\n");
    directory_write_text(".netrc", "password\n");
    directory_write_text("id_rsa", "key\n");
    assert_int_equal(mkfifo("src/pipe.c", 0600), 0);
    free(large);
}

static void those_with_figures(void **state) {
    (void)state;
    struct mt_profile *p = build();
    struct mt_source *source = mt_source_new("");
    const struct mt_view_options options = {.sort = MT_VALUE_PEAK_BYTES};
    struct mt_sources sources;
    struct mt_error error;
    write_sources();
    assert_int_equal(mt_sources_collect(p, &options, source, &sources, &error), 0);
    assert_int_equal(sources.n, 3);
    static const char *const order[] = {"large.c", "small.c", "main.c"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(strrchr(sources.items[i].path, '/') + 1, order[i]);
    assert_true(sources.items[0].is_cut);
    assert_int_equal(sources.items[0].bytes, MT_SOURCES_FILE_BYTES / 10 * 10);
    assert_string_equal(mt_sources_note(&sources.items[0]), "The end is left out.");
    assert_string_equal(sources.items[1].text, "small\n");
    assert_string_equal(mt_sources_note(&sources.items[1]), "");
    assert_int_equal(sources.n_missing, 5);
    assert_int_equal(sources.n_left_out, 0);
    assert_int_equal(sources.bytes, sources.items[0].bytes + 11);

    assert_int_equal(mt_redact(p, &sources, &error), 0); /* paths are the profile's */
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(sources.items[i].path, order[i]);
    mt_sources_free(&sources);
    mt_source_free(source);
    mt_profile_free(p);
}

static void what_has_no_room(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/w/app", 0);
    size_t bytes = MT_SOURCES_FILE_BYTES;
    char *line = malloc(bytes), name[32];
    memset(line, '\n', bytes);
    for (uint32_t i = 0; i < 34; i++) {
        snprintf(name, sizeof name, "src/f%u.c", i);
        directory_write(name, line, bytes);
        uint32_t path = frame(p, app, name);
        build_sample(p, 100 - i, 1, &path);
    }
    struct mt_source *source = mt_source_new("");
    const struct mt_view_options options = {.sort = MT_VALUE_PEAK_BYTES};
    struct mt_sources sources;
    struct mt_error error;
    assert_int_equal(mt_sources_collect(p, &options, source, &sources, &error), 0);
    assert_int_equal(sources.n, 32);
    assert_int_equal(sources.n_left_out, 2);
    assert_int_equal(sources.bytes, MT_SOURCES_BYTES);
    free(line);
    mt_sources_free(&sources);
    mt_source_free(source);
    mt_profile_free(p);
}

static void newer_than_the_program(void **state) {
    (void)state;
    struct mt_profile *p = build();
    struct mt_source *source = mt_source_new("");
    const struct mt_view_options options = {.sort = MT_VALUE_PEAK_BYTES};
    struct mt_sources sources;
    struct mt_error error;
    p->info.start_time_ns = UINT64_C(1000000000000000000); /* 2001 */
    assert_int_equal(mt_sources_collect(p, &options, source, &sources, &error), 0);
    assert_true(sources.items[1].is_newer);
    assert_string_equal(mt_sources_note(&sources.items[1]), "Changed since the program was built.");
    mt_sources_free(&sources);
    mt_source_free(source);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_with_figures),
        cmocka_unit_test(newer_than_the_program),
        cmocka_unit_test(what_has_no_room),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
