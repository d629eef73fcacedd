/* SPDX-License-Identifier: MIT */
/*
 * Fields of the outermost message: a tag, and a number or a length with so many bytes behind it.
 * A text that is not UTF-8 is mended, because strict readers refuse a file for one such string.
 */
#include "profile/pprof/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "profile/pprof/pprof-local.h"

size_t mt_pprof_fields_varint(uint8_t *to, uint64_t value) {
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (uint8_t)(value | 0x80);
    to[n++] = (uint8_t)value;
    return n;
}

int mt_pprof_fields_number(struct mt_deflate *out, unsigned field, uint64_t value) {
    uint8_t bytes[20];
    size_t n = mt_pprof_fields_varint(bytes, (uint64_t)field << 3 | MT_PPROF_VARINT);
    n += mt_pprof_fields_varint(bytes + n, value);
    return value ? mt_deflate_add(out, bytes, n) : 0;
}

int mt_pprof_fields_bytes(struct mt_deflate *out, unsigned field, const void *data, size_t bytes) {
    uint8_t head[20];
    size_t n = mt_pprof_fields_varint(head, (uint64_t)field << 3 | MT_PPROF_BYTES);
    n += mt_pprof_fields_varint(head + n, bytes);
    int status = mt_deflate_add(out, head, n);
    return status < 0 ? status : mt_deflate_add(out, data, bytes);
}

/* Returns the bytes of the UTF-8 sequence at text, or 0 if there is none. This is table 3-7 of
 * the Unicode standard. */
static size_t utf8_sequence(const unsigned char *text, size_t bytes) {
    unsigned char lead = text[0];
    if (lead < 0x80)
        return 1;
    size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes < n)
        return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

static int write_mended(struct mt_deflate *out, const char *text, size_t bytes) {
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
    char *mended = malloc(bytes * 3 + 1);
    if (!mended)
        return -MEMTRACK_ENOMEM;
    size_t n_mended = 0;
    for (size_t i = 0, n; i < bytes; i += n ? n : 1) {
        n = utf8_sequence((const unsigned char *)text + i, bytes - i);
        memcpy(mended + n_mended, n ? text + i : replacement, n ? n : 3);
        n_mended += n ? n : 3;
    }
    int status = mt_pprof_fields_bytes(out, MT_PPROF_STRING, mended, n_mended);
    free(mended);
    return status;
}

int mt_pprof_fields_string(struct mt_deflate *out, const char *text) {
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes;) {
        size_t n = utf8_sequence((const unsigned char *)text + i, bytes - i);
        if (n == 0)
            return write_mended(out, text, bytes);
        i += n;
    }
    return mt_pprof_fields_bytes(out, MT_PPROF_STRING, text, bytes);
}
