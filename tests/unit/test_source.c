/* SPDX-License-Identifier: MIT */
/* Source lines: the right one, and never a device, a pipe, a directory or a file that is no
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "view/source.h"

static char folder[DIRECTORY_BYTES];

static int enter(void **state) {
    (void)state;
    directory_make(folder);
    return chdir(folder) == 0 && mkdir("sub", 0700) == 0 ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    return chdir("/") == 0 ? directory_remove(folder) : -1;
}

static void assert_line(struct mt_source *source, const char *file, int64_t line,
                        const char *expected) {
    char *text = mt_source_line(source, file, line);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    free(text);
}

static void lines_of_a_file(void **state) {
    (void)state;
    static const char content[] = "first\n\t  second  \r\n\n   \nlast without newline";
    directory_write("sub/a.c", content, sizeof content - 1);
    struct mt_source *source = mt_source_new("sub");
    for (int again = 0; again < 2; again++) {
        assert_line(source, "a.c", 1, "first");
        assert_line(source, "a.c", 2, "second");
        assert_line(source, "a.c", 3, NULL);
        assert_line(source, "a.c", 4, NULL);
        assert_line(source, "a.c", 5, "last without newline");
        assert_line(source, "a.c", 6, NULL);
        assert_line(source, "a.c", 0, NULL);
        assert_line(source, "a.c", INT64_MAX, NULL);
        assert_line(source, "a.c", INT64_MIN, NULL);
    }
    assert_line(source, "sub/a.c", 1, "first"); /* below the current directory */
    assert_line(source, "", 1, NULL);
    mt_source_free(source);
}

static void a_tree_that_has_moved(void **state) {
    (void)state;
    struct mt_source *source = mt_source_new("/nowhere/at/all");
    assert_line(source, "/nowhere/at/all/sub/a.c", 1, "first");
    assert_line(source, "/nowhere/at/all-else/sub/a.c", 1, NULL);
    mt_source_free(source);
}

static void places_to_look_at(void **state) {
    (void)state;
    struct mt_source *source = mt_source_new("/nowhere");
    assert_int_equal(mkdir("place", 0700), 0);
    assert_int_equal(mkdir("place/sub", 0700), 0);
    directory_write_text("place/sub/a.c", "of the place\n");
    directory_write_text("place/b.c", "the base name\nsecond\n");
    assert_line(source, "/made/x/sub/a.c", 1, NULL);
    mt_source_free(source);
    source = mt_source_new("sub");
    assert_int_equal(mt_source_add_place(source, "missing"), 0);
    assert_int_equal(mt_source_add_place(source, "place"), 0);
    assert_line(source, "/made/x/sub/a.c", 1, "of the place");
    assert_line(source, "a.c", 1, "first"); /* place/a.c is none: as without places */
    assert_line(source, "//x///b.c", 2, "second");
    size_t bytes;
    assert_string_equal(mt_source_text(source, "b.c", &bytes), "the base name\nsecond\n");
    assert_int_equal(bytes, 21);
    assert_null(mt_source_text(source, "missing.c", &bytes));
    assert_int_equal(bytes, 0);
    mt_source_free(source);
}

static void what_is_not_shown(void **state) {
    (void)state;
    struct mt_source *source = mt_source_new("");
    directory_write("sub/empty.c", "", 0);
    directory_write("sub/binary.c", "a\0b\n", 4);
    directory_write("sub/huge.c", "x\n", 2);
    assert_int_equal(truncate("sub/huge.c", (16 << 20) + 1), 0);
    assert_int_equal(mkfifo("sub/pipe", 0600), 0);
    static const char *const names[] = {"sub/empty.c", "sub/binary.c", "sub/huge.c", "sub/pipe",
                                        "sub",         "/dev/zero",    "/dev/stdin", "missing.c"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_line(source, names[i], 1, NULL);
    mt_source_free(source);
}

static void younger_than_the_program(void **state) {
    (void)state;
    const uint64_t second = 1000000000, built = 1000 * second, start = 3000 * second;
    const struct timespec before[2] = {{.tv_sec = 900}, {.tv_sec = 900}},
                          at[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}},
                          between[2] = {{.tv_sec = 2000}, {.tv_sec = 2000}},
                          after[2] = {{.tv_sec = 4000}, {.tv_sec = 4000}};
    directory_write("sub/empty.c", "x\n", 2);
    directory_write("sub/binary.c", "program", 7);
    assert_int_equal(utimensat(AT_FDCWD, "sub/binary.c", at, 0), 0);
    assert_true(mt_source_built_ns(start, "sub/binary.c") == built);
    assert_true(mt_source_built_ns(start, "sub/missing") == start);
    assert_true(mt_source_built_ns(0, "sub/binary.c") == 0); /* another tool's profile */
    const struct {
        const struct timespec *changed;
        bool is_newer;
    } cases[] = {{before, false}, {at, false}, {between, true}, {after, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(utimensat(AT_FDCWD, "sub/empty.c", cases[i].changed, 0), 0);
        struct mt_source *source = mt_source_new("sub");
        assert_true(mt_source_is_newer(source, "empty.c", built) == cases[i].is_newer);
        assert_false(mt_source_is_newer(source, "empty.c", 0));
        assert_false(mt_source_is_newer(source, "missing.c", built));
        mt_source_free(source);
    }
    assert_int_equal(utimensat(AT_FDCWD, "sub/binary.c", after, 0), 0); /* built again since */
    assert_true(mt_source_built_ns(start, "sub/binary.c") == start);
}

static void more_files_than_are_kept(void **state) {
    (void)state;
    struct mt_source *source = mt_source_new("sub");
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "missing-%d.c", i);
        assert_line(source, name, 1, NULL);
    }
    mt_source_free(source);
    mt_source_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_a_file),          cmocka_unit_test(a_tree_that_has_moved),
        cmocka_unit_test(what_is_not_shown),        cmocka_unit_test(places_to_look_at),
        cmocka_unit_test(younger_than_the_program), cmocka_unit_test(more_files_than_are_kept),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
