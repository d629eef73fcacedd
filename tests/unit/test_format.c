/* SPDX-License-Identifier: MIT */
/* Numbers for people and back; text that is safe to print and fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

static char buffer[MT_FORMAT_BYTES];

static void sizes(void **state) {
    (void)state;
    assert_string_equal(mt_format_size(buffer, 0, false), "0 B");
    assert_string_equal(mt_format_size(buffer, 1023, false), "1023 B");
    assert_string_equal(mt_format_size(buffer, 1024, false), "1.0 KiB");
    assert_string_equal(mt_format_size(buffer, 1536, false), "1.5 KiB");
    assert_string_equal(mt_format_size(buffer, 1024 * 1024 - 1, false),
                        "1.0 MiB"); /* not 1024.0 KiB */
    assert_string_equal(mt_format_size(buffer, -1536, false), "-1.5 KiB");
    assert_string_equal(mt_format_size(buffer, INT64_MAX, false), "8.0 EiB");
    assert_string_equal(mt_format_size(buffer, INT64_MIN, false), "-8.0 EiB");
    assert_string_equal(mt_format_size(buffer, 47395635, true), "47,395,635");
    assert_string_equal(mt_format_count(buffer, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(mt_format_count(buffer, 999), "999");
    assert_string_equal(mt_format_count(buffer, 1000), "1,000");
}

static void percents_and_durations(void **state) {
    (void)state;
    assert_string_equal(mt_format_percent(buffer, 1, 3), "33.3%");
    assert_string_equal(mt_format_percent(buffer, 1, 100000), "<0.1%");
    assert_string_equal(mt_format_percent(buffer, 0, 5), "0.0%");
    assert_string_equal(mt_format_percent(buffer, 9999, 1000), "999.9%");
    assert_string_equal(mt_format_percent(buffer, -30351, 1000), "-3035%"); /* columns are kept */
    assert_string_equal(mt_format_percent(buffer, 5, 0), "-");
    assert_string_equal(mt_format_duration(buffer, 999), "999 ns");
    assert_string_equal(mt_format_duration(buffer, 1500), "1.5 us");
    assert_string_equal(mt_format_duration(buffer, 812000000), "812 ms");
    assert_string_equal(mt_format_duration(buffer, 1834000000), "1.83 s");
    assert_string_equal(mt_format_duration(buffer, 999900000), "1.00 s");
    assert_string_equal(mt_format_duration(buffer, 59990000000), "1 min 0 s");
    assert_string_equal(mt_format_duration(buffer, UINT64_C(3720000000000)), "1 h 2 min");
    assert_string_equal(mt_format_rfc3339(buffer, UINT64_C(1700000000123456789)),
                        "2023-11-14T22:13:20.123456Z");
}

static void changes(void **state) {
    (void)state;
    assert_string_equal(mt_format_change(buffer, 0), "0.0%");
    assert_string_equal(mt_format_change(buffer, 0.123), "+12.3%");
    assert_string_equal(mt_format_change(buffer, -0.0004), "<0.1%");
    assert_string_equal(mt_format_change(buffer, -9.9994), "-999.9%");
    assert_string_equal(mt_format_change(buffer, 9.9996), "+1000%");
    assert_string_equal(mt_format_change(buffer, 999.99), "+99999%");
    assert_string_equal(mt_format_change(buffer, 1000), ">99999%");
    assert_string_equal(mt_format_change(buffer, 1e307), ">99999%");
    assert_string_equal(mt_format_change(buffer, -1000), "<-99999%");
}

static void size_classes(void **state) {
    (void)state;
    assert_string_equal(mt_format_size_class(buffer, 0), "0 B");
    assert_string_equal(mt_format_size_class(buffer, 1), "1 B");
    assert_string_equal(mt_format_size_class(buffer, 2), "2-3 B");
    assert_string_equal(mt_format_size_class(buffer, 7), "64-127 B");
    assert_string_equal(mt_format_size_class(buffer, 10), "512-1023 B");
    assert_string_equal(mt_format_size_class(buffer, 11), "1-2 KiB");
    assert_string_equal(mt_format_size_class(buffer, 20), "512 KiB-1 MiB");
    assert_string_equal(mt_format_size_class(buffer, 64), "8-16 EiB");
    assert_string_equal(mt_format_size_class(buffer, 255), "8-16 EiB"); /* from a hostile file */
}

static void reading_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"100", 100},
                {"4K", 4096},
                {"4k", 4096},
                {"1.5M", 1572864},
                {"2GiB", 2147483648},
                {"2 GB", 2147483648},
                {"10b", 10},
                {"16383P", UINT64_C(16383) << 50}};
    static const char *const bad[] = {"",     "K",   "-1",    "1X", "1KK", "nan", "inf",
                                      "0x10", "1e3", "1.2.3", " 1", "16E", "1 "};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(mt_format_parse_size(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad - 1; i++)
        if (mt_format_parse_size(bad[i], &bytes))
            fail_msg("%s is no size", bad[i]);
}

static void reading_durations(void **state) {
    (void)state;
    uint64_t ns;
    assert_true(mt_format_parse_duration("10ms", 0, &ns) && ns == 10000000);
    assert_true(mt_format_parse_duration("1.5s", 0, &ns) && ns == 1500000000);
    assert_true(mt_format_parse_duration("2m", 0, &ns) && ns == UINT64_C(120000000000));
    assert_true(mt_format_parse_duration("1 h", 0, &ns) && ns == UINT64_C(3600000000000));
    assert_true(mt_format_parse_duration("3", 1000, &ns) && ns == 3000);
    assert_false(mt_format_parse_duration("3", 0, &ns));
    assert_false(mt_format_parse_duration("", 1, &ns));
    assert_false(mt_format_parse_duration("s", 1, &ns));
    assert_false(mt_format_parse_duration("-1s", 1, &ns));
    assert_false(mt_format_parse_duration("1d", 1, &ns));
    assert_false(mt_format_parse_duration("99999999999h", 1, &ns));
}

static void assert_visible(const char *text, bool utf8, const char *expected) {
    char *visible = mt_format_visible(text, utf8);
    assert_string_equal(visible, expected);
    free(visible);
}

static void nothing_reaches_the_terminal(void **state) {
    (void)state;
    assert_visible("plain", true, "plain");
    assert_visible("a\033]52;c;ZXZpbA==\a", true, "a\\x1b]52;c;ZXZpbA==\\x07");
    assert_visible("a\r\nb\tc\177", true, "a\\x0d\\x0ab\\x09c\\x7f");
    assert_visible("\xc2\x9b"
                   "31m",
                   true, "\\u{9b}31m"); /* CSI as one character */
    assert_visible("\xe2\x80\xae"
                   "txt.exe",
                   true, "\\u{202e}txt.exe");
    assert_visible("gr\xc3\xbc\xc3\x9f", true, "gr\xc3\xbc\xc3\x9f");
    assert_visible("gr\xc3\xbc", false, "gr\\xc3\\xbc");
    assert_visible("\xff\xc3", true, "\\xff\\xc3");
    assert_visible("\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80", true,
                   "\\xed\\xa0\\x80\\xc0\\xaf\\xf4\\x90\\x80\\x80");
}

static void json_gets_utf8(void **state) {
    (void)state;
    char *text = mt_format_utf8("a\xff\xc3(\xe2\x82\xac\n");
    assert_string_equal(text, "a\xef\xbf\xbd\xef\xbf\xbd(\xe2\x82\xac\n");
    free(text);
}

typedef char *shorten(const char *text, size_t columns, const char *ellipsis);

static void assert_shortened(shorten *function, const char *text, size_t columns,
                             const char *expected) {
    char *shortened = function(text, columns, "...");
    assert_string_equal(shortened, expected);
    free(shortened);
}

static void shortening(void **state) {
    (void)state;
    static const char path[] = "/usr/src/project/lib/parser/expression.c:123";
    assert_shortened(mt_format_shorten_path, path, 44, path);
    assert_shortened(mt_format_shorten_path, path, 43,
                     ".../src/project/lib/parser/expression.c:123");
    assert_shortened(mt_format_shorten_path, path, 32, ".../lib/parser/expression.c:123");
    assert_shortened(mt_format_shorten_path, path, 25, ".../expression.c:123");
    assert_shortened(mt_format_shorten_path, path, 12, "expr...c:123");
    assert_shortened(mt_format_shorten_path, path, 2, "23");
    static const char name[] = "std::vector<int, std::allocator<int> >::push_back(int const&)";
    assert_shortened(mt_format_shorten_function, name, 61, name);
    assert_shortened(mt_format_shorten_function, name, 60,
                     "std::vector<int, std::allocator<int> >::push_back");
    assert_shortened(mt_format_shorten_function, name, 40, "std::vector<...>::push_back");
    assert_shortened(mt_format_shorten_function, name, 20, "...::push_back");
    assert_shortened(mt_format_shorten_function, name, 30, "std::vector<...>::push_back");
    assert_shortened(mt_format_shorten_function, name, 12, "push_back");
    assert_shortened(mt_format_shorten_function, name, 8, "pu...ack");
    assert_shortened(mt_format_shorten_function, "a::bb::(anonymous namespace)::decode()", 24,
                     "...::decode");
    assert_shortened(mt_format_shorten_function, "alpha::beta::gamma", 16, "...::beta::gamma");
    assert_int_equal(mt_format_shorten_least(name, "..."), strlen("std::vector<...>::push_back"));
    assert_int_equal(mt_format_shorten_least("main", "..."), 4);
    assert_shortened(mt_format_shorten_function, "ns::operator<(A<int>)", 15, "ns::operator<");
    assert_shortened(mt_format_shorten_function, "f<a->b<c>>::g(int)", 10, "f<...>::g");
    assert_shortened(mt_format_shorten_function, "0x1f00 (libfoo.so.1)", 15, "0x1f0...o.so.1)");
    assert_shortened(mt_format_shorten_function, "work+0x1f (libfoo.so.1)", 15, "work+...o.so.1)");
    assert_shortened(mt_format_shorten_middle, "cache::lookup", 13, "cache::lookup");
    assert_shortened(mt_format_shorten_middle, "cache::lookup", 10, "cache...up");
    assert_shortened(mt_format_shorten_middle, "http://host:80/a b", 10, "http:... b");
    assert_shortened(mt_format_shorten_middle, "abcdefgh", 2, "gh");
    assert_shortened(mt_format_shorten_middle, "", 2, "");
    assert_shortened(mt_format_shorten_end, "abcdefgh", 6, "abc...");
    assert_shortened(mt_format_shorten_end, "abcdefgh", 2, "ab");
}

static void assert_folder(const char *expected, size_t n, const char *const *given) {
    const char *paths[8];
    memcpy(paths, given, n * sizeof *paths);
    char *folder = mt_format_folder_common(paths, n);
    assert_string_equal(folder, expected);
    free(folder);
}
#define FOLDER(expected, ...)                                                                      \
    assert_folder(expected, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                \
                  (const char *[]){__VA_ARGS__})

static void common_folders(void **state) {
    (void)state;
    assert_folder("", 0, NULL);
    FOLDER("", "");
    FOLDER("/srv/user/p/src", "/srv/user/p/src/a.c", "/srv/user/p/src/b.c");
    FOLDER("/srv/user/p/src", "/srv/user/p/src/a.c"); /* one alone */
    FOLDER("/srv/user/p", "/srv/user/p/src/a.c", "/srv/user/p/src/a.c", "/srv/user/p/include/a.h");
    FOLDER("/srv/user/p", "/srv/user/p/src/a.c", "/srv/user/p/srcs/b.c"); /* whole names */
    /* what is installed is not asked, nor are names of another kind when they are fewer */
    FOLDER("/b/binutils-2.40/bfd", "/b/binutils-2.40/bfd/elf.c", "/b/binutils-2.40/bfd/hash.c",
           "/usr/include/c++/12/bits/stl_vector.h", "/usr/include/zlib.h", "csu/libc-start.c");
    FOLDER("/srv/user/p", "/srv/user/p/src/a.rs", "/srv/user/p/b.rs",
           "/srv/.cargo/registry/src/x-1/lib.rs", "/rustc/90b3/library/alloc/src/vec/mod.rs");
    /* near the root most are enough, further down all have to agree */
    FOLDER("/srv/user/p", "/srv/user/p/a.c", "/srv/user/p/b.c", "/opt/x/y.h");
    FOLDER("/srv/user", "/srv/user/p/a.c", "/srv/user/p/b.c", "/srv/user/p/c.c", "/srv/user/q/d.c");
    FOLDER("", "/a/x.c", "/b/y.c", "/c/z.c");
    FOLDER("", "/src/a.c", "/src/b.c"); /* not worth a line */
    FOLDER("", "/x.c");
    /* relative names are short as they are */
    FOLDER("", "src/a.c", "src/b.c");
    FOLDER("projects/tool/src", "projects/tool/src/a.c", "projects/tool/src/b.c");
    FOLDER("", "a.c", "projects/tool/src/b.c");
    FOLDER("/a-\xc3\xbc/long", "/a-\xc3\xbc/long/a.c", "/a-\xc3\xbc/long/b/");
}

/* Whatever the text and the room: never wider than asked, never broken UTF-8. */
static void shortened_text_fits(void **state) {
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    static const char *const texts[] = {"/a/b\xc3\xbc/\xe6\xbc\xa2\xe5\xad\x97/file.c:1",
                                        "x<y<z>>::f<>>>(",
                                        "",
                                        "<<<<<<<<<<<<<<<<<<",
                                        "/////////////////////",
                                        "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2"};
    shorten *const functions[] = {mt_format_shorten_path, mt_format_shorten_function,
                                  mt_format_shorten_end};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t f = 0; f < 3; f++)
            for (size_t columns = 0; columns < 30; columns++) {
                char *shortened = functions[f](texts[t], columns, "\xe2\x80\xa6");
                assert_true(mt_format_width(shortened) <= columns);
                char *utf8 = mt_format_utf8(shortened);
                assert_string_equal(utf8, shortened);
                free(utf8);
                free(shortened);
            }
    assert_int_equal(mt_format_width("\xe6\xbc\xa2"), 2);
}

static void words_of_a_command(void **state) {
    (void)state;
    static const struct {
        const char *word;
        size_t room;
        const char *shown;
    } cases[] = {
        {"--size=1k", SIZE_MAX, "--size=1k"},
        {"", SIZE_MAX, "''"},
        {"./l 3; ./l 4", SIZE_MAX, "'./l 3; ./l 4'"},
        {"it's", SIZE_MAX, "'it'\\''s'"},
        {"\xe6\xbc\xa2", SIZE_MAX, "\xe6\xbc\xa2"},
        {"a\xe6\xbc\xa2", 3, "a..."},
        {"abc d", 3, "abc..."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32] = "";
        FILE *out = fmemopen(text, sizeof text, "w");
        mt_format_word_put(out, cases[i].word, cases[i].room, "...");
        fclose(out);
        assert_string_equal(text, cases[i].shown);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(percents_and_durations),
        cmocka_unit_test(changes),
        cmocka_unit_test(size_classes),
        cmocka_unit_test(reading_sizes),
        cmocka_unit_test(reading_durations),
        cmocka_unit_test(nothing_reaches_the_terminal),
        cmocka_unit_test(json_gets_utf8),
        cmocka_unit_test(shortening),
        cmocka_unit_test(common_folders),
        cmocka_unit_test(shortened_text_fits),
        cmocka_unit_test(words_of_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
