/* SPDX-License-Identifier: MIT */
/* How wide text is. Lengths are columns, not bytes; strings are walked a character at a time. */
#include <string.h>
#include <wchar.h>

#include "view/format/format-local.h"

static size_t character_width(uint32_t c) {
    int width = c < 0x80 ? 1 : wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

size_t mt_format_width(const char *text) {
    size_t width = 0;
    while (*text) {
        uint32_t c = 0;
        size_t n = mt_format_utf8_decode(text, &c);
        width += n ? character_width(c) : 1;
        text += n ? n : 1;
    }
    return width;
}

size_t mt_format_width_head(const char *text, size_t columns) {
    size_t bytes = 0, width = 0;
    while (text[bytes]) {
        uint32_t c = 0;
        size_t n = mt_format_utf8_decode(text + bytes, &c), step = n ? character_width(c) : 1;
        if (width + step > columns)
            break;
        width += step;
        bytes += n ? n : 1;
    }
    return bytes;
}

size_t mt_format_width_fit(const char *text, size_t columns) {
    size_t bytes = mt_format_width_head(text, columns);
    return bytes ? bytes : strlen(text); /* a character that is wider than that */
}

const char *mt_format_width_tail(const char *text, size_t columns) {
    size_t width = mt_format_width(text);
    while (width > columns && *text) {
        uint32_t c = 0;
        size_t n = mt_format_utf8_decode(text, &c);
        width -= n ? character_width(c) : 1;
        text += n ? n : 1;
    }
    return text;
}
