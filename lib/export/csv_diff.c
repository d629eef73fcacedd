/* SPDX-License-Identifier: MIT */
/* A difference as CSV, by the rules of csv.c: for each column of the JSON rows old_x, new_x and
 * diff_x, behind the state of the row and its old key. */
#include <inttypes.h>
#include <stdlib.h>

#include "export/columns.h"
#include "export/csv-local.h"
#include "export/export-local.h"
#include "view/compare/diff.h"

static void put_header(FILE *stream, const struct mt_diff *diff) {
    static const char *const prefixes[] = {"old", "new", "diff"};
    fputs("key,state,old_key,function,file,line,module", stream);
    for (size_t i = 0; i < MT_N_VALUES; i++)
        for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
            fprintf(stream, ",%s_%s", prefixes[k], mt_export_columns[i].name);
    for (size_t i = 0; mt_diff_is_sampled(diff) && i < MT_N_VALUES; i++)
        fprintf(stream, ",diff_%s_margin", mt_export_columns[i].name);
    fputs("\r\n", stream);
}

static bool put_names(FILE *stream, const struct mt_diff *diff, const struct mt_diff_row *row) {
    enum mt_side side = mt_diff_named_by(row);
    const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff, side));
    const struct mt_row *named = row->row[side];
    bool failed;
    char *key = mt_diff_key(diff, row), *old_key = mt_diff_old_key(diff, row, &failed);
    bool done = key && !failed && mt_csv_put(stream, key);
    fprintf(stream, ",%s,", mt_diff_state_name(row->state));
    done = done && mt_csv_put(stream, old_key ? old_key : "");
    free(key);
    free(old_key);
    putc(',', stream);
    done = done && mt_csv_put(stream, mt_profile_text(profile, named->function));
    putc(',', stream);
    done = done && mt_csv_put(stream, mt_profile_text(profile, named->file));
    fprintf(stream, ",%" PRId64 ",", named->line);
    return done && mt_csv_put(stream, mt_profile_text(profile, named->module));
}

int mt_csv_diff(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_diff *diff = thing->diff.diff;
    size_t last = mt_export_shown(thing->diff.n, mt_diff_count(diff));
    bool done = true;
    put_header(stream, diff);
    for (size_t i = 0; i < last && done; i++) {
        const struct mt_diff_row *row = mt_diff_at(diff, i);
        done = put_names(stream, diff, row);
        for (size_t k = 0; k < MT_N_VALUES; k++) {
            enum mt_value v = mt_export_columns[k].value;
            fprintf(stream, ",%" PRId64 ",%" PRId64 ",%" PRId64, row->value[MT_OLD][v],
                    row->value[MT_NEW][v], row->diff[v]);
        }
        for (size_t k = 0; mt_diff_is_sampled(diff) && k < MT_N_VALUES; k++)
            fprintf(stream, ",%" PRId64, mt_diff_margin(row, mt_export_columns[k].value));
        fputs("\r\n", stream);
    }
    return mt_csv_finish(stream, done, error);
}
