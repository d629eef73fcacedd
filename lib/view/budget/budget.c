/* SPDX-License-Identifier: MIT */
/*
 * Each budget is judged by itself; what they share is the recording, whose doubts come first. The
 * line that holds most of a broken budget comes from the same rows that `memtrack report` prints,
 * so that the two never disagree: by the column that the budget is about, and for leaks over the
 * samples that leaks.h has marked.
 *
 * Limits are inclusive and integers: a baseline of 100 blocks with a tolerance of 5 % allows 105,
 * and without tolerance 100. Rejected: comparing the shares of single lines with the baseline,
 * which is what diff is for; a budget has to have one figure that a person can decide about.
 */
#include "view/budget/budget.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/budget/budget-local.h"
#include "view/budget/leaks.h"
#include "view/format/format.h"
#include "view/margin.h"
#include "view/rows/rows.h"
#include "view/scopes/rows.h"
#include "view/summary/anonymous.h"

const struct mt_budget_words mt_budget_words[MT_N_BUDGETS] = {
    [MT_BUDGET_PEAK] = {"max-peak", "baseline-peak", "peak_bytes", "bytes", "peak", "highest peak",
                        "peak", "peak"},
    [MT_BUDGET_LIVE] = {"max-live", "baseline-live", "live_bytes", "bytes", "live at exit",
                        "highest net", "net", "live"},
    [MT_BUDGET_TOTAL] = {"max-total", "baseline-total", "total_bytes", "bytes", "total",
                         "most allocated", "allocated", "total"},
    [MT_BUDGET_TOTAL_BLOCKS] = {"max-total-blocks", "baseline-total-blocks", "total_blocks",
                                "blocks", "total", "most allocated", "blocks", "blocks"},
    [MT_BUDGET_LEAKS] = {"no-leaks", "", "leaked_blocks", "blocks", "leaks", "", "", "live"},
    [MT_BUDGET_RECORDING] = {"strict", "", "doubts", "doubts", "recording", "", "", ""},
    [MT_BUDGET_DURATION] = {"max-duration", "", "duration_ns", "ns", "", "longest", "duration", ""},
    [MT_BUDGET_MEAN] = {"max-mean", "", "mean_ns", "ns", "", "mean duration", "mean", ""},
    [MT_BUDGET_P50] = {"max-p50", "", "p50_ns", "ns", "", "p50 of the durations", "p50", ""},
    [MT_BUDGET_P95] = {"max-p95", "", "p95_ns", "ns", "", "p95 of the durations", "p95", ""},
    [MT_BUDGET_CPU] = {"max-cpu", "", "cpu_ns", "ns", "", "most processor time", "cpu", ""},
    [MT_BUDGET_ERRORS] = {"max-errors", "", "errors", "errors", "", "failed", "errors", ""},
};

const char *mt_budget_statistic(enum mt_budget_of of) {
    return mt_budget_words[of].statistic;
}

const char *mt_budget_unit(enum mt_budget_of of) {
    return mt_budget_words[of].unit;
}

struct judge {
    const struct mt_profile *profile;
    const struct mt_budgets *budgets;
    struct mt_findings *findings;
    struct mt_error *error;
};

static int no_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

static enum mt_value column_of(enum mt_budget_of of) {
    static const enum mt_value columns[MT_N_BUDGETS] = {
        [MT_BUDGET_PEAK] = MT_VALUE_PEAK_BYTES,   [MT_BUDGET_LIVE] = MT_VALUE_LIVE_BYTES,
        [MT_BUDGET_TOTAL] = MT_VALUE_TOTAL_BYTES, [MT_BUDGET_TOTAL_BLOCKS] = MT_VALUE_TOTAL_BLOCKS,
        [MT_BUDGET_LEAKS] = MT_VALUE_LIVE_BYTES,  [MT_BUDGET_RECORDING] = MT_VALUE_LIVE_BYTES,
    };
    return columns[of];
}

static uint64_t figure_of(const struct mt_profile *profile, enum mt_budget_of of) {
    const struct mt_totals *totals = &profile->info.totals;
    const uint64_t figures[MT_N_BUDGETS] = {
        [MT_BUDGET_PEAK] = totals->peak_bytes,
        [MT_BUDGET_LIVE] = totals->live_bytes,
        [MT_BUDGET_TOTAL] = totals->total_bytes,
        [MT_BUDGET_TOTAL_BLOCKS] = totals->total_blocks,
    };
    return figures[of];
}

/* ---- doubts ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int add_doubt(struct judge *j, const char *format,
                                                           ...) {
    struct mt_findings *findings = j->findings;
    char *text;
    if (!mt_array_grow(&findings->doubts, findings->n_doubts, sizeof *findings->doubts))
        return no_memory(j->error);
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        return no_memory(j->error);
    findings->doubts[findings->n_doubts++] = text;
    return 0;
}

static int doubt_coverage(struct judge *j) {
    const struct mt_coverage *coverage = &j->profile->info.coverage;
    char count[MT_FORMAT_BYTES];
    if (coverage->dropped_events)
        return add_doubt(j, "%s events could not be recorded",
                         mt_format_count(count, (int64_t)coverage->dropped_events));
    return 0;
}

static int doubt_recording(struct judge *j) {
    const struct mt_profile_info *info = &j->profile->info;
    char text[MT_FORMAT_BYTES];
    int rc = 0;
    if (info->sample_bytes)
        rc = add_doubt(j, "figures are estimates: one allocation in about %s was recorded",
                       mt_format_size(text, (int64_t)info->sample_bytes, false));
    if (rc == 0 && info->approximate)
        rc = add_doubt(j, "figures are approximate: the process could not be read at one instant");
    if (rc == 0 && info->partial)
        rc = add_doubt(j, "recording began after the process: earlier allocations are missing");
    if (rc == 0 && info->running)
        rc = add_doubt(j, "the process had not ended: it may need more");
    if (rc == 0 && info->exit_known && info->exit_signal)
        rc = add_doubt(j, "signal %d ended the process before it could free its memory",
                       info->exit_signal);
    if (rc == 0 && mt_anonymous_is_foreign(info))
        rc = add_doubt(j, "malloc explains less than half of the process's memory, %s",
                       mt_format_size(text, (int64_t)info->anonymous.bytes, false));
    return rc ? rc : doubt_coverage(j);
}

/* A baseline that was recorded in another way is compared all the same: the user may know why. */
static int doubt_baseline(struct judge *j) {
    const struct mt_profile *old = j->budgets->baseline;
    if (old && (old->info.sample_bytes != 0) != (j->profile->info.sample_bytes != 0))
        return add_doubt(j, "only one of this profile and its baseline is sampled");
    return 0;
}

/* ---- the line that holds most ---------------------------------------------------------------- */

static int name_row(struct judge *j, struct mt_finding *finding, const struct mt_rows *rows) {
    const struct mt_row *row = mt_rows_at(rows, 0);
    int64_t amount = row->value[column_of(finding->of)];
    if (amount <= 0)
        return 0;
    char *key = mt_rows_key(rows, row),
         *function = strdup(mt_profile_text(j->profile, row->function)),
         *file = strdup(mt_profile_text(j->profile, row->file));
    if (!key || !function || !file) {
        free(key);
        free(function);
        free(file);
        return no_memory(j->error);
    }
    free(finding->key);
    free(finding->function);
    free(finding->file);
    finding->key = key;
    finding->function = function;
    finding->file = file;
    finding->line = row->line;
    finding->line_amount = amount;
    return 0;
}

static struct mt_view_options view_of(const struct mt_budgets *budgets, enum mt_budget_of of) {
    struct mt_view_options view = {
        .by = MT_BY_LINE, .sort = column_of(of), .wrappers = budgets->wrappers, .n_named = 1};
    if (of == MT_BUDGET_LEAKS) {
        view.filter.exclude = budgets->ignored;
        view.filter.n_exclude = budgets->n_ignored;
        view.filter.all_frames = true;
        view.among_value = 1;
    }
    return view;
}

static int find_line(struct judge *j, struct mt_finding *finding) {
    struct mt_view_options view = view_of(j->budgets, finding->of);
    struct mt_rows *rows;
    int rc = mt_rows_build(j->profile, &view, &rows, j->error);
    if (rc != 0)
        return rc;
    if (mt_rows_count(rows) > 0)
        rc = name_row(j, finding, rows);
    mt_rows_free(rows);
    return rc;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Takes over what finding owns, also when this fails. */
static int add_finding(struct judge *j, struct mt_finding finding) {
    struct mt_findings *findings = j->findings;
    char **texts[] = {&finding.scope, &finding.why, &finding.key, &finding.function, &finding.file};
    bool complete = mt_array_grow(&findings->items, findings->n, sizeof *findings->items);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!*texts[i])
            complete &= (*texts[i] = strdup("")) != NULL;
    if (!complete) {
        mt_finding_free(&finding);
        return no_memory(j->error);
    }
    finding.is_of_snapshot = j->profile->info.running;
    findings->items[findings->n++] = finding;
    return 0;
}

static struct mt_finding *last(struct judge *j) {
    return &j->findings->items[j->findings->n - 1];
}

static int add_unknown(struct judge *j, struct mt_finding finding, const char *why) {
    finding.outcome = MT_OUTCOME_UNKNOWN;
    finding.why = strdup(why);
    return add_finding(j, finding);
}

static int judge_figure(struct judge *j, struct mt_finding finding) {
    if (!j->profile->has_value[column_of(finding.of)])
        return add_unknown(j, finding, "the profile does not have this figure");
    finding.actual = figure_of(j->profile, finding.of);
    finding.margin = (uint64_t)mt_margin_of_total(j->profile, column_of(finding.of));
    finding.outcome = finding.actual > finding.limit ? MT_OUTCOME_BROKEN : MT_OUTCOME_KEPT;
    if (finding.outcome == MT_OUTCOME_KEPT && finding.is_baseline &&
        (double)finding.actual < (double)finding.baseline * (1 - finding.tolerance_percent / 100))
        finding.outcome = MT_OUTCOME_IMPROVED;
    int rc = add_finding(j, finding);
    return rc == 0 && finding.outcome == MT_OUTCOME_BROKEN ? find_line(j, last(j)) : rc;
}

/* What the runtime keeps is no leak, but the reader is told of it. */
static void count_kept(const struct mt_profile *profile, const uint32_t *marks,
                       struct mt_finding *finding) {
    for (size_t i = 0; i < profile->n_samples; i++)
        if (marks[i] == MT_KEPT_BY_RUNTIME) {
            finding->kept_blocks += (uint64_t)profile->samples[i].value[MT_VALUE_LIVE_BLOCKS];
            finding->kept_bytes += (uint64_t)profile->samples[i].value[MT_VALUE_LIVE_BYTES];
        }
}

static int judge_leaks(struct judge *j, struct mt_finding finding) {
    struct mt_view_options view = view_of(j->budgets, MT_BUDGET_LEAKS);
    struct mt_rows *rows = NULL;
    uint32_t *marks;
    if (!j->profile->has_value[MT_VALUE_LIVE_BLOCKS])
        return add_unknown(j, finding, "the profile does not have live blocks");
    if (j->profile->info.running)
        return add_unknown(j, finding, "the process had not ended, and may free it");
    int rc = mt_leaks_mark(j->profile, j->budgets->count_runtime, &marks, j->error);
    if (rc != 0)
        return rc;
    count_kept(j->profile, marks, &finding);
    view.among = marks;
    rc = mt_rows_build(j->profile, &view, &rows, j->error);
    if (rc == 0) {
        const struct mt_row *passed = mt_rows_passed(rows);
        finding.actual = (uint64_t)passed->value[MT_VALUE_LIVE_BLOCKS];
        finding.leaked_bytes = (uint64_t)passed->value[MT_VALUE_LIVE_BYTES];
        finding.margin = (uint64_t)mt_rows_margin(rows, passed, MT_VALUE_LIVE_BLOCKS);
        finding.outcome = finding.actual > finding.limit ? MT_OUTCOME_BROKEN : MT_OUTCOME_KEPT;
        rc = add_finding(j, finding);
    }
    if (rc == 0 && finding.outcome == MT_OUTCOME_BROKEN && mt_rows_count(rows) > 0)
        rc = name_row(j, last(j), rows);
    mt_rows_free(rows);
    free(marks);
    return rc;
}

/* Returns the figure of all scopes in a row. */
static double figure_of_row(const struct mt_scope_row *row, enum mt_budget_of of) {
    const struct mt_scope_statistic *value = row->value, *duration = &value[MT_SCOPE_DURATION_NS];
    switch (of) {
    case MT_BUDGET_PEAK:
        return (double)value[MT_SCOPE_PEAK_BYTES].max;
    case MT_BUDGET_LIVE:
        return (double)value[MT_SCOPE_NET_BYTES].max;
    case MT_BUDGET_TOTAL:
        return (double)value[MT_SCOPE_ALLOCATED_BYTES].max;
    case MT_BUDGET_TOTAL_BLOCKS:
        return (double)value[MT_SCOPE_ALLOCATED_BLOCKS].max;
    case MT_BUDGET_DURATION:
        return (double)duration->max;
    case MT_BUDGET_MEAN:
        return duration->mean;
    case MT_BUDGET_P50:
        return (double)duration->p50;
    case MT_BUDGET_P95:
        return (double)duration->p95;
    case MT_BUDGET_CPU:
        return (double)value[MT_SCOPE_CPU_NS].max;
    case MT_BUDGET_ERRORS:
        return (double)row->errors;
    case MT_BUDGET_LEAKS:
    case MT_BUDGET_RECORDING:
    case MT_N_BUDGETS:
        break;
    }
    return 0;
}

/* Finds the figure of the scope. Scopes of a thread and of the process have rows of their own: the
 * higher one counts. Returns why there is none, or NULL. */
static const char *scope_figure(const struct mt_profile *profile, const struct mt_scopes_rows *rows,
                                struct mt_finding *finding) {
    bool has_scopes = rows->n || profile->info.scopes.n_open;
    const char *why = has_scopes ? "no scope of this name has ended" : "the profile has no scopes";
    double most = 0;
    uint64_t count = 0, unmeasured = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct mt_scope_row *row = &rows->items[i];
        if (strcmp(mt_profile_text(profile, row->name), finding->scope) != 0)
            continue;
        most = fmax(most, figure_of_row(row, finding->of));
        mt_saturate_add_count(&count, row->count);
        mt_saturate_add_count(&unmeasured, row->unmeasured);
        why = NULL;
    }
    if (!why && finding->of == MT_BUDGET_CPU && most <= 0)
        why = "processor time is measured with MEMTRACK_SCOPE_CPU=1 only";
    finding->actual = most < 0x1p63 ? (uint64_t)most : INT64_MAX;
    if (unmeasured && count >= unmeasured && finding->of != MT_BUDGET_ERRORS) {
        finding->measured_scopes = count - unmeasured;
        finding->all_scopes = count;
    }
    return why;
}

static int judge_scope(struct judge *j, const struct mt_budget *budget) {
    struct mt_finding finding = {
        .of = budget->of, .limit = budget->limit, .scope = strdup(budget->scope)};
    struct mt_scopes_rows *rows;
    if (!finding.scope)
        return no_memory(j->error);
    int rc = mt_scopes_rows_build(j->profile, MT_SCOPE_BY_NAME, &rows, j->error);
    if (rc != 0) {
        free(finding.scope);
        return rc;
    }
    const char *why = scope_figure(j->profile, rows, &finding);
    if (why)
        rc = add_unknown(j, finding, why);
    else {
        uint64_t period = j->profile->info.sample_bytes;
        double actual = (double)finding.actual;
        if (period && finding.of < MT_BUDGET_TOTAL_BLOCKS)
            finding.margin =
                (uint64_t)mt_margin_of(actual, mt_margin_most_of_bytes(actual, period));
        finding.outcome = finding.actual > finding.limit ? MT_OUTCOME_BROKEN : MT_OUTCOME_KEPT;
        rc = add_finding(j, finding);
    }
    mt_scopes_rows_free(rows);
    return rc;
}

static int judge_budget(struct judge *j, const struct mt_budget *budget) {
    const struct mt_finding finding = {.of = budget->of, .limit = budget->limit};
    if (budget->scope)
        return judge_scope(j, budget);
    return budget->of == MT_BUDGET_LEAKS ? judge_leaks(j, finding) : judge_figure(j, finding);
}

static int judge_baseline(struct judge *j) {
    static const enum mt_budget_of compared[] = {MT_BUDGET_PEAK, MT_BUDGET_LIVE,
                                                 MT_BUDGET_TOTAL_BLOCKS};
    const struct mt_profile *old = j->budgets->baseline;
    int rc = 0;
    for (size_t i = 0; old && rc == 0 && i < sizeof compared / sizeof *compared; i++) {
        struct mt_finding finding = {.of = compared[i],
                                     .is_baseline = true,
                                     .baseline = figure_of(old, compared[i]),
                                     .tolerance_percent = j->budgets->tolerance_percent};
        double most = floor((double)finding.baseline * (1 + finding.tolerance_percent / 100));
        finding.limit = most < 0x1p63 ? (uint64_t)most : UINT64_MAX;
        if (finding.limit <
            finding.baseline) /* a product of doubles may fall short of a large integer */
            finding.limit = finding.baseline;
        rc = old->has_value[column_of(compared[i])]
                 ? judge_figure(j, finding)
                 : add_unknown(j, finding, "the baseline does not have this figure");
    }
    return rc;
}

static int judge_recording(struct judge *j) {
    if (!j->budgets->is_strict)
        return 0;
    struct mt_finding finding = {.of = MT_BUDGET_RECORDING, .actual = j->findings->n_doubts};
    finding.outcome = finding.actual ? MT_OUTCOME_BROKEN : MT_OUTCOME_KEPT;
    if (finding.actual)
        finding.why = strdup(j->findings->doubts[0]);
    return add_finding(j, finding);
}

int mt_budget_check_all(const struct mt_profile *profile, const struct mt_budgets *budgets,
                        struct mt_findings *findings, struct mt_error *error) {
    struct judge j = {profile, budgets, findings, error};
    *findings = (struct mt_findings){0};
    int rc = doubt_recording(&j);
    if (rc == 0)
        rc = doubt_baseline(&j);
    for (size_t i = 0; i < budgets->n && rc == 0; i++)
        rc = judge_budget(&j, &budgets->items[i]);
    if (rc == 0)
        rc = judge_baseline(&j);
    return rc ? rc : judge_recording(&j);
}
