/* SPDX-License-Identifier: MIT */
/* The rows of a report as CSV: the columns of its JSON rows, by the rules of csv.c. */
#include <inttypes.h>
#include <stdlib.h>

#include "export/columns.h"
#include "export/csv-local.h"
#include "export/export-local.h"
#include "view/rows/rows.h"

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

int mt_csv_report(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->report.rows;
    size_t last = mt_export_shown(thing->report.n, mt_rows_count(rows));
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
