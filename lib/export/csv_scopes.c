/* SPDX-License-Identifier: MIT */
/* Scopes by name as CSV: the figures of the JSON rows, by the rules of csv.c. */
#include <inttypes.h>

#include "export/csv-local.h"
#include "export/export-local.h"
#include "view/scopes/rows.h"

static void put_context_titles(FILE *stream) {
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        const char *key = mt_scopes_rows_value_key((enum mt_scope_value)v);
        fprintf(stream, ",%s_min,%s_stddev", key, key);
    }
    fputs(",group,file,line,recursive,misuses,error,latest_before_bytes,latest_after_bytes,"
          "unmeasured",
          stream);
}

static bool put_text(FILE *stream, const struct mt_profile *profile, mt_string text) {
    fputc(',', stream);
    return mt_csv_put(stream, mt_profile_text(profile, text));
}

/* Writes what older profiles do not have; it is empty where it is not known. */
static bool put_context(FILE *stream, const struct mt_profile *profile,
                        const struct mt_scope_row *row) {
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        if (row->has_spread)
            fprintf(stream, ",%" PRId64 ",%.3f", row->value[v].min, row->value[v].stddev);
        else
            fputs(",,", stream);
    bool done = put_text(stream, profile, row->group) && put_text(stream, profile, row->file);
    if (row->file)
        fprintf(stream, ",%" PRIu32, row->line);
    else
        fputc(',', stream);
    fprintf(stream, ",%" PRIu64 ",%" PRIu64, row->recursive, row->misuses);
    done = done && put_text(stream, profile, row->error);
    if (row->has_latest)
        fprintf(stream, ",%" PRId64 ",%" PRId64, row->latest_before_bytes, row->latest_after_bytes);
    else
        fputs(",,", stream);
    fprintf(stream, ",%" PRIu64, row->unmeasured);
    return done;
}

int mt_csv_scopes(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_scopes_rows *rows = thing->scopes.rows;
    bool done = true;
    fputs("name,process,threads,count,errors", stream);
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        const char *key = mt_scopes_rows_value_key((enum mt_scope_value)v);
        fprintf(stream, ",%s_sum,%s_mean,%s_p50,%s_p95,%s_max", key, key, key, key, key);
        if (v != MT_SCOPE_PEAK_BYTES)
            fprintf(stream, ",own_%s", key);
    }
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        if (mt_scopes_rows_is_estimate(rows, (enum mt_scope_value)v))
            fprintf(stream, ",%s_sum_margin", mt_scopes_rows_value_key((enum mt_scope_value)v));
    put_context_titles(stream);
    fputs("\r\n", stream);
    for (size_t i = 0; i < mt_export_shown(thing->scopes.n, rows->n) && done; i++) {
        const struct mt_scope_row *row = &rows->items[i];
        done = mt_csv_put(stream, mt_profile_text(rows->profile, row->name));
        fprintf(stream, ",%d,%" PRIu32 ",%" PRIu64 ",%" PRIu64, (int)row->is_process,
                row->n_threads, row->count, row->errors);
        for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
            const struct mt_scope_statistic *s = &row->value[v];
            fprintf(stream, ",%" PRId64 ",%.3f,%" PRId64 ",%" PRId64 ",%" PRId64, s->sum, s->mean,
                    s->p50, s->p95, s->max);
            if (v != MT_SCOPE_PEAK_BYTES)
                fprintf(stream, ",%" PRId64, row->own[v]);
        }
        for (enum mt_scope_value v = 0; v < MT_N_SCOPE_VALUES; v++)
            if (mt_scopes_rows_is_estimate(rows, v))
                fprintf(stream, ",%" PRId64,
                        mt_scopes_rows_margin(rows, row, v, row->value[v].sum));
        done = done && put_context(stream, rows->profile, row);
        fputs("\r\n", stream);
    }
    return mt_csv_finish(stream, done, error);
}
