/* SPDX-License-Identifier: MIT */
/* Wildcards mean what they mean to fnmatch, on cases by hand and on many made at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fnmatch.h>
#include <string.h>

#include "base/glob.h"

static bool matches(const char *pattern, const char *text) {
    return mt_glob_matches(pattern, strlen(pattern), text);
}

static void cases(void **state) {
    static const struct {
        const char *pattern, *text;
        bool expected;
    } list[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "/usr/bin/x", true},
        {"cc1*", "cc1plus", true},
        {"cc1*", "xcc1", false},
        {"*/cc1", "/a/b/cc1", true},
        {"?", "", false},
        {"a?c", "abc", true},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[]a]", "]", true},
        {"[a", "[a", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxbxx", false},
        {"a**b", "ab", true},
        {"[a-]", "-", true},
        {"\\", "\\", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (matches(list[i].pattern, list[i].text) != list[i].expected)
            fail_msg("%s with %s", list[i].pattern, list[i].text);
}

static void is_as_fnmatch_is(void **state) {
    static const char of_patterns[] = "ab/*?[]!-\\", of_texts[] = "ab/]-!";
    uint64_t seed = 1;
    size_t n_matches = 0;
    (void)state;
    for (size_t i = 0; i < 400000; i++) {
        char pattern[9] = "", text[7] = "";
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t r = seed >> 20;
        for (size_t k = 0; k < 1 + i % 8; k++, r /= 10)
            pattern[k] = of_patterns[r % (sizeof of_patterns - 1)];
        r = seed >> 13;
        for (size_t k = 0; k < i % 7 && k < 6; k++, r /= 6)
            text[k] = of_texts[r % (sizeof of_texts - 1)];
        /* where a set or a backslash is not whole, libcs differ from each other */
        if (strchr(pattern, '[') || pattern[strlen(pattern) - 1] == '\\')
            continue;
        bool expected = fnmatch(pattern, text, 0) == 0;
        n_matches += expected;
        if (matches(pattern, text) != expected)
            fail_msg("%s with %s: fnmatch says %d", pattern, text, expected);
    }
    assert_true(n_matches > 10000);
}

static void sets_are_as_fnmatch_has_them(void **state) {
    static const char *const sets[] = {"[ab]", "[!ab]", "[a-y]", "[!a-y]", "[]]",     "[!]]",
                                       "[a-]", "[-a]",  "[\\]]", "[?*]",   "x[ab]y*", "*[/-b]"};
    static const char texts[][4] = {"a",   "b",   "z", "]", "-",   "*",
                                    "xay", "xby", "?", "/", "xzy", ""};
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            if (matches(sets[i], texts[k]) != (fnmatch(sets[i], texts[k], 0) == 0))
                fail_msg("%s with %s", sets[i], texts[k]);
}

static void one_of_several(void **state) {
    (void)state;
    assert_true(mt_glob_matches_any("a:b*", "bc"));
    assert_true(mt_glob_matches_any(":a:", "a"));
    assert_false(mt_glob_matches_any("a:b", "c"));
    assert_false(mt_glob_matches_any("", ""));
    assert_false(mt_glob_matches_any("::", ""));
}

/* A pattern of stars that a matcher with recursion would try for years. */
static void takes_no_longer_than_it_must(void **state) {
    char text[4096];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_false(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),
        cmocka_unit_test(is_as_fnmatch_is),
        cmocka_unit_test(sets_are_as_fnmatch_has_them),
        cmocka_unit_test(one_of_several),
        cmocka_unit_test(takes_no_longer_than_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
