/* SPDX-License-Identifier: MIT */
/*
 * Times are compared by the order of all their samples (memtrack/statistics.h: the estimate of
 * Hodges and Lehmann, with the interval of the rank sum test), which is what memtrack compare does
 * with runs and memtrack_benchmark_compare in a program. Welch's interval, of the means, was
 * rejected: a single interrupt moves the mean of a benchmark, and widens the interval until it says
 * nothing. Below a confidence of 95 % nothing is called faster or slower.
 *
 * Samples of a run have in common what the run happened to get: where its memory lay, how fast the
 * processor ran. The same program run twice differs by more than its samples say, so where there
 * are runs enough, these are what is compared, by the median of each.
 *
 * What an iteration allocates is no sample: it is counted, so it differs when it differs.
 */
#include "view/benchmarks/pairs.h"

#include <math.h>
#include <stdlib.h>

#include "memtrack/statistics.h"

static const double WANTED = 0.95;

double mt_pairs_time(const struct mt_results_row *row) {
    return isnan(row->median_ns) ? row->mean_ns : row->median_ns;
}

static bool was_recorded(const struct mt_results_row *row) {
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++)
        if (row->is_known[i])
            return true;
    return false;
}

static void put_ratios(struct mt_pairs_row *row) {
    double old = mt_pairs_time(row->of[0]);
    row->ratio = old > 0 ? row->estimate_ns / old : NAN;
    row->low_ratio = old > 0 ? row->low_ns / old : NAN;
    row->high_ratio = old > 0 ? row->high_ns / old : NAN;
}

static enum mt_pairs_verdict judge(const struct mt_pairs_row *row) {
    if (was_recorded(row->of[0]) != was_recorded(row->of[1]))
        return MT_PAIRS_NOT_COMPARED;
    if (!(row->confidence >= WANTED))
        return MT_PAIRS_TOO_FEW;
    return row->low_ns > 0    ? MT_PAIRS_SLOWER
           : row->high_ns < 0 ? MT_PAIRS_FASTER
                              : MT_PAIRS_NO_DIFFERENCE;
}

static void put_shift(struct mt_pairs_row *row, const double *old, size_t n_old, const double *new,
                      size_t n_new) {
    memtrack_shift shift = memtrack_shift_between(old, n_old, new, n_new);
    row->estimate_ns = shift.estimate;
    row->confidence = shift.confidence;
    if (n_old > 1 || n_new > 1) {
        row->low_ns = shift.low;
        row->high_ns = shift.high;
    }
}

static void compare(struct mt_pairs_row *row) {
    const struct mt_results_row *old = row->of[0], *new = row->of[1];
    row->is_of_runs =
        old->n_runs >= MT_RESULTS_ENOUGH_RUNS && new->n_runs >= MT_RESULTS_ENOUGH_RUNS;
    if (row->is_of_runs)
        put_shift(row, old->runs_ns, old->n_runs, new->runs_ns, new->n_runs);
    else if (old->n_samples && new->n_samples)
        put_shift(row, old->samples_ns, old->n_samples, new->samples_ns, new->n_samples);
    else
        row->estimate_ns = mt_pairs_time(new) - mt_pairs_time(old);
    put_ratios(row);
    row->verdict = judge(row);
}

/* ---- memory ---------------------------------------------------------------------------------- */

bool mt_pairs_has(const struct mt_pairs_row *row, enum mt_results_figure figure) {
    return row->of[0] && row->of[1] && row->of[0]->is_known[figure] && row->of[1]->is_known[figure];
}

bool mt_pairs_differs(const struct mt_pairs_row *row, enum mt_results_figure figure) {
    return mt_pairs_has(row, figure) && row->of[0]->figure[figure] != row->of[1]->figure[figure];
}

double mt_pairs_change(const struct mt_pairs_row *row, enum mt_results_figure figure) {
    double old = row->of[0]->figure[figure], change = row->of[1]->figure[figure] - old;
    if (change == 0)
        return 0;
    return old > 0 ? change / old : INFINITY;
}

bool mt_pairs_is_slower(const struct mt_pairs_row *row, double by) {
    return row->verdict == MT_PAIRS_SLOWER && !(row->low_ratio <= by); /* NAN: it was 0 */
}

bool mt_pairs_is_worse(const struct mt_pairs_row *row, double by) {
    if (mt_pairs_is_slower(row, by))
        return true;
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++)
        if (mt_pairs_has(row, i) && mt_pairs_change(row, i) > by)
            return true;
    return false;
}

static void count(struct mt_pairs *pairs, const struct mt_pairs_row *row) {
    bool has = false, more = false, less = false;
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++) {
        has |= mt_pairs_has(row, i);
        more |= mt_pairs_has(row, i) && mt_pairs_change(row, i) > 0;
        less |= mt_pairs_has(row, i) && mt_pairs_change(row, i) < 0;
    }
    pairs->n_of[row->verdict]++;
    pairs->n_within += row->verdict <= MT_PAIRS_NO_DIFFERENCE && !row->is_of_runs;
    pairs->n_memory += has;
    pairs->n_more += more;
    pairs->n_less += less && !more;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void add(struct mt_pairs *pairs, const struct mt_results_row *old,
                const struct mt_results_row *new) {
    struct mt_pairs_row *row = &pairs->rows[pairs->n++];
    *row = (struct mt_pairs_row){.of = {old, new},
                                 .verdict = old ? MT_PAIRS_GONE : MT_PAIRS_NEW,
                                 .estimate_ns = NAN,
                                 .low_ns = NAN,
                                 .high_ns = NAN,
                                 .confidence = NAN,
                                 .ratio = NAN,
                                 .low_ratio = NAN,
                                 .high_ratio = NAN};
    if (old && new)
        compare(row);
    count(pairs, row);
}

int mt_pairs_build(const struct mt_results *old, const struct mt_results *new,
                   struct mt_pairs *pairs, struct mt_error *error) {
    *pairs = (struct mt_pairs){.rows = calloc(old->n + new->n + 1, sizeof *pairs->rows)};
    if (!pairs->rows)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; i < new->n; i++)
        add(pairs, mt_results_find(old, new->rows[i].name), &new->rows[i]);
    for (size_t i = 0; i < old->n; i++)
        if (!mt_results_find(new, old->rows[i].name))
            add(pairs, &old->rows[i], NULL);
    return 0;
}

void mt_pairs_free(struct mt_pairs *pairs) {
    free(pairs->rows);
    *pairs = (struct mt_pairs){0};
}

const char *mt_pairs_verdict_name(enum mt_pairs_verdict verdict) {
    static const char *const names[] = {
        "faster", "slower", "no_difference", "too_few_samples", "not_compared", "new", "gone"};
    return names[verdict];
}
