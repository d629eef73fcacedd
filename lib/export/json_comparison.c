/* SPDX-License-Identifier: MIT */
/*
 * A comparison of two commands as JSON, schema memtrack-compare/1
 * (docs/schema/memtrack-compare-1.json). Every value of every run is there, so that a reader with
 * another idea of statistics can have it. A measure that is not known of all runs has null where
 * its figures would be.
 */
#include <math.h>

#include "export/export-local.h"
#include "export/json-local.h"
#include "view/compare/comparison.h"

/* Medians of an even number of values may end in .5; everything else is whole. */
static json_t *figure(double value) {
    return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t)value)
                                                         : json_real(value);
}

static json_t *values_array(const double *values, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n && array; i++)
        if (json_array_append_new(array, figure(values[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

static json_t *side_object(const struct mt_compared *compared, size_t side, size_t n) {
    const struct mt_range *range = &compared->range[side];
    return json_pack("{s:o, s:o, s:o, s:o}", "values", values_array(compared->values[side], n),
                     "median", figure(range->median), "min", figure(range->min), "max",
                     figure(range->max));
}

static json_t *shift_object(const struct mt_compared *compared) {
    const struct mt_shift *shift = &compared->shift;
    double median = compared->range[0].median;
    return json_pack("{s:o, s:o, s:o, s:f, s:o}", "estimate", figure(shift->estimate), "low",
                     figure(shift->low), "high", figure(shift->high), "confidence_percent",
                     shift->confidence * 100, "percent",
                     median > 0 ? json_real(shift->estimate / median * 100) : json_null());
}

static json_t *statistic_object(const struct mt_comparison *comparison, enum mt_measure measure) {
    const struct mt_compared *compared = &comparison->of[measure];
    if (!compared->known)
        return json_pack("{s:s, s:s, s:n, s:n, s:n, s:s}", "name", mt_measure_name(measure), "unit",
                         mt_measure_unit(measure), "first", "second", "difference", "verdict",
                         "unknown");
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "name", mt_measure_name(measure), "unit",
                     mt_measure_unit(measure), "first",
                     side_object(compared, 0, comparison->n_runs), "second",
                     side_object(compared, 1, comparison->n_runs), "difference",
                     shift_object(compared), "verdict", mt_shift_verdict_name(compared->verdict));
}

static json_t *command_array(char *const *command) {
    json_t *array = json_array();
    for (; *command && array; command++)
        if (json_array_append_new(array, mt_json_text(*command)) != 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

int mt_json_comparison(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_comparison *comparison = thing->comparison.comparison;
    char *const *const *commands = thing->comparison.commands;
    json_t *statistics = json_array();
    for (enum mt_measure measure = 0; measure < MT_N_MEASURES && statistics; measure++)
        if (json_array_append_new(statistics, statistic_object(comparison, measure)) != 0) {
            json_decref(statistics);
            statistics = NULL;
        }
    json_t *root = json_pack("{s:s, s:I, s:[o, o], s:o}", "schema", "memtrack-compare/1", "runs",
                             (json_int_t)comparison->n_runs, "commands", command_array(commands[0]),
                             command_array(commands[1]), "statistics", statistics);
    return mt_json_put_tree(stream, root, error);
}
