/* SPDX-License-Identifier: MIT */
/*
 * The difference of two instants is their sum with the earlier one's figures negated, so that call
 * paths are matched by the one rule for that (profile/merge.h). Columns that have no difference (the
 * peak, a site's own maximum) are left out. What go pprof is to leave out is that of the later one,
 * which has all call paths.
 */
#include "serve/difference.h"

#include <stdlib.h>

#include "base/clock.h"
#include "profile/merge.h"

struct mt_difference {
    struct mt_work work;
    struct mt_snapshot *from, *to;         /* held until it is made */
    bool of_allocations, is_made, is_left; /* nobody waits for it any more */
    struct mt_body bytes;
    int rc;
    struct mt_error error;
};

/* ---- the profile ----------------------------------------------------------------------------- */

static void negate(struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++)
        for (size_t v = 0; v < MT_N_VALUES; v++) {
            int64_t *value = &profile->samples[i].value[v];
            *value = *value == INT64_MIN ? INT64_MAX : -*value;
        }
}

static bool is_zero(const struct mt_sample *sample) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (sample->value[v])
            return false;
    return true;
}

/* Of the columns, those that count; of the samples, those that have changed. */
static void keep_changes(struct mt_profile *profile) {
    static const enum mt_value without[] = {MT_VALUE_PEAK_BLOCKS, MT_VALUE_PEAK_BYTES,
                                            MT_VALUE_MAX_BYTES};
    size_t kept = 0;
    for (size_t w = 0; w < sizeof without / sizeof *without; w++) {
        profile->has_value[without[w]] = false;
        for (size_t i = 0; i < profile->n_samples; i++)
            profile->samples[i].value[without[w]] = 0;
    }
    for (size_t i = 0; i < profile->n_samples; i++)
        if (!is_zero(&profile->samples[i]))
            profile->samples[kept++] = profile->samples[i];
    profile->n_samples = kept;
}

static struct mt_profile *subtract(struct mt_profile *from, const struct mt_profile *to) {
    const struct mt_merge_keep keep = {.threads = true};
    struct mt_merge *merge = mt_merge_new(&keep);
    if (!merge)
        return NULL;
    negate(from);
    int rc = mt_merge_add(merge, from, "", false);
    negate(from);
    if (rc == 0)
        rc = mt_merge_add(merge, to, "", true);
    if (rc == 0)
        return mt_merge_finish(merge);
    mt_merge_free(merge);
    return NULL;
}

static int write_difference(struct mt_difference *d, struct mt_profile *profile) {
    const struct mt_snapshot *from = d->from;
    char *drop_frames = mt_snapshot_drop(d->to, &d->error);
    if (!drop_frames)
        return -MEMTRACK_ENOMEM;
    keep_changes(profile);
    profile->info.is_memtrack = false; /* its totals are what its samples add up to */
    profile->info.running = true;      /* viewers open it on what is live */
    profile->info.duration_ns = d->to->time_ns - from->time_ns;
    profile->info.start_time_ns = mt_clock_ns(CLOCK_REALTIME) - (mt_clock_now_ns() - from->time_ns);
    int rc = mt_snapshot_write_pprof(profile,
                                     d->of_allocations ? MT_VALUE_TOTAL_BYTES : MT_VALUE_LIVE_BYTES,
                                     drop_frames, &d->bytes, &d->error);
    free(drop_frames);
    return rc;
}

static void make(struct mt_work *work) {
    struct mt_difference *d = (struct mt_difference *)work;
    struct mt_profile *profile = subtract(d->from->profile, d->to->profile);
    d->rc = profile ? write_difference(d, profile)
                    : mt_error_set(&d->error, MEMTRACK_ENOMEM, "", "out of memory");
    if (profile)
        mt_profile_free(profile);
}

/* ---- for who asks ---------------------------------------------------------------------------- */

static void release(struct mt_difference *d) {
    mt_snapshot_release(d->from);
    mt_snapshot_release(d->to);
    d->from = d->to = NULL;
}

static void end(struct mt_work *work) {
    struct mt_difference *d = (struct mt_difference *)work;
    d->is_made = true;
    release(d);
    if (d->is_left)
        mt_difference_free(d);
}

struct mt_difference *mt_difference_new(struct mt_snapshot *from, struct mt_snapshot *to,
                                        bool of_allocations, struct mt_worker *worker) {
    struct mt_difference *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->work = (struct mt_work){make, end, NULL};
    d->from = mt_snapshot_hold(from);
    d->to = mt_snapshot_hold(to);
    d->of_allocations = of_allocations;
    mt_worker_add(worker, &d->work);
    return d;
}

void mt_difference_free(struct mt_difference *d) {
    if (!d)
        return;
    if (!d->is_made) {
        d->is_left = true;
        return;
    }
    free(d->bytes.data);
    free(d);
}

int mt_difference_take(struct mt_difference *d, struct mt_body *bytes, struct mt_error *error) {
    *bytes = (struct mt_body){0};
    if (!d->is_made)
        return 0;
    if (d->rc != 0)
        return mt_error_set(error, -d->rc, d->error.hint, "%s", d->error.message);
    *bytes = d->bytes;
    d->bytes = (struct mt_body){0};
    return 0;
}
