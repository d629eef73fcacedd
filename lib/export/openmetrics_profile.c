/* SPDX-License-Identifier: MIT */
/*
 * A profile as metrics: what it adds up to, what it could not see, and its largest rows. A scraper
 * keeps a series for each set of labels that it ever saw, so rows are few (the caller says how many),
 * and what the others hold is one more, "[other]": the rows of a family add up to its total.
 *
 * Live and peak go up and down and are gauges; what only grows is a counter. The figures of a
 * profile of one moment, the process's command line and its call paths are not metrics, and are left
 * to the formats that hold them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/export-local.h"
#include "export/openmetrics-local.h"
#include "profile/called.h"

#define OTHER "[other]"

/* ---- of the process -------------------------------------------------------------------------- */

struct figure {
    struct mt_openmetrics_family family;
    uint64_t value;
    bool is_known;
};

static void put_figures(struct mt_openmetrics *m, const struct figure *figures, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char text[MT_OPENMETRICS_NUMBER];
        if (!figures[i].is_known)
            continue;
        snprintf(text, sizeof text, "%" PRIu64, figures[i].value);
        mt_openmetrics_family(m, &figures[i].family);
        mt_openmetrics_sample(m, &figures[i].family, "", NULL, text);
    }
}

/* A profile of another tool may be the difference of two, with totals below zero: no counter has
 * such a value, and they are left out. */
static bool is_count(const struct mt_rows *rows, enum mt_value value) {
    return mt_rows_has(rows, value) && mt_rows_total(rows, value) >= 0;
}

static void put_totals(struct mt_openmetrics *m, const struct mt_rows *rows) {
    struct mt_totals t;
    mt_rows_totals(rows, &t);
    bool has_live = is_count(rows, MT_VALUE_LIVE_BYTES),
         has_peak = is_count(rows, MT_VALUE_PEAK_BYTES),
         has_total = is_count(rows, MT_VALUE_TOTAL_BYTES),
         is_ours = mt_rows_profile(rows)->info.is_memtrack;
    const struct figure figures[] = {
        {{"memtrack_live_bytes", MT_METRIC_GAUGE, "bytes", "Bytes that are not freed."},
         t.live_bytes,
         has_live},
        {{"memtrack_live_blocks", MT_METRIC_GAUGE, "blocks", "Blocks that are not freed."},
         t.live_blocks,
         is_count(rows, MT_VALUE_LIVE_BLOCKS)},
        {{"memtrack_peak_bytes", MT_METRIC_GAUGE, "bytes",
          "The most bytes that were live at once."},
         t.peak_bytes,
         has_peak},
        {{"memtrack_peak_blocks", MT_METRIC_GAUGE, "blocks",
          "The blocks that were live when the most bytes were."},
         t.peak_blocks,
         is_count(rows, MT_VALUE_PEAK_BLOCKS)},
        {{"memtrack_allocated_bytes", MT_METRIC_COUNTER, "bytes",
          "Bytes allocated since recording began, freed or not."},
         t.total_bytes,
         has_total},
        {{"memtrack_allocated_blocks", MT_METRIC_COUNTER, "blocks",
          "Blocks allocated since recording began, freed or not."},
         t.total_blocks,
         is_count(rows, MT_VALUE_TOTAL_BLOCKS)},
        {{"memtrack_freed_bytes", MT_METRIC_COUNTER, "bytes", "Bytes freed since recording began."},
         t.freed_bytes,
         is_ours},
        {{"memtrack_freed_blocks", MT_METRIC_COUNTER, "blocks",
          "Blocks freed since recording began."},
         t.freed_blocks,
         is_ours},
        {{"memtrack_temporary_blocks", MT_METRIC_COUNTER, "blocks",
          "Blocks freed by the very next allocator event of their thread."},
         t.temporary_blocks,
         is_count(rows, MT_VALUE_TEMPORARY_BLOCKS)},
        {{"memtrack_failed_allocations", MT_METRIC_COUNTER, "", "Allocations that failed."},
         t.failed_allocations,
         is_ours},
    };
    put_figures(m, figures, sizeof figures / sizeof *figures);
}

static void put_coverage(struct mt_openmetrics *m, const struct mt_profile_info *info) {
    const struct mt_coverage *c = &info->coverage;
    const struct figure figures[] = {
        {{"memtrack_unknown_frees", MT_METRIC_COUNTER, "",
          "Frees of blocks whose allocation was not seen."},
         c->unknown_frees,
         true},
        {{"memtrack_dropped_events", MT_METRIC_COUNTER, "", "Events that could not be recorded."},
         c->dropped_events,
         true},
        {{"memtrack_lossy_blocks", MT_METRIC_COUNTER, "blocks",
          "Blocks that are counted without their call path."},
         c->lossy_blocks,
         true},
        {{"memtrack_truncated_stacks", MT_METRIC_COUNTER, "",
          "Blocks whose call path lacks its outer end."},
         c->truncated_stacks,
         true},
        {{"memtrack_sampling_bytes", MT_METRIC_GAUGE, "bytes",
          "Bytes between samples, on average; 0 when every block was recorded."},
         info->sample_bytes,
         true},
        {{"memtrack_ledger_bytes", MT_METRIC_GAUGE, "bytes",
          "What the recorder itself uses in shared memory."},
         info->ledger_bytes,
         true},
        {{"memtrack_process_running", MT_METRIC_GAUGE, "", "1 while the process runs."},
         info->running,
         true},
        {{"memtrack_processes", MT_METRIC_GAUGE, "",
          "Processes that these figures are the sums of."},
         info->n_processes ? info->n_processes : 1,
         true},
    };
    put_figures(m, figures, sizeof figures / sizeof *figures);
}

/* What the kernel said of the process at the last tick at which it was asked. */
static void put_memory(struct mt_openmetrics *m, const struct mt_profile_info *info) {
    uint64_t rss = 0, pss = 0, swap = 0;
    for (size_t i = 0; i < info->n_ticks; i++) {
        const struct mt_tick *tick = &info->ticks[i];
        rss = tick->rss_bytes ? tick->rss_bytes : rss;
        swap = tick->pss_bytes ? tick->swap_bytes : swap;
        pss = tick->pss_bytes ? tick->pss_bytes : pss;
    }
    const struct figure figures[] = {
        {{"memtrack_resident_bytes", MT_METRIC_GAUGE, "bytes",
          "Memory of the process that is resident (RSS), when it was last read."},
         rss,
         rss != 0},
        {{"memtrack_proportional_bytes", MT_METRIC_GAUGE, "bytes",
          "The same with a share of what several processes share (PSS)."},
         pss,
         pss != 0},
        {{"memtrack_swapped_bytes", MT_METRIC_GAUGE, "bytes",
          "Memory of the process that is swapped out."},
         swap,
         pss != 0},
    };
    put_figures(m, figures, sizeof figures / sizeof *figures);
}

static void put_times(struct mt_openmetrics *m, const struct mt_profile_info *info) {
    static const struct mt_openmetrics_family start = {"memtrack_start_time_seconds",
                                                       MT_METRIC_GAUGE, "seconds",
                                                       "When recording began, since the epoch."};
    static const struct mt_openmetrics_family duration = {
        "memtrack_recording_seconds", MT_METRIC_GAUGE, "seconds",
        "How long recording had lasted when this was read."};
    char text[MT_OPENMETRICS_NUMBER];
    if (info->start_time_ns) {
        mt_openmetrics_family(m, &start);
        mt_openmetrics_sample(m, &start, "", NULL,
                              mt_openmetrics_seconds(text, info->start_time_ns));
    }
    mt_openmetrics_family(m, &duration);
    mt_openmetrics_sample(m, &duration, "", NULL, mt_openmetrics_seconds(text, info->duration_ns));
}

/* A gauge of 1, as the older of the two formats has no type for it. */
static void put_who(struct mt_openmetrics *m, const struct mt_profile *profile) {
    static const struct mt_openmetrics_family family = {"memtrack_process_info", MT_METRIC_GAUGE,
                                                        "", "Whose memory this is; always 1."};
    const struct mt_profile_info *info = &profile->info;
    char pid[MT_OPENMETRICS_NUMBER];
    snprintf(pid, sizeof pid, "%" PRIu32, info->pid);
    const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
        {"pid", pid},
        {"program", mt_called_name(profile)},
        {"exe", mt_profile_text(profile, info->exe)},
        {"allocator", mt_profile_text(profile, info->allocator)},
    };
    mt_openmetrics_family(m, &family);
    mt_openmetrics_integer(m, &family, "", labels, 1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const struct {
    struct mt_openmetrics_family family;
    enum mt_value value;
} row_families[] = {
    {{"memtrack_row_live_bytes", MT_METRIC_GAUGE, "bytes", "Bytes that are not freed, by row."},
     MT_VALUE_LIVE_BYTES},
    {{"memtrack_row_live_blocks", MT_METRIC_GAUGE, "blocks", "Blocks that are not freed, by row."},
     MT_VALUE_LIVE_BLOCKS},
    {{"memtrack_row_peak_bytes", MT_METRIC_GAUGE, "bytes",
      "Bytes that were live when the most were, by row."},
     MT_VALUE_PEAK_BYTES},
    {{"memtrack_row_allocated_bytes", MT_METRIC_COUNTER, "bytes",
      "Bytes allocated since recording began, by row."},
     MT_VALUE_TOTAL_BYTES},
    {{"memtrack_row_allocated_blocks", MT_METRIC_COUNTER, "blocks",
      "Blocks allocated since recording began, by row."},
     MT_VALUE_TOTAL_BLOCKS},
    {{"memtrack_row_temporary_blocks", MT_METRIC_COUNTER, "blocks",
      "Temporary blocks since recording began, by row."},
     MT_VALUE_TEMPORARY_BLOCKS},
};

struct shown { /* the rows that are shown */
    const struct mt_rows *rows;
    char **names;
    size_t n;
};

static bool choose_rows(struct mt_openmetrics *m, const struct mt_rows *rows, size_t n,
                        struct shown *shown) {
    *shown = (struct shown){.rows = rows, .n = mt_export_shown(n, mt_rows_count(rows))};
    shown->names = calloc(shown->n + 1, sizeof *shown->names);
    if (!shown->names) {
        m->failed = true;
        return false;
    }
    for (size_t i = 0; i < shown->n; i++)
        shown->names[i] = mt_rows_key(rows, mt_rows_at(rows, i));
    mt_openmetrics_names(m, shown->names, shown->n);
    return !m->failed;
}

static void put_row(struct mt_openmetrics *m, const struct shown *shown, size_t i, size_t f) {
    const struct mt_row *row = mt_rows_at(shown->rows, i);
    const char *function = mt_profile_text(mt_rows_profile(shown->rows), row->function);
    const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
        {"by", mt_group_by_name(mt_rows_options(shown->rows)->by)},
        {"key", shown->names[i]},
        {"function", *function ? function : NULL},
    };
    mt_openmetrics_integer(m, &row_families[f].family, "", labels,
                           row->value[row_families[f].value]);
}

/* The rows that are not shown, and what a filter left out. */
static void put_other(struct mt_openmetrics *m, const struct shown *shown, size_t f) {
    enum mt_value value = row_families[f].value;
    int64_t other = mt_rows_all(shown->rows)->value[value];
    for (size_t i = 0; i < shown->n; i++)
        other -= mt_rows_at(shown->rows, i)->value[value];
    const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
        {"by", mt_group_by_name(mt_rows_options(shown->rows)->by)}, {"key", OTHER}};
    mt_openmetrics_integer(m, &row_families[f].family, "", labels, other);
}

/* With --cumulative a block is in several rows, and there is no remainder. */
static void put_rows(struct mt_openmetrics *m, const struct mt_rows *rows, size_t n) {
    struct shown shown;
    bool is_chosen = choose_rows(m, rows, n, &shown), adds_up = !mt_rows_options(rows)->cumulative;
    for (size_t f = 0; f < sizeof row_families / sizeof *row_families && is_chosen; f++) {
        bool is_gauge = row_families[f].family.type == MT_METRIC_GAUGE;
        if (!mt_rows_has(rows, row_families[f].value) ||
            (!is_gauge && mt_rows_has_negative(rows, row_families[f].value)))
            continue;
        mt_openmetrics_family(m, &row_families[f].family);
        for (size_t i = 0; i < shown.n; i++)
            put_row(m, &shown, i, f);
        if (adds_up)
            put_other(m, &shown, f);
    }
    for (size_t i = 0; shown.names && i < shown.n; i++)
        free(shown.names[i]);
    free(shown.names);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int put_profile(struct mt_openmetrics *m, const struct mt_export_profile *thing,
                       struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(thing->rows);
    put_who(m, profile);
    put_totals(m, thing->rows);
    if (profile->info.is_memtrack) {
        put_coverage(m, &profile->info);
        put_times(m, &profile->info);
        put_memory(m, &profile->info);
    }
    put_rows(m, thing->rows, thing->n);
    mt_openmetrics_scopes(m, profile, thing->n);
    fputs("# EOF\n", m->out);
    if (m->failed)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing metrics");
    return ferror(m->out) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the metrics: %m")
                          : 0;
}

int mt_openmetrics_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct mt_openmetrics m = {.out = stream};
    return put_profile(&m, &thing->profile, error);
}

int mt_openmetrics_profile_text(FILE *stream, const struct mt_export *thing,
                                struct mt_error *error) {
    struct mt_openmetrics m = {.out = stream, .is_prometheus = true};
    return put_profile(&m, &thing->profile, error);
}
