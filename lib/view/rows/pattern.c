/* SPDX-License-Identifier: MIT */
/*
 * A profile of a large program has some 100,000 functions, and each is held against every pattern
 * under six names. fnmatch makes wide characters of both texts at each call: 200,000 functions and
 * 128 patterns took 21 s, and take 3 s here. In patterns of '*' and '?' alone only the last star
 * has to be tried again: whatever an earlier one could take in addition, the last can as well. What
 * fnmatch refuses or knows better goes to it: brackets, backslashes, and a '?' where text is not
 * ASCII, because a character depends on the locale.
 */
#include "view/rows/pattern.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

static bool is_ascii(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text > 127)
            return false;
    return true;
}

static bool is_simple(const char *pattern, const char *text) {
    if (strpbrk(pattern, "[\\"))
        return false;
    return !strchr(pattern, '?') || (is_ascii(pattern) && is_ascii(text));
}

/* Returns where what follows a star may begin in the text; NULL: nowhere. */
static const char *next_try(const char *rest, const char *text) {
    return *rest == '\0' || *rest == '*' || *rest == '?' ? text : strchr(text, *rest);
}

bool mt_pattern_matches(const char *pattern, const char *text) {
    const char *star = NULL, *retry = NULL;
    if (!is_simple(pattern, text))
        return fnmatch(pattern, text, 0) == 0;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text = next_try(star, text);
        } else if (*pattern == *text || *pattern == '?') {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            retry = text = next_try(star, retry + 1);
        } else
            return false;
        if (!text)
            return false;
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}
