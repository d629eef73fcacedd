/* SPDX-License-Identifier: MIT */
/*
 * Text from a profile on its way to a person. Names in a profile are whatever the target, its debug
 * information or a stranger's file says: they are made harmless here (a file name may hold escape
 * sequences that write to the clipboard, or characters that show one path and mean another).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format-local.h"

/* Returns whether the character takes no place of its own or changes the order of others. */
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
        size_t n = mt_format_utf8_decode(at, &c);
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
