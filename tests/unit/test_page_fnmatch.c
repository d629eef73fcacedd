/* SPDX-License-Identifier: MIT */
/* The page's fnmatch says of each pattern and text what the C library of the command says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define fnmatch page_fnmatch
#include "page/core/wasm/fnmatch.c"
#undef fnmatch
int fnmatch(const char *pattern, const char *text, int flags);

static uint32_t seed = 1;

static void put_some(char *out, const char *const *words, uint32_t n) {
    *out = '\0';
    for (uint32_t i = (seed >> 8) % 6; i; i--) {
        seed = seed * 1664525 + 1013904223;
        strcat(out, words[(seed >> 8) % n]);
    }
    seed = seed * 1664525 + 1013904223;
}

static void as_the_c_library(void **state) {
    static const char *const parts[] = {
        "*", "?", "a", "b",         "[",        "]",     "!",    "-]",           "\\",
        "^", "/", "x", "[:alpha:]", "[:punct:", "[a-c]", "[!b]", "[[:digit:]x]", "1"};
    static const char *const texts[] = {"a", "b", "c", "1", "/", "x", "[", "]", "-", "!", "x", "^"};
    (void)state;
    size_t n_matches = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[128], text[64], about[256];
        put_some(pattern, parts, sizeof parts / sizeof *parts);
        put_some(text, texts, sizeof texts / sizeof *texts);
        bool theirs = fnmatch(pattern, text, 0) == 0, ours = page_fnmatch(pattern, text, 0) == 0;
        snprintf(about, sizeof about, "%s with %s", pattern, text);
        if (ours != theirs)
            fail_msg("%s: %d, and not %d", about, ours, theirs);
        n_matches += ours;
    }
    assert_in_range(n_matches, 2000, 198000);
}

static void characters(void **state) {
    (void)state;
    assert_int_equal(page_fnmatch("?[à-ü]*", "né en été", 0), 0);
    assert_int_not_equal(page_fnmatch("??", "é", 0), 0);
    assert_int_equal(page_fnmatch("[[:alpha:]]", "é", 0), 0);
    assert_int_not_equal(page_fnmatch("[[:xdigit:]]", "é", 0), 0);
    assert_int_equal(page_fnmatch("\xff?", "\xff\xfe", 0), 0); /* no UTF-8: byte by byte */
    assert_int_not_equal(page_fnmatch("\xff", "\xfe", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_c_library),
                                       cmocka_unit_test(characters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
