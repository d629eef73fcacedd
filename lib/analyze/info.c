/* SPDX-License-Identifier: MIT */
/* What a profile says of itself, copied into the public structs. Reading alone: nothing here
 * allocates. */
#include "analyze/analyze-local.h"

int memtrack_profile_totals(const memtrack_profile *profile, memtrack_totals *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_totals *totals = &mt_analyze_model(profile)->info.totals;
    *out = (memtrack_totals){.live_bytes = totals->live_bytes,
                             .live_blocks = totals->live_blocks,
                             .peak_bytes = totals->peak_bytes,
                             .peak_blocks = totals->peak_blocks,
                             .total_bytes = totals->total_bytes,
                             .total_blocks = totals->total_blocks,
                             .freed_bytes = totals->freed_bytes,
                             .freed_blocks = totals->freed_blocks,
                             .temporary_blocks = totals->temporary_blocks,
                             .failed_allocations = totals->failed_allocations};
    return 0;
}

int memtrack_profile_coverage(const memtrack_profile *profile, memtrack_coverage *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_coverage *coverage = &mt_analyze_model(profile)->info.coverage;
    *out = (memtrack_coverage){.unknown_frees = coverage->unknown_frees,
                               .dropped_events = coverage->dropped_events,
                               .lossy_blocks = coverage->lossy_blocks,
                               .truncated_stacks = coverage->truncated_stacks};
    return 0;
}

const char *memtrack_profile_note(const memtrack_profile *profile, size_t i) {
    if (!profile)
        return NULL;
    const struct mt_profile *model = mt_analyze_model(profile);
    return i < model->info.n_notes ? mt_profile_text(model, model->info.notes[i]) : NULL;
}

int memtrack_profile_info(const memtrack_profile *profile, memtrack_info *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_profile *model = mt_analyze_model(profile);
    const struct mt_profile_info *info = &model->info;
    *out = (memtrack_info){.exe = mt_profile_text(model, info->exe),
                           .directory = mt_profile_text(model, info->cwd),
                           .allocator = mt_profile_text(model, info->allocator),
                           .n_arguments = info->n_command,
                           .pid = info->pid,
                           .parent_pid = info->ppid,
                           .start_time_ns = info->start_time_ns,
                           .duration_ns = info->duration_ns,
                           .exit_known = info->exit_known,
                           .exit_code = info->exit_code,
                           .exit_signal = info->exit_signal,
                           .is_memtrack = info->is_memtrack,
                           .is_approximate = info->approximate,
                           .is_partial = info->partial,
                           .usable_measured = info->usable_measured,
                           .sample_bytes = info->sample_bytes,
                           .ledger_bytes = info->ledger_bytes,
                           .peak_time_known = info->peak_time_known,
                           .peak_time_ns = info->peak_time_ns,
                           .peak_time_error_ns = info->peak_time_error_ns,
                           .n_ticks = info->n_ticks,
                           .n_marks = info->n_marks};
    return 0;
}

const char *memtrack_profile_argument(const memtrack_profile *profile, size_t i) {
    if (!profile)
        return NULL;
    const struct mt_profile *model = mt_analyze_model(profile);
    return i < model->info.n_command ? mt_profile_text(model, model->info.command[i]) : NULL;
}

int memtrack_profile_has(const memtrack_profile *profile, memtrack_column column) {
    if (!profile)
        return 0;
    const struct mt_profile *model = mt_analyze_model(profile);
    enum mt_value value;
    if (!mt_analyze_options_column(column, &value) || !model->has_value[value])
        return 0;
    return value != MT_VALUE_WASTE_BYTES || model->info.usable_measured || !model->info.is_memtrack;
}

int memtrack_profile_tick(const memtrack_profile *profile, size_t i, memtrack_tick *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_profile_info *info = &mt_analyze_model(profile)->info;
    mt_analyze_error();
    if (i >= info->n_ticks)
        return mt_analyze_error_no_item("tick", i, info->n_ticks);
    const struct mt_tick *tick = &info->ticks[i];
    *out = (memtrack_tick){.time_ns = tick->time_ns,
                           .live_bytes = tick->live_bytes,
                           .total_blocks = tick->total_blocks,
                           .rss_bytes = tick->rss_bytes,
                           .pss_bytes = tick->pss_bytes,
                           .swap_bytes = tick->swap_bytes,
                           .anon_bytes = tick->anon_bytes};
    return 0;
}

int memtrack_profile_mark(const memtrack_profile *profile, size_t i, memtrack_mark_info *out) {
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    const struct mt_profile *model = mt_analyze_model(profile);
    mt_analyze_error();
    if (i >= model->info.n_marks)
        return mt_analyze_error_no_item("mark", i, model->info.n_marks);
    const struct mt_mark *mark = &model->info.marks[i];
    *out = (memtrack_mark_info){.time_ns = mark->time_ns,
                                .name = mt_profile_text(model, mark->name),
                                .is_trigger = mark->kind == MT_MARK_TRIGGER};
    return 0;
}
