/* SPDX-License-Identifier: MIT */
/*
 * Compared benchmarks as JSON, schema memtrack-benchmark-compare/1
 * (docs/schema/memtrack-benchmark-compare-1.json). What is not known, or does not apply, is null.
 * The samples are in the files that were compared.
 */
#include <math.h>

#include "export/export-local.h"
#include "export/json-local.h"
#include "view/benchmarks/pairs.h"

static const char *const figures[] = {"allocated_blocks", "allocated_bytes", "peak_bytes"};

static json_t *number(double value) {
    if (!isfinite(value))
        return json_null();
    return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t)value)
                                                         : json_real(value);
}

static json_t *percent(double part) {
    return isfinite(part) ? json_real(part * 100) : json_null();
}

static json_t *side_object(const struct mt_results_row *side) {
    if (!side)
        return json_null();
    json_t *object =
        json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "runs", (json_int_t)side->n_runs, "samples",
                  (json_int_t)side->n_samples, "mean_ns", number(side->mean_ns), "stddev_ns",
                  number(side->stddev_ns), "median_ns", number(side->median_ns), "min_ns",
                  number(side->min_ns));
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES && object; i++)
        if (json_object_set_new(object, figures[i],
                                side->is_known[i] ? number(side->figure[i]) : json_null()) != 0) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

static json_t *time_object(const struct mt_pairs_row *row) {
    if (isnan(row->estimate_ns))
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "of",
                     row->is_of_runs          ? "runs"
                     : isnan(row->confidence) ? "means"
                                              : "samples",
                     "estimate_ns", number(row->estimate_ns), "low_ns", number(row->low_ns),
                     "high_ns", number(row->high_ns), "percent", percent(row->ratio), "low_percent",
                     percent(row->low_ratio), "high_percent", percent(row->high_ratio),
                     "confidence_percent", percent(row->confidence));
}

static json_t *figure_object(const struct mt_pairs_row *row, enum mt_results_figure figure) {
    const struct mt_results_row *old = row->of[0], *new = row->of[1];
    if (!old || !new || !mt_pairs_has(row, figure))
        return json_null();
    return json_pack("{s:o, s:o}", "change", number(new->figure[figure] - old->figure[figure]),
                     "percent", percent(mt_pairs_change(row, figure)));
}

static json_t *row_object(const struct mt_pairs_row *row) {
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                     mt_json_text(row->of[row->of[1] != NULL]->name), "verdict",
                     mt_pairs_verdict_name(row->verdict), "old", side_object(row->of[0]), "new",
                     side_object(row->of[1]), "time", time_object(row), figures[0],
                     figure_object(row, MT_RESULTS_BLOCKS), figures[1],
                     figure_object(row, MT_RESULTS_BYTES), figures[2],
                     figure_object(row, MT_RESULTS_PEAK));
}

int mt_json_benchmarks(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_pairs *pairs = thing->benchmarks.pairs;
    json_t *rows = json_array();
    for (size_t i = 0; i < pairs->n && rows; i++)
        if (json_array_append_new(rows, row_object(&pairs->rows[i])) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    json_t *root = json_pack("{s:s, s:o, s:o, s:o}", "schema", "memtrack-benchmark-compare/1",
                             "old", mt_json_text(thing->benchmarks.files[0]), "new",
                             mt_json_text(thing->benchmarks.files[1]), "benchmarks", rows);
    return mt_json_put_tree(stream, root, error);
}
