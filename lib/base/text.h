/* SPDX-License-Identifier: MIT */
/*
 * Short texts (paths, numbers) are written and read here without libc, whose functions other
 * libraries may have replaced. All functions work on their arguments alone, so that they can be
 * called by any thread in any context, and on both sides.
 */
#ifndef MT_BASE_TEXT_H
#define MT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- writing --------------------------------------------------------------------------------- */

/* Writes at out, never beyond *end, which must be writable, and a NUL behind it. Returns where
 * the NUL is. When that is end, the text may have been cut. */
static inline char *mt_text_put(char *out, const char *end, const char *text) {
    while (*text && out < end)
        *out++ = *text++;
    *out = 0;
    return out;
}

/* Writes a number in decimal in the same way. */
static inline char *mt_text_put_number(char *out, const char *end, uint64_t number) {
    char digits[24], *first = digits + sizeof digits - 1;
    *first = 0;
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return mt_text_put(out, end, first);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static inline size_t mt_text_bytes(const char *text) {
    size_t n = 0;
    while (text[n] != 0)
        n++;
    return n;
}

/* Returns where text goes on behind this beginning, or NULL when it begins otherwise. */
static inline const char *mt_text_behind(const char *text, const char *beginning) {
    for (; *beginning; beginning++, text++)
        if (*text != *beginning)
            return NULL;
    return text;
}

/* Returns where the value begins in a text KEY=VALUE of this key, else NULL. */
static inline const char *mt_text_value(const char *text, const char *key) {
    const char *rest = mt_text_behind(text, key);
    return rest != NULL && *rest == '=' ? rest + 1 : NULL;
}

static inline bool mt_text_begins(const char *text, const char *beginning) {
    return mt_text_behind(text, beginning) != NULL;
}

static inline bool mt_text_is(const char *text, const char *other) {
    const char *rest = mt_text_behind(text, other);
    return rest != NULL && *rest == 0;
}

/* Tells whether both have the same n bytes, of a text or of anything else. */
static inline bool mt_text_same(const void *a, const void *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (((const char *)a)[i] != ((const char *)b)[i])
            return false;
    return true;
}

/* Returns the last name of a path: what follows the last slash. */
static inline const char *mt_text_name_in(const char *path) {
    const char *name = path;
    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Returns what a hexadecimal digit in lower case stands for, as the kernel writes them, and -1 for
 * any other character. */
static inline int mt_text_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool mt_text_is_decimal(char c) {
    return c >= '0' && c <= '9';
}

/* Returns the number that *text begins with, modulo 2^64, and moves *text behind it. Without a
 * digit the number is 0. base: 10 or 16. */
static inline uint64_t mt_text_read_number(const char **text, int base) {
    uint64_t number = 0;
    for (int digit; (digit = mt_text_digit(**text)) >= 0 && digit < base; (*text)++)
        number = number * (uint64_t)base + (uint64_t)digit;
    return number;
}

/* Reads a decimal number behind spaces and perhaps a minus. */
static inline int64_t mt_text_read_signed(const char **text) {
    while (**text == ' ')
        (*text)++;
    bool is_negative = **text == '-';
    *text += is_negative;
    uint64_t number = mt_text_read_number(text, 10);
    return (int64_t)(is_negative ? 0 - number : number);
}

#endif
