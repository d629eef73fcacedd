/* SPDX-License-Identifier: MIT */
/*
 * A check as JSON: small enough to be one tree of jansson's. As in the report, every field is
 * always there and of one type; null stands for what does not apply to this budget (a baseline, a
 * scope) or is not known (the figure of an unknown one).
 */
#include <stdlib.h>

#include "export/check.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/budget/sentence.h"

/* Makes a value of a malloc'ed text, and frees the text. */
static json_t *own_text(char *raw) {
    json_t *value = raw ? mt_json_text(raw) : NULL;
    free(raw);
    return value;
}

static json_t *where_object(const struct mt_finding *finding) {
    if (!finding->key[0])
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "key", mt_json_text(finding->key), "function",
                     mt_json_text(finding->function), "file", mt_json_text(finding->file), "line",
                     (json_int_t)finding->line, "amount", (json_int_t)finding->line_amount);
}

static json_t *excess_of(const struct mt_finding *finding) {
    uint64_t actual = finding->actual, limit = finding->limit;
    json_t *over = mt_json_number(actual > limit ? actual - limit : limit - actual);
    if (over && actual < limit)
        json_integer_set(over, -json_integer_value(over));
    return over;
}

static json_t *kept_object(const struct mt_finding *finding) {
    if (finding->of != MT_BUDGET_LEAKS)
        return json_null();
    return json_pack("{s:o, s:o}", "blocks", mt_json_number(finding->kept_blocks), "bytes",
                     mt_json_number(finding->kept_bytes));
}

static json_t *finding_object(const struct mt_finding *finding, const char *path) {
    bool known = finding->outcome != MT_OUTCOME_UNKNOWN;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "budget", mt_finding_name(finding), "statistic", mt_budget_statistic(finding->of), "unit",
        mt_budget_unit(finding->of), "outcome", mt_finding_outcome_name(finding->outcome), "scope",
        finding->scope[0] ? mt_json_text(finding->scope) : json_null(), "limit",
        mt_json_number(finding->limit), "actual",
        known ? mt_json_number(finding->actual) : json_null(), "excess",
        known ? excess_of(finding) : json_null(), "baseline",
        finding->is_baseline ? mt_json_number(finding->baseline) : json_null(), "tolerance_percent",
        finding->is_baseline ? json_real(finding->tolerance_percent) : json_null(), "margin",
        finding->margin && known ? mt_json_number(finding->margin) : json_null(), "kept_by_runtime",
        kept_object(finding), "where", where_object(finding), "message",
        own_text(mt_sentence_whole(finding, NULL)), "next",
        own_text(mt_sentence_next(finding, path)), "measured_scopes",
        finding->all_scopes && known ? mt_json_number(finding->measured_scopes) : json_null());
}

/* Returns false when out of memory. */
static bool append(json_t *array, json_t *value) {
    return json_array_append_new(array, value) == 0;
}

static json_t *file_object(const struct mt_checked *checked) {
    json_t *findings = json_array(), *doubts = json_array();
    bool complete = findings && doubts;
    for (size_t i = 0; complete && i < checked->findings.n; i++)
        complete = append(findings, finding_object(&checked->findings.items[i], checked->path));
    for (size_t i = 0; complete && i < checked->findings.n_doubts; i++)
        complete = append(doubts, mt_json_text(checked->findings.doubts[i]));
    if (!complete) {
        json_decref(findings);
        json_decref(doubts);
        return NULL;
    }
    return json_pack("{s:o, s:b, s:o, s:{s:I, s:o, s:o}, s:{s:s, s:o, s:b, s:b}, s:o, s:o}", "file",
                     mt_json_text(checked->path), "ok", (int)mt_export_check_is_good(checked),
                     "error", checked->problem ? mt_json_text(checked->problem) : json_null(),
                     "process", "pid", (json_int_t)checked->pid, "exe", mt_json_text(checked->exe),
                     "duration_ns", mt_json_number(checked->duration_ns), "recording", "mode",
                     checked->sample_bytes ? "sampled" : "exact", "sample_bytes",
                     mt_json_number(checked->sample_bytes), "approximate",
                     (int)checked->approximate, "partial", (int)checked->partial, "doubts", doubts,
                     "budgets", findings);
}

/* Returns null when nothing was run. */
static json_t *run_object(const struct mt_check_run *run) {
    if (!run)
        return json_null();
    return json_pack("{s:o, s:i, s:o}", "program", mt_json_text(run->program), "status",
                     run->status, "error", run->problem ? mt_json_text(run->problem) : json_null());
}

int mt_json_check(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_checked *checked = thing->check.checked;
    const struct mt_check_run *run = thing->check.run;
    json_t *files = json_array(), *root;
    bool complete = files != NULL, good = !run || (run->status == 0 && !run->problem);
    for (size_t i = 0; complete && i < thing->check.n; i++) {
        complete = append(files, file_object(&checked[i]));
        good &= mt_export_check_is_good(&checked[i]);
    }
    if (!complete) {
        json_decref(files);
        files = NULL;
    }
    root = files ? json_pack("{s:s, s:b, s:o, s:o}", "schema", "memtrack-check/1", "ok", (int)good,
                             "run", run_object(run), "files", files)
                 : NULL;
    return mt_json_put_tree(stream, root, error);
}
