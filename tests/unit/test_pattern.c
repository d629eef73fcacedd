/* SPDX-License-Identifier: MIT */
/* Patterns are those of fnmatch, for every text. */
#include "view/rows/pattern.h"

#include <fnmatch.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t below(uint64_t *seed, uint32_t n) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % n;
}

static void make(uint64_t *seed, const char *letters, uint32_t n_letters, char *text) {
    uint32_t n = below(seed, 9);
    for (uint32_t i = 0; i < n; i++)
        *text++ = letters[below(seed, n_letters)];
    *text = '\0';
}

/* Short texts of few letters, so that many match. */
static void as_fnmatch_says(void **state) {
    (void)state;
    uint64_t seed = 1;
    size_t n_matches = 0;
    for (int i = 0; i < 300000; i++) {
        char pattern[16], text[16];
        make(&seed,
             "ab**?"
             "?/.[a-]\\\xc3\xa9",
             i % 2 ? 8 : 14, pattern);
        make(&seed, "aab/.\xc3\xa9-", i % 3 ? 5 : 8, text);
        bool expected = fnmatch(pattern, text, 0) == 0;
        n_matches += expected;
        if (mt_pattern_matches(pattern, text) != expected)
            fail_msg("\"%s\" and \"%s\": fnmatch says %d", pattern, text, expected);
    }
    assert_in_range(n_matches, 10000, 290000);
}

static void names(void **state) {
    (void)state;
    assert_true(mt_pattern_matches("", ""));
    assert_true(mt_pattern_matches("pool::*alloc*", "pool::arena<int>::reallocate(int)"));
    assert_true(mt_pattern_matches("*.c", "src/\xc3\xa9.c"));
    assert_true(mt_pattern_matches("a?c", "a/c"));
    assert_false(mt_pattern_matches("alloc", "xalloc"));
    assert_false(mt_pattern_matches("*alloc", "alloc_x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_fnmatch_says),
        cmocka_unit_test(names),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
