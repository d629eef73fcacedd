/* SPDX-License-Identifier: MIT */
/*
 * CSV by RFC 4180: a header line, CRLF, quotes around fields that hold a comma, a quote or a blank
 * at an end. A file name may hold a line break or an escape sequence; the format allows only the
 * former, few readers do, and a CSV is looked at in terminals: both are spelt out instead.
 */
#include "export/csv-local.h"

#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

bool mt_csv_put(FILE *stream, const char *raw) {
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

int mt_csv_finish(FILE *stream, bool done, struct mt_error *error) {
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing CSV");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the CSV: %m") : 0;
}
