/* SPDX-License-Identifier: MIT */
/*
 * Text from a profile on its way to a person. Names in a profile are whatever the target, its debug
 * information or a stranger's file says: they are made harmless here (a file name may hold escape
 * sequences that write to the clipboard, or characters that show one path and mean another) and
 * shortened where they do not fit.
 *
 * Lengths are columns, not bytes; strings are walked a character at a time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "view/format/format.h"
#include "view/rows/wrappers.h"

/* The character at text and its length in bytes; 0 bytes when what stands there is not UTF-8. */
static size_t decode(const char *text, uint32_t *character) {
    *character = 0;
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        *character = at[0];
        return at[0] ? 1 : 0;
    }
    size_t n = at[0] >= 0xF0 && at[0] < 0xF5   ? 4
               : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
               : at[0] >= 0xC2 && at[0] < 0xE0 ? 2
                                               : 0;
    if (n == 0)
        return 0;
    uint32_t value = at[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3F);
    }
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[n] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *character = value;
    return n;
}

/* Characters that take no place of their own or change the order of others. */
static bool is_deceptive(uint32_t c) {
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0x061C || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

char *mt_format_visible(const char *text, bool utf8) {
    char *out = malloc(strlen(text) * 10 + 1),
         *end = out; /* "\u{10ffff}" is the longest for 4 bytes, "\xff" for 1 */
    if (!out)
        return NULL;
    for (const char *at = text; *at;) {
        uint32_t c;
        size_t n = decode(at, &c);
        if (n == 0 || c < 0x20 || c == 0x7F || (n > 1 && !utf8)) {
            end += sprintf(end, "\\x%02x", (unsigned)(unsigned char)*at);
            at++;
        } else if ((c >= 0x80 && c < 0xA0) || is_deceptive(c)) {
            end += sprintf(end, "\\u{%x}", (unsigned)c);
            at += n;
        } else {
            memcpy(end, at, n);
            end += n;
            at += n;
        }
    }
    *end = '\0';
    return out;
}

char *mt_format_utf8(const char *text) {
    char *out = malloc(strlen(text) * 3 + 1), *end = out;
    if (!out)
        return NULL;
    for (const char *at = text; *at;) {
        uint32_t c;
        size_t n = decode(at, &c);
        memcpy(end, n ? at : "\xEF\xBF\xBD", n ? n : 3); /* U+FFFD */
        end += n ? n : 3;
        at += n ? n : 1;
    }
    *end = '\0';
    return out;
}

static size_t character_width(uint32_t c) {
    int width = c < 0x80 ? 1 : wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

size_t mt_format_width(const char *text) {
    size_t width = 0;
    while (*text) {
        uint32_t c = 0;
        size_t n = decode(text, &c);
        width += n ? character_width(c) : 1;
        text += n ? n : 1;
    }
    return width;
}

static size_t head_bytes(const char *text, size_t columns) {
    size_t bytes = 0, width = 0;
    while (text[bytes]) {
        uint32_t c = 0;
        size_t n = decode(text + bytes, &c), step = n ? character_width(c) : 1;
        if (width + step > columns)
            break;
        width += step;
        bytes += n ? n : 1;
    }
    return bytes;
}

size_t mt_format_width_fit(const char *text, size_t columns) {
    size_t bytes = head_bytes(text, columns);
    return bytes ? bytes : strlen(text); /* a character that is wider than that */
}

/* Where the longest end that is at most columns wide begins. */
static const char *tail(const char *text, size_t columns) {
    size_t width = mt_format_width(text);
    while (width > columns && *text) {
        uint32_t c = 0;
        size_t n = decode(text, &c);
        width -= n ? character_width(c) : 1;
        text += n ? n : 1;
    }
    return text;
}

static char *join(const char *head, size_t head_length, const char *middle, const char *end) {
    char *out = NULL;
    if (asprintf(&out, "%.*s%s%s", (int)head_length, head, middle, end) < 0)
        return NULL;
    return out;
}

char *mt_format_shorten_end(const char *text, size_t columns, const char *ellipsis) {
    if (mt_format_width(text) <= columns)
        return strdup(text);
    size_t dots = mt_format_width(ellipsis);
    return columns <= dots ? join(text, head_bytes(text, columns), "", "")
                           : join(text, head_bytes(text, columns - dots), ellipsis, "");
}

static char *shorten_middle(const char *text, size_t columns, size_t head_columns,
                            const char *ellipsis) {
    size_t dots = mt_format_width(ellipsis);
    if (columns <= dots)
        return strdup(tail(text, columns));
    if (head_columns > columns - dots)
        head_columns = columns - dots;
    return join(text, head_bytes(text, head_columns), ellipsis,
                tail(text, columns - dots - head_columns));
}

char *mt_format_shorten_path(const char *path, size_t columns, const char *ellipsis) {
    size_t width = mt_format_width(path), dots = mt_format_width(ellipsis);
    if (width <= columns)
        return strdup(path);
    const char *base = strrchr(path, '/');
    size_t base_width = base ? mt_format_width(base) : width;
    if (!base || base_width + dots > columns)
        return shorten_middle(base ? base + 1 : path, columns, columns / 3, ellipsis);
    /* Whole directories from the end while they fit, then as much of the beginning as is left up to
     * a slash. */
    const char *from = base;
    for (const char *at = base; at-- > path;)
        if (*at == '/') {
            if (mt_format_width(at) + dots > columns)
                break;
            from = at;
        }
    size_t room = columns - dots - mt_format_width(from), head = head_bytes(path, room);
    while (head > 0 && path[head - 1] != '/')
        head--;
    if (head == 1) /* a lone slash says nothing */
        head = 0;
    return join(path, head, ellipsis, from);
}

char *mt_format_shorten_templates(const char *name, const char *ellipsis) {
    char *out = malloc(strlen(name) + strlen(ellipsis) * (strlen(name) / 2 + 1) + 1), *end = out;
    size_t depth = 0;
    for (const char *at = name; out && *at; at++) {
        bool is_operator = at - name >= 8 && strncmp(at - 8, "operator", 8) == 0;
        bool arrow = *at == '>' && at > name && at[-1] == '-';
        if (*at == '<' && !is_operator && at > name && at[-1] != '<' && depth++ == 0)
            end = stpcpy(stpcpy(end, "<"), ellipsis);
        else if (*at == '>' && !is_operator && !arrow && depth > 0 && --depth > 0)
            continue;
        if (depth == 0)
            *end++ = *at;
    }
    if (out)
        *end = '\0';
    return out;
}

char *mt_format_shorten_function(const char *function, size_t columns, const char *ellipsis) {
    if (mt_format_width(function) <= columns)
        return strdup(function);
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name);
    if (bytes == 0) /* "0x1f00 (module)": not the name of a function */
        return shorten_middle(function, columns, columns / 3, ellipsis);
    char *qualified = strndup(name, bytes);
    if (!qualified || mt_format_width(qualified) <= columns)
        return qualified;
    char *emptied = mt_format_shorten_templates(qualified, ellipsis);
    free(qualified);
    if (!emptied || mt_format_width(emptied) <= columns)
        return emptied;
    char *shortened = shorten_middle(emptied, columns, columns / 3, ellipsis);
    free(emptied);
    return shortened;
}
