/* SPDX-License-Identifier: MIT */
/*
 * fnmatch without flags. WASI's knows which of all of Unicode's characters are letters and marks, and
 * both of their cases: 14 kB, for the classes in brackets. Here a class has its ASCII characters, and
 * those of other scripts are letters. As in lib/base/glob.c a later star can take whatever an earlier
 * one could; but this matches characters, as the C library of the command does.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "view/format/format-local.h"

enum { ASCII = 0x80, BYTES = 0x110000 /* of what is not UTF-8: no character is there */ };

static uint32_t next(const char **text) {
    uint32_t c = 0;
    size_t n = mt_format_utf8_decode(*text, &c);
    if (!n)
        c = BYTES + (unsigned char)**text;
    *text += n ? n : 1;
    return c;
}

static bool is_in_class(const char *name, size_t n, uint32_t c) {
    static const struct {
        char name[7];
        int (*has)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
                   {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
                   {"lower", islower}, {"print", isprint}, {"punct", ispunct},
                   {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
            return classes[i].has(c < ASCII ? (int)c : 'a') && (c < ASCII || *name != 'x');
    return false;
}

/* Returns where the name of a class ends, NULL: it is none. */
static const char *end_of_name(const char *p) {
    while (islower((unsigned char)*p))
        p++;
    return p[0] == ':' && p[1] == ']' ? p : NULL;
}

static uint32_t end_of_range(const char **p) {
    *p += **p == '\\' && (*p)[1];
    return next(p);
}

/* Matches a character with the set that begins behind the bracket. Returns what follows the set,
 * NULL when it is not closed: then the bracket is a character like others. */
static const char *match_set(const char *p, uint32_t c, bool *found) {
    bool inverted = *p == '!' || *p == '^', is_in = false;
    const char *first = p += inverted;
    while (*p != ']' || p == first) {
        if (!*p)
            return NULL;
        const char *end = p[0] == '[' && p[1] == ':' ? end_of_name(p + 2) : NULL;
        if (end) {
            is_in |= is_in_class(p + 2, (size_t)(end - p) - 2, c);
            p = end + 2;
            continue;
        }
        uint32_t low = end_of_range(&p), high = low;
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            high = end_of_range(&p);
        }
        is_in |= low <= c && c <= high;
    }
    *found = is_in != inverted;
    return p + 1;
}

/* Matches a character with what stands at *p, which is no star, and goes on behind it. */
static bool match_one(const char **p, uint32_t c) {
    bool found = false;
    const char *behind = **p == '[' ? match_set(*p + 1, c, &found) : NULL;
    if (behind)
        *p = behind;
    else if (**p == '?')
        (*p)++, found = true;
    else if (**p)
        found = end_of_range(p) == c;
    return found;
}

int fnmatch(const char *pattern, const char *text, int flags) {
    const char *star = NULL, *from = NULL;
    (void)flags;
    while (*text) {
        const char *t = text;
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (match_one(&pattern, next(&t)))
            text = t;
        else if (star) {
            next(&from);
            pattern = star;
            text = from;
        } else
            return FNM_NOMATCH;
    }
    while (*pattern == '*')
        pattern++;
    return *pattern ? FNM_NOMATCH : 0;
}
