/* SPDX-License-Identifier: MIT */
/* Shell wildcards where libc's fnmatch may not be called: inside a target it could allocate, and
 * other libraries may have replaced it. Any thread, any context. */
#ifndef MT_BASE_GLOB_H
#define MT_BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Tells whether all of text matches the first bytes of pattern, as fnmatch(3) without flags does in
 * the C locale, but for character classes ([:alpha:] and the like): * stands for any text, slashes
 * included, ? for a byte, [a-z] and [!a-z] for one of a set, and a backslash takes what follows
 * literally. It takes at most as many steps as the product of the lengths. */
bool mt_glob_matches(const char *pattern, size_t bytes, const char *text)
    __attribute__((visibility("hidden")));

/* Tells whether a text matches one of several patterns, with colons between them. */
bool mt_glob_matches_any(const char *patterns, const char *text)
    __attribute__((visibility("hidden")));

#endif
