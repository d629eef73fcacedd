/* SPDX-License-Identifier: MIT */
/*
 * Nothing of a profile becomes markup: text is escaped, bytes are base64, and in JSON the sign that
 * every tag begins with is spelt \u003c.
 */
#include "page/html.h"

#include <stdint.h>
#include <stdlib.h>

#include "view/format/format.h"

static void put_character(FILE *stream, char c) {
    switch (c) {
    case '&':
        fputs("&amp;", stream);
        return;
    case '<':
        fputs("&lt;", stream);
        return;
    case '>':
        fputs("&gt;", stream);
        return;
    case '"':
        fputs("&quot;", stream);
        return;
    default:
        fputc(c, stream);
    }
}

/* Control characters, and those that reorder text, are visible as they are in a terminal. */
void mt_html_put_text(FILE *stream, const char *raw) {
    char *visible = mt_format_visible(raw, true);
    for (const char *c = visible; c && *c; c++)
        put_character(stream, *c);
    free(visible);
}

void mt_html_put_json(FILE *stream, const char *json) {
    for (; *json; json++) {
        if (*json == '<')
            fputs("\\u003c", stream);
        else
            fputc(*json, stream);
    }
}

void mt_html_put_base64(FILE *stream, const void *bytes, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t group = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                         (left > 2 ? in[i + 2] : 0);
        const char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
                              left > 1 ? digits[group >> 6 & 63] : '=',
                              left > 2 ? digits[group & 63] : '='};
        fwrite(four, 1, sizeof four, stream);
    }
}
