/* SPDX-License-Identifier: MIT */
/*
 * Scopes as summaries, whose quantiles are those of all scopes since recording began, and the
 * program's own counters, which go up and down and are gauges here. A summary has no negative values,
 * so what scopes have left behind (net bytes) is a gauge of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "export/export-local.h"
#include "export/openmetrics-local.h"
#include "view/scopes/rows.h"

static const struct {
    struct mt_openmetrics_family family;
    enum mt_scope_value value;
} summaries[] = {
    {{"memtrack_scope_duration_seconds", MT_METRIC_SUMMARY, "seconds", "How long scopes lasted."},
     MT_SCOPE_DURATION_NS},
    {{"memtrack_scope_cpu_seconds", MT_METRIC_SUMMARY, "seconds",
      "Processor time of the threads that ran scopes."},
     MT_SCOPE_CPU_NS},
    {{"memtrack_scope_peak_bytes", MT_METRIC_SUMMARY, "bytes",
      "The most bytes that a scope held beyond those at its beginning."},
     MT_SCOPE_PEAK_BYTES},
    {{"memtrack_scope_allocated_bytes", MT_METRIC_SUMMARY, "bytes", "Bytes allocated in scopes."},
     MT_SCOPE_ALLOCATED_BYTES},
    {{"memtrack_scope_allocated_blocks", MT_METRIC_SUMMARY, "blocks",
      "Blocks allocated in scopes."},
     MT_SCOPE_ALLOCATED_BLOCKS},
    {{"memtrack_scope_freed_bytes", MT_METRIC_SUMMARY, "bytes", "Bytes freed in scopes."},
     MT_SCOPE_FREED_BYTES},
};

struct shown {
    const struct mt_scopes_rows *rows;
    char **names;
    size_t n;
};

static void put_number(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                       const char *suffix, const struct mt_openmetrics_label *labels,
                       int64_t value) {
    char text[MT_OPENMETRICS_NUMBER];
    if (value < 0)
        return;
    if (strcmp(family->unit, "seconds") == 0 && strcmp(suffix, "_count") != 0)
        mt_openmetrics_sample(m, family, suffix, labels,
                              mt_openmetrics_seconds(text, (uint64_t)value));
    else
        mt_openmetrics_integer(m, family, suffix, labels, value);
}

static const char *kind_of(const struct mt_scope_row *row) {
    return row->is_process ? "process" : "thread";
}

static void put_summary(struct mt_openmetrics *m, const struct shown *shown, size_t f) {
    const struct mt_openmetrics_family *family = &summaries[f].family;
    mt_openmetrics_family(m, family);
    for (size_t i = 0; i < shown->n; i++) {
        const struct mt_scope_row *row = &shown->rows->items[i];
        const struct mt_scope_statistic *s = &row->value[summaries[f].value];
        struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
            {"scope", shown->names[i]}, {"of", kind_of(row)}, {"quantile", "0.0"}};
        if (row->has_spread)
            put_number(m, family, "", labels, s->min);
        labels[2].value = "0.5";
        put_number(m, family, "", labels, s->p50);
        labels[2].value = "0.95";
        put_number(m, family, "", labels, s->p95);
        labels[2].value = "1.0";
        put_number(m, family, "", labels, s->max);
        labels[2].value = NULL;
        put_number(m, family, "_sum", labels, s->sum);
        put_number(m, family, "_count", labels, (int64_t)mt_scopes_rows_measured(row));
    }
}

static void put_net(struct mt_openmetrics *m, const struct shown *shown) {
    static const struct mt_openmetrics_family family = {
        "memtrack_scope_net_bytes", MT_METRIC_GAUGE, "bytes",
        "Bytes allocated in scopes and not freed in them, less what they freed of others."};
    mt_openmetrics_family(m, &family);
    for (size_t i = 0; i < shown->n; i++) {
        const struct mt_scope_row *row = &shown->rows->items[i];
        const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
            {"scope", shown->names[i]}, {"of", kind_of(row)}};
        mt_openmetrics_integer(m, &family, "", labels, row->value[MT_SCOPE_NET_BYTES].sum);
    }
}

enum counter { ERRORS, MISUSES, UNMEASURED };

static uint64_t count_of(const struct mt_scope_row *row, enum counter counter) {
    return counter == ERRORS ? row->errors : counter == MISUSES ? row->misuses : row->unmeasured;
}

static void put_counter(struct mt_openmetrics *m, const struct shown *shown, enum counter counter) {
    static const struct mt_openmetrics_family families[] = {
        {"memtrack_scope_errors", MT_METRIC_COUNTER, "",
         "Scopes that the program has said have failed."},
        {"memtrack_scope_misuses", MT_METRIC_COUNTER, "",
         "Scopes that were ended by something else than their own end."},
        {"memtrack_scope_unmeasured", MT_METRIC_COUNTER, "",
         "Scopes that were only counted: the sums of this name are estimates from the others."}};
    const struct mt_openmetrics_family *family = &families[counter];
    mt_openmetrics_family(m, family);
    for (size_t i = 0; i < shown->n; i++) {
        const struct mt_scope_row *row = &shown->rows->items[i];
        const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
            {"scope", shown->names[i]}, {"of", kind_of(row)}};
        put_number(m, family, "", labels, mt_saturate_signed(count_of(row, counter)));
    }
}

/* Returns what a row is called; malloc'ed. */
static char *name_of(const struct mt_scopes_rows *rows, const struct mt_scope_row *row) {
    const char *name = mt_profile_text(rows->profile, row->name);
    char *text = NULL;
    if (!row->group)
        return strdup(name);
    return asprintf(&text, "%s (group %s)", name, mt_profile_text(rows->profile, row->group)) < 0
               ? NULL
               : text;
}

static void put_scopes(struct mt_openmetrics *m, const struct mt_scopes_rows *rows, size_t n) {
    struct shown shown = {.rows = rows, .n = mt_export_shown(n, rows->n)};
    shown.names = calloc(shown.n + 1, sizeof *shown.names);
    m->failed |= !shown.names;
    for (size_t i = 0; i < shown.n && shown.names; i++)
        shown.names[i] = name_of(rows, &rows->items[i]);
    if (shown.names)
        mt_openmetrics_names(m, shown.names, shown.n);
    if (!m->failed && shown.n) {
        for (size_t f = 0; f < sizeof summaries / sizeof *summaries; f++)
            if (summaries[f].value != MT_SCOPE_CPU_NS || rows->profile->info.scopes.has_cpu)
                put_summary(m, &shown, f);
        put_net(m, &shown);
        put_counter(m, &shown, ERRORS);
        put_counter(m, &shown, MISUSES);
        if (mt_profile_scopes_are_estimates(&rows->profile->info.scopes))
            put_counter(m, &shown, UNMEASURED);
    }
    for (size_t i = 0; i < shown.n && shown.names; i++)
        free(shown.names[i]);
    free(shown.names);
}

/* ---- counters -------------------------------------------------------------------------------- */

static int compare_counters(const void *a, const void *b) {
    const struct mt_counter *x = *(const struct mt_counter *const *)a,
                            *y = *(const struct mt_counter *const *)b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x < y ? -1 : x > y; /* in the order in which they were set */
}

/* Leaves the last value of each name, and returns how many there are. */
static size_t keep_latest(const struct mt_counter **counters, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || counters[i + 1]->name != counters[i]->name)
            counters[kept++] = counters[i];
    return kept;
}

static void put_counters(struct mt_openmetrics *m, const struct mt_profile *profile, size_t n) {
    static const struct mt_openmetrics_family family = {
        "memtrack_program_value", MT_METRIC_GAUGE, "",
        "What the program has set its own counters to."};
    const struct mt_scopes *scopes = &profile->info.scopes;
    const struct mt_counter **latest = calloc(scopes->n_counters + 1, sizeof *latest);
    char **names = calloc(scopes->n_counters + 1, sizeof *names);
    m->failed |= !latest || !names;
    for (size_t i = 0; i < scopes->n_counters && !m->failed; i++)
        latest[i] = &scopes->counters[i];
    if (!m->failed)
        qsort(latest, scopes->n_counters, sizeof *latest, compare_counters);
    size_t count = m->failed ? 0 : mt_export_shown(n, keep_latest(latest, scopes->n_counters));
    for (size_t i = 0; i < count; i++)
        names[i] = strdup(mt_profile_text(profile, latest[i]->name));
    if (count)
        mt_openmetrics_names(m, names, count);
    if (count)
        mt_openmetrics_family(m, &family);
    for (size_t i = 0; i < count && !m->failed; i++) {
        const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {{"name", names[i]}};
        mt_openmetrics_integer(m, &family, "", labels, latest[i]->value);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(latest);
}

void mt_openmetrics_scopes(struct mt_openmetrics *m, const struct mt_profile *profile, size_t n) {
    struct mt_scopes_rows *rows;
    if (mt_profile_scopes_is_empty(&profile->info.scopes))
        return;
    if (mt_scopes_rows_build(profile, MT_SCOPE_BY_PEAK, &rows, NULL) != 0) {
        m->failed = true;
        return;
    }
    put_scopes(m, rows, n);
    put_counters(m, profile, n);
    mt_openmetrics_caches(m, rows, n);
    mt_scopes_rows_free(rows);
}
