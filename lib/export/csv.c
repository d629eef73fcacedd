/* SPDX-License-Identifier: MIT */
/*
 * CSV by RFC 4180: a header line, CRLF, quotes around fields that hold a comma, a quote or a blank at an end. A file
 * name may hold a line break or an escape sequence; the format allows only the former, few readers do, and a CSV is
 * looked at in terminals: both are spelt out instead.
 */
#include "export/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/format.h"

static const enum mt_value columns[] = {
    MT_VALUE_LIVE_BYTES,   MT_VALUE_LIVE_BLOCKS,      MT_VALUE_PEAK_BYTES, MT_VALUE_PEAK_BLOCKS, MT_VALUE_TOTAL_BYTES,
    MT_VALUE_TOTAL_BLOCKS, MT_VALUE_TEMPORARY_BLOCKS, MT_VALUE_MAX_BYTES,  MT_VALUE_WASTE_BYTES,
};
static const char header[] = "key,function,file,line,module,live_bytes,live_blocks,peak_bytes,peak_blocks,total_bytes,"
                             "total_blocks,temporary_blocks,max_bytes,waste_bytes\r\n";

static bool put_field(FILE *stream, const char *raw) {
    char *text = mt_format_visible(raw, true);
    if (!text)
        return false;
    size_t length = strlen(text);
    bool quote = strpbrk(text, ",\"") || (length && (text[0] == ' ' || text[length - 1] == ' '));
    if (quote)
        putc('"', stream);
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            putc('"', stream);
        putc(*at, stream);
    }
    if (quote)
        putc('"', stream);
    free(text);
    return true;
}

static bool put_row(FILE *stream, const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    char *key = mt_rows_key(rows, row);
    bool done = key && put_field(stream, key);
    free(key);
    putc(',', stream);
    done = done && put_field(stream, mt_profile_text(profile, row->function));
    putc(',', stream);
    done = done && put_field(stream, mt_profile_text(profile, row->file));
    fprintf(stream, ",%" PRId64 ",", row->line);
    done = done && put_field(stream, mt_profile_text(profile, row->module));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        fprintf(stream, ",%" PRId64, row->value[columns[i]]);
    fputs("\r\n", stream);
    return done;
}

int mt_export_csv(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error) {
    size_t count = mt_rows_count(rows), last = n && n < count ? n : count;
    fputs(header, stream);
    for (size_t i = 0; i < last; i++)
        if (!put_row(stream, rows, mt_rows_at(rows, i)))
            return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing CSV");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the CSV: %m") : 0;
}
