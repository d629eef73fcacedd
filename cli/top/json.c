/* SPDX-License-Identifier: MIT */
/*
 * What a table says, as lib/export writes it (export/export.h): the figures are taken out of the
 * model here, since only this side knows it.
 */
#include <stdlib.h>

#include "export/export.h"
#include "profile/called.h"
#include "top/source.h"
#include "top/top.h"

static struct mt_export_top_line line_of(const struct mt_top_line *line) {
    return (struct mt_export_top_line){
        .live_bytes = line->value[MT_TOP_LIVE],
        .live_blocks = line->value[MT_TOP_BLOCKS],
        .total_bytes = line->value[MT_TOP_TOTAL],
        .total_blocks = line->value[MT_TOP_TOTAL_BLOCKS],
        .diff_live_bytes = line->value[MT_TOP_CHANGE],
        .diff_live_blocks = line->value[MT_TOP_CHANGE_BLOCKS],
        .bytes_per_second = line->value[MT_TOP_RATE],
        .blocks_per_second = line->value[MT_TOP_ALLOCATIONS],
    };
}

static void set_totals(const struct mt_top *top, struct mt_export_top *json) {
    const struct mt_ledger_totals *t = mt_top_model_totals(top->model);
    const struct mt_axis *axis = mt_top_model_axis(top->model);
    json->unknown_frees = t->unknown_frees;
    json->dropped_events = t->dropped + t->interrupted;
    json->lossy_blocks = t->lossy_blocks;
    json->failed_allocations = t->failed;
    json->peak_bytes = t->peak_bytes;
    json->rss_bytes = axis->n ? axis->ticks[axis->n - 1].rss_bytes : 0;
    json->totals = line_of(mt_top_model_all(top->model));
}

/* Fills in who is there; the arrays are the caller's to free. */
static int set_tree(const struct mt_top_tree *tree, struct mt_export_top *json) {
    struct mt_export_top_process *processes = calloc(tree->n + 1, sizeof *processes),
                                 *unrecorded = calloc(tree->n_unrecorded + 1, sizeof *unrecorded);
    json->is_tree = true;
    json->processes = processes;
    json->unrecorded = unrecorded;
    if (!processes || !unrecorded)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < tree->n; i++)
        if (tree->members[i].source)
            processes[json->n_processes++] = (struct mt_export_top_process){
                tree->members[i].target.pid, mt_called_name(tree->members[i].source->profile),
                mt_top_target_state_name(tree->members[i].target.state)};
    for (size_t i = 0; i < tree->n_unrecorded; i++)
        unrecorded[json->n_unrecorded++] = (struct mt_export_top_process){
            tree->unrecorded[i].pid, tree->unrecorded[i].name, "running"};
    json->n_ended = tree->n_left;
    json->ended_live_bytes = tree->left_bytes;
    return 0;
}

int mt_top_json(const struct mt_top *top, uint64_t now_ns, FILE *stream, struct mt_error *error) {
    struct mt_ledger *ledger = mt_top_model_ledger(top->model);
    const struct mt_rows *rows = mt_top_model_rows(top->model);
    size_t n = mt_top_model_count(top->model);
    if (top->n && top->n < n)
        n = top->n;
    struct mt_export_top_line *lines = calloc(n + 1, sizeof *lines);
    if (!lines)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
    for (size_t i = 0; i < n; i++) {
        const struct mt_top_line *line = mt_top_model_line(top->model, i);
        lines[i] = line_of(line);
        lines[i].row = mt_rows_at(rows, line->row);
    }
    int rc = 0;
    struct mt_export_top json = {
        .profile = mt_top_model_profile(top->model),
        .rows = rows,
        .state = mt_top_target_state_name(top->target.state),
        .sort = mt_top_column_name(mt_top_model_options(top->model)->sort),
        .by = mt_top_model_by(top->model),
        .uptime_ns = mt_top_model_time_ns(top->model, now_ns),
        .window_ns = mt_top_model_window_ns(top->model),
        .sample_bytes = mt_top_model_profile(top->model)->info.sample_bytes,
        .is_off = ledger && mt_ledger_info(ledger)->control.request.off != 0,
        .has_rates = mt_top_model_has_rates(top->model),
        .lines = lines,
        .n = n,
    };
    set_totals(top, &json);
    if (top->is_tree && set_tree(&top->tree, &json) != 0)
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
    const struct mt_export thing = {.what = MT_EXPORT_TOP, .top = json};
    if (rc == 0)
        rc = mt_export(stream, &thing, MT_EXPORT_JSON, error);
    free((void *)(uintptr_t)json.processes);
    free((void *)(uintptr_t)json.unrecorded);
    free(lines);
    return rc;
}
