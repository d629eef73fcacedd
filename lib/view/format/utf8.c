/* SPDX-License-Identifier: MIT */
/* Characters of a text that may hold anything. */
#include <stdlib.h>
#include <string.h>

#include "view/format/format-local.h"

size_t mt_format_utf8_decode(const char *text, uint32_t *character) {
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

char *mt_format_utf8(const char *text) {
    char *out = malloc(strlen(text) * 3 + 1), *end = out;
    if (!out)
        return NULL;
    for (const char *at = text; *at;) {
        uint32_t c;
        size_t n = mt_format_utf8_decode(at, &c);
        memcpy(end, n ? at : "\xEF\xBF\xBD", n ? n : 3); /* U+FFFD */
        end += n ? n : 3;
        at += n ? n : 1;
    }
    *end = '\0';
    return out;
}
