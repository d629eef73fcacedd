/* SPDX-License-Identifier: MIT */
/*
 * Profiles of the page: one, or two that are compared.
 */
#include <stdlib.h>
#include <string.h>

#include "page/core/core.h"
#include "page/core/exports.h"
#include "profile/line_texts.h"
#include "profile/merge.h"
#include "profile/pprof/pprof.h"

static struct mt_core_profile *keep(struct mt_profile *profile) {
    if (profile && !mt_frames_are_sound(profile)) {
        mt_profile_free(profile);
        mt_error_set(&mt_core_error, MEMTRACK_EFORMAT, "Record it again.",
                     "the profile is damaged: a call path names frames that are not in it");
        return NULL;
    }
    struct mt_core_profile *kept = profile ? calloc(1, sizeof *kept) : NULL;
    if (kept) {
        kept->profile = profile;
        return kept;
    }
    mt_profile_free(profile);
    mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
    return NULL;
}

struct mt_core_profile *MT_CORE_EXPORT(mt_core_profiles_read)(const void *data, size_t bytes,
                                                              const char *name) {
    struct mt_profile *profile = NULL;
    if (mt_pprof_read_named(name, data, bytes, &profile, &mt_core_error) < 0)
        return NULL;
    return keep(profile);
}

uint32_t MT_CORE_EXPORT(mt_core_profiles_add_lines)(struct mt_core_profile *profile,
                                                    const void *block, size_t bytes,
                                                    uint32_t side) {
    return mt_line_texts_read(profile->profile, side, block, bytes) == 0;
}

struct mt_core_profile *MT_CORE_EXPORT(mt_core_profiles_join)(const struct mt_core_profile *old,
                                                              const struct mt_core_profile *new) {
    const struct mt_merge_keep apart = {.processes = true};
    struct mt_merge *merge = mt_merge_new(&apart);
    if (merge && mt_merge_add(merge, old->profile, "old", true) == 0 &&
        mt_merge_add(merge, new->profile, "new", false) == 0)
        return keep(mt_merge_finish(merge));
    mt_merge_free(merge);
    return keep(NULL);
}

uint8_t *MT_CORE_EXPORT(mt_core_profiles_sides)(const struct mt_core_profile *joined) {
    const struct mt_profile *profile = joined->profile;
    uint8_t *sides = malloc(profile->n_samples + 1);
    for (size_t s = 0; sides && s < profile->n_samples; s++)
        sides[s] = strcmp(mt_profile_text(profile, profile->samples[s].process), "new") == 0;
    return sides;
}

void MT_CORE_EXPORT(mt_core_profiles_free)(struct mt_core_profile *profile) {
    if (!profile)
        return;
    for (size_t i = 0; i < sizeof profile->frames / sizeof *profile->frames; i++) {
        if (profile->frames[i].wrappers)
            mt_frames_free(&profile->frames[i].frames);
        free(profile->frames[i].wrappers);
    }
    mt_profile_free(profile->profile);
    free(profile);
}

const struct mt_core_profile *
MT_CORE_EXPORT(mt_core_profiles_member)(const struct mt_core_profile *profile, uint32_t i) {
    static struct mt_core_profile member;
    if (i >= profile->profile->n_members)
        return NULL;
    member.profile = profile->profile->members[i];
    return &member;
}

uint32_t MT_CORE_EXPORT(mt_core_profiles_n_samples)(const struct mt_core_profile *profile) {
    return (uint32_t)profile->profile->n_samples;
}

/* ---- what is known --------------------------------------------------------------------------- */

static void put_process(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    mt_core_pairs_text("exe", mt_profile_text(profile, info->exe));
    mt_core_pairs_text("cwd", mt_profile_text(profile, info->cwd));
    mt_core_pairs_text("tool", mt_profile_text(profile, info->tool));
    for (size_t i = 0; i < info->n_command; i++)
        mt_core_pairs_text("command", mt_profile_text(profile, info->command[i]));
    for (size_t i = 0; i < info->n_metadata; i++) {
        mt_core_pairs_text("metadata", mt_profile_text(profile, info->metadata[i].key));
        mt_core_pairs_text("set", mt_profile_text(profile, info->metadata[i].value));
    }
    mt_core_pairs_number("pid", info->pid);
    mt_core_pairs_number("ppid", info->ppid);
    mt_core_pairs_number("n_processes", info->n_processes);
    mt_core_pairs_number("start_time_ns", (double)info->start_time_ns);
    mt_core_pairs_number("duration_ns", (double)info->duration_ns);
    mt_core_pairs_number("exit_known", info->exit_known);
    mt_core_pairs_number("exit_code", info->exit_code);
    mt_core_pairs_number("exit_signal", info->exit_signal);
    mt_core_pairs_number("running", info->running);
    mt_core_pairs_number("peak_rss_bytes", (double)info->peak_rss_bytes);
}

static void put_labels(const struct mt_profile *profile) {
    bool has_threads = false, has_sizes = false;
    for (size_t s = 0; s < profile->n_samples && !(has_threads && has_sizes); s++) {
        has_threads |= profile->samples[s].thread != 0;
        has_sizes |= profile->samples[s].has_size_class;
    }
    mt_core_pairs_number("has_threads", has_threads);
    mt_core_pairs_number("has_sizes", has_sizes);
}

static void put_recording(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    static const char *const columns[MT_N_VALUES] = {
        [MT_VALUE_TOTAL_BLOCKS] = "total_blocks", [MT_VALUE_TOTAL_BYTES] = "total_bytes",
        [MT_VALUE_LIVE_BLOCKS] = "live_blocks",   [MT_VALUE_LIVE_BYTES] = "live_bytes",
        [MT_VALUE_PEAK_BLOCKS] = "peak_blocks",   [MT_VALUE_PEAK_BYTES] = "peak_bytes",
        [MT_VALUE_MAX_BYTES] = "max_bytes",       [MT_VALUE_TEMPORARY_BLOCKS] = "temporary_blocks",
        [MT_VALUE_WASTE_BYTES] = "waste_bytes",
    };
    mt_core_pairs_number("is_memtrack", info->is_memtrack);
    mt_core_pairs_number("sample_bytes", (double)info->sample_bytes);
    mt_core_pairs_number("peak_time_known", info->peak_time_known);
    mt_core_pairs_number("peak_time_ns", (double)info->peak_time_ns);
    mt_core_pairs_number("peak_time_error_ns", (double)info->peak_time_error_ns);
    mt_core_pairs_number("ledger_bytes", (double)info->ledger_bytes);
    mt_core_pairs_number("has_composition", info->n_changes != 0);
    mt_core_pairs_text("axis_hint", mt_profile_no_axis_hint(profile));
    mt_core_pairs_number("unknown_frees", (double)info->coverage.unknown_frees);
    mt_core_pairs_number("dropped_events", (double)info->coverage.dropped_events);
    mt_core_pairs_number("lossy_blocks", (double)info->coverage.lossy_blocks);
    mt_core_pairs_number("truncated_stacks", (double)info->coverage.truncated_stacks);
    put_labels(profile);
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (profile->has_value[v] && !info->watched)
            mt_core_pairs_text("column", columns[v]);
}

const char *MT_CORE_EXPORT(mt_core_profiles_info)(const struct mt_core_profile *profile) {
    mt_core_pairs_begin();
    put_process(profile->profile);
    put_recording(profile->profile);
    return mt_core_pairs_end();
}
