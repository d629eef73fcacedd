/* SPDX-License-Identifier: MIT */
/*
 * CSV by RFC 4180: a header line, CRLF, quotes around fields that hold a comma, a quote or a blank
 * at an end. A file name may hold a line break or an escape sequence; the format allows only the
 * former, few readers do, and a CSV is looked at in terminals: both are spelt out instead.
 */
#include "export/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/columns.h"
#include "export/csv-local.h"
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

static bool put_row(FILE *stream, const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    char *key = mt_rows_key(rows, row);
    bool done = key && mt_csv_put(stream, key);
    free(key);
    putc(',', stream);
    done = done && mt_csv_put(stream, mt_profile_text(profile, row->function));
    putc(',', stream);
    done = done && mt_csv_put(stream, mt_profile_text(profile, row->file));
    fprintf(stream, ",%" PRId64 ",", row->line);
    done = done && mt_csv_put(stream, mt_profile_text(profile, row->module));
    for (size_t i = 0; i < MT_N_VALUES; i++)
        fprintf(stream, ",%" PRId64, row->value[mt_export_columns[i].value]);
    for (size_t i = 0; profile->info.sample_bytes && i < MT_N_VALUES; i++)
        fprintf(stream, ",%" PRId64, mt_rows_margin(rows, row, mt_export_columns[i].value));
    fputs("\r\n", stream);
    return done;
}

int mt_csv_finish(FILE *stream, bool done, struct mt_error *error) {
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing CSV");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the CSV: %m") : 0;
}

int mt_csv_report(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error) {
    size_t count = mt_rows_count(rows), last = n && n < count ? n : count;
    bool done = true;
    fputs("key,function,file,line,module", stream);
    for (size_t i = 0; i < MT_N_VALUES; i++)
        fprintf(stream, ",%s", mt_export_columns[i].name);
    for (size_t i = 0; mt_rows_profile(rows)->info.sample_bytes && i < MT_N_VALUES; i++)
        fprintf(stream, ",%s_margin", mt_export_columns[i].name);
    fputs("\r\n", stream);
    for (size_t i = 0; i < last && done; i++)
        done = put_row(stream, rows, mt_rows_at(rows, i));
    return mt_csv_finish(stream, done, error);
}
