/* SPDX-License-Identifier: MIT */
/*
 * A profile as pprof. Without a filter, and as of the end, it is the profile itself, with all that
 * memtrack knows of it. Else it is a part: the samples that passed, with whole call paths and all
 * labels, and what was live at the moment as what is live. Its totals are the sums of these, and
 * what is of the process over time (the axis, scopes) is not of them and stays behind. Who else is
 * charged than the innermost frame is told by the file's own means (pprof_drop.h).
 */
#include <stdlib.h>

#include "export/export-local.h"
#include "export/pprof_drop.h"
#include "profile/pprof/pprof.h"
#include "view/rows/rows.h"

struct live {
    int64_t *bytes, *blocks;
};

static int read_live(const struct mt_rows *rows, struct live *live, struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    live->bytes = calloc(profile->n_samples + 1, sizeof *live->bytes);
    live->blocks = calloc(profile->n_samples + 1, sizeof *live->blocks);
    return live->bytes && live->blocks
               ? mt_at_live(profile, &mt_rows_options(rows)->at, live->bytes, live->blocks, error)
               : mt_export_out_of_memory(error);
}

/* Takes the samples that are in one of the first n rows. */
static void take_samples(const struct mt_rows *rows, size_t n, const struct live *live,
                         struct mt_profile *part) {
    size_t n_samples;
    const uint32_t *row_of = mt_rows_of_samples(rows, &n_samples);
    for (size_t i = 0; i < n_samples; i++) {
        if (row_of[i] >= n)
            continue;
        struct mt_sample *sample = &part->samples[part->n_samples++];
        *sample = part->whole->samples[i];
        sample->value[MT_VALUE_LIVE_BYTES] = live->bytes[i];
        sample->value[MT_VALUE_LIVE_BLOCKS] = live->blocks[i];
    }
}

static void leave_time_behind(struct mt_profile_info *info) {
    info->n_ticks = info->n_changes = info->n_marks = 0;
    info->ticks = NULL;
    info->changes = NULL;
    info->marks = NULL;
    info->scopes = (struct mt_scopes){0};
}

/* It is then as a snapshot of that moment: the process went on. */
static void set_moment(struct mt_profile *part, const struct mt_at *at) {
    struct mt_profile_info *info = &part->info;
    if (at->kind == MT_AT_END)
        return;
    part->has_value[MT_VALUE_LIVE_BYTES] = part->has_value[MT_VALUE_LIVE_BLOCKS] = true;
    part->has_value[MT_VALUE_WASTE_BYTES] = false; /* known of the end alone */
    info->running = true;
    info->exit_known = false;
    info->exit_signal = info->exit_code = 0;
    if (at->kind == MT_AT_TIME)
        info->duration_ns = at->time_ns;
    else if (info->peak_time_known)
        info->duration_ns = info->peak_time_ns;
}

static int write_part(int fd, const struct mt_export_profile *what, const char *drop_frames,
                      struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(what->rows);
    struct mt_profile part = *profile;
    struct live live = {0};
    part.whole = profile;
    part.n_samples = 0;
    part.samples = calloc(profile->n_samples + 1, sizeof *part.samples);
    if (!part.samples)
        return mt_export_out_of_memory(error);
    int rc = read_live(what->rows, &live, error);
    if (rc == 0) {
        take_samples(what->rows, mt_export_profile_rows(what), &live, &part);
        leave_time_behind(&part.info);
        set_moment(&part, &mt_rows_options(what->rows)->at);
        mt_profile_sum_totals(&part);
        rc = mt_pprof_write_dropping(&part, drop_frames, fd, error);
    }
    free(part.samples);
    free(live.bytes);
    free(live.blocks);
    return rc;
}

int mt_pprof_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_export_profile *what = &thing->profile;
    if (fflush(stream) != 0)
        return mt_export_finish(stream, true, error);
    char *drop_frames = mt_pprof_drop_make(what);
    int fd = fileno(stream), rc;
    if (!drop_frames)
        return mt_export_out_of_memory(error);
    if (mt_export_profile_is_part(what))
        rc = write_part(fd, what, drop_frames, error);
    else
        rc = mt_pprof_write_dropping(mt_rows_profile(what->rows), drop_frames, fd, error);
    free(drop_frames);
    return rc;
}
