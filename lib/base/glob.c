/* SPDX-License-Identifier: MIT */
/*
 * The last star is remembered with where it stood in the text; on a mismatch it takes one byte
 * more. No earlier star has to be tried again: what lay between the two has been matched, and the
 * later one can take whatever the earlier one could. So there is no recursion, whatever the pattern.
 */
#include "base/glob.h"

static unsigned char byte_at(const char *p) {
    return (unsigned char)*p;
}

/* Reads one end of a range at p. Returns where the set goes on, NULL when it ends before. */
static const char *take_end(const char *p, const char *end, unsigned char *byte) {
    if (p < end && *p == '\\')
        p++;
    if (p >= end)
        return NULL;
    *byte = byte_at(p);
    return p + 1;
}

/* Matches a byte with the set that begins behind the bracket. Returns what follows the set, NULL
 * when it is not closed: then the bracket is a byte like others. */
static const char *match_set(const char *p, const char *end, unsigned char c, bool *found) {
    bool inverted = p < end && (*p == '!' || *p == '^'), is_in = false;
    const char *first = p += inverted;
    while (p < end && (*p != ']' || p == first)) {
        unsigned char low, high;
        if (!(p = take_end(p, end, &low)))
            return NULL;
        high = low;
        if (p + 1 < end && *p == '-' && p[1] != ']' && !(p = take_end(p + 1, end, &high)))
            return NULL;
        is_in |= low <= c && c <= high;
    }
    *found = is_in != inverted;
    return p < end ? p + 1 : NULL;
}

/* Matches a byte with what stands at p, which is no star. Returns what follows it, NULL when it is
 * another byte. */
static const char *match_one(const char *p, const char *end, unsigned char c) {
    bool found = false;
    const char *behind;
    if (*p == '?')
        return p + 1;
    if (*p == '[' && (behind = match_set(p + 1, end, c, &found)))
        return found ? behind : NULL;
    if (*p == '\\' && p + 1 < end)
        p++;
    return byte_at(p) == c ? p + 1 : NULL;
}

bool mt_glob_matches(const char *pattern, size_t bytes, const char *text) {
    const char *p = pattern, *end = pattern + bytes, *star = NULL, *from = text;
    while (*text) {
        const char *next = NULL;
        if (p < end && *p == '*') {
            star = ++p;
            from = text;
            continue;
        }
        if (p < end && (next = match_one(p, end, byte_at(text)))) {
            p = next;
            text++;
        } else if (star) {
            p = star;
            text = ++from;
        } else
            return false;
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

bool mt_glob_matches_any(const char *patterns, const char *text) {
    while (*patterns) {
        size_t n = 0;
        while (patterns[n] && patterns[n] != ':')
            n++;
        if (n != 0 && mt_glob_matches(patterns, n, text))
            return true;
        patterns += n + (patterns[n] == ':');
    }
    return false;
}
