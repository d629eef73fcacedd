/* SPDX-License-Identifier: MIT */
/*
 * Profiles as handles. One that was loaded owns its model. A part of it, or another moment of it,
 * is a copy of the model's struct that shares every array but the samples: filtering a profile with
 * a million frames copies the samples alone, and everything that works on a profile (grouping,
 * comparing, writing) works on the part without knowing.
 *
 * Marking samples as filtered out was rejected: every function of view/ would have had to look at
 * the marks.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze-local.h"
#include "view/at.h"

memtrack_profile *mt_analyze_profile_retain(const memtrack_profile *profile) {
    memtrack_profile *shared = (memtrack_profile *)(uintptr_t)profile; /* only the count changes */
    /* It may be relaxed: who retains has a reference already, so that nobody can be freeing it. */
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

void mt_analyze_profile_release(const memtrack_profile *profile) {
    while (profile) {
        memtrack_profile *last = (memtrack_profile *)(uintptr_t)profile;
        if (atomic_fetch_sub_explicit(&last->references, 1, memory_order_acq_rel) != 1)
            return;
        profile = last->base;
        mt_rows_free(atomic_load_explicit(&last->frames, memory_order_relaxed));
        mt_profile_free(last->owned);
        free(last->samples);
        free(last->changes);
        free(last);
    }
}

void memtrack_profile_free(memtrack_profile *profile) {
    MT_ANALYZE_PAUSED;
    mt_analyze_profile_release(profile);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Gives the part the time axis of the samples that are left. Changes keep their order. */
static bool keep_changes(memtrack_profile *part, const struct mt_profile *from,
                         const uint32_t *keep, size_t n) {
    uint32_t *index = malloc((from->n_samples + 1) * sizeof *index);
    part->changes = malloc((from->info.n_changes + 1) * sizeof *part->changes);
    if (!index || !part->changes) {
        free(index);
        return false;
    }
    memset(index, 0xff, from->n_samples * sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[keep[i]] = (uint32_t)i;
    size_t kept = 0;
    for (size_t i = 0; i < from->info.n_changes; i++) {
        struct mt_tick_change change = from->info.changes[i];
        if (change.sample >= from->n_samples || index[change.sample] == UINT32_MAX)
            continue;
        change.sample = index[change.sample];
        part->changes[kept++] = change;
    }
    free(index);
    part->view.info.changes = part->changes;
    part->view.info.n_changes = kept;
    return true;
}

/* Makes a profile that shares all of base's arrays, but for samples, which are copies (n of them:
 * those whose index is in keep, or all when keep is NULL). Returns NULL when out of memory. */
static memtrack_profile *derive(const memtrack_profile *base, const uint32_t *keep, size_t n) {
    const struct mt_profile *from = mt_analyze_model(base);
    memtrack_profile *part = calloc(1, sizeof *part);
    if (!part)
        return NULL;
    part->view = *from;
    part->view.whole = from->whole ? from->whole : from;
    part->is_moment = base->is_moment;
    part->is_time = base->is_time;
    part->base = mt_analyze_profile_retain(base);
    atomic_init(&part->references, 1);
    part->samples = malloc((n + 1) * sizeof *part->samples);
    bool done = part->samples != NULL;
    for (size_t i = 0; i < n && done; i++)
        part->samples[i] = from->samples[keep ? keep[i] : i];
    part->view.samples = part->samples;
    part->view.n_samples = n;
    if (done && keep && from->info.n_changes)
        done = keep_changes(part, from, keep, n);
    if (done)
        return part;
    mt_analyze_profile_release(part);
    return NULL;
}

int mt_analyze_profile_filtered(const memtrack_profile *profile, const memtrack_filter *filter,
                                const struct mt_wrapper_options *wrappers, memtrack_profile **out) {
    *out = NULL;
    if (mt_analyze_filter_is_empty(filter)) {
        *out = mt_analyze_profile_retain(profile);
        return 0;
    }
    uint32_t *keep;
    size_t n;
    int status = mt_analyze_filter_select(filter, mt_analyze_model(profile), wrappers, &keep, &n);
    if (status < 0)
        return status;
    memtrack_profile *part = derive(profile, keep, n);
    free(keep);
    if (!part)
        return mt_analyze_error_no_memory();
    /* What does not belong to any sample belongs to the whole recording. */
    part->view.info.totals = (struct mt_totals){0};
    mt_profile_sum_totals(&part->view);
    *out = part;
    return 0;
}

int memtrack_profile_filter(const memtrack_profile *profile, const memtrack_filter *filter,
                            memtrack_profile **out) {
    MT_ANALYZE_PAUSED;
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    struct mt_wrapper_options wrappers = {0};
    return mt_analyze_profile_filtered(profile, filter, &wrappers, out);
}

/* ---- moments --------------------------------------------------------------------------------- */

/* Sets live in the samples to what it was at that moment, so that everything made of them shows
 * it. */
static int set_live(memtrack_profile *part, const struct mt_profile *from,
                    const struct mt_at *moment, struct mt_error *error) {
    size_t n = from->n_samples;
    int64_t *live = calloc(2 * n + 1, sizeof *live);
    if (!live)
        return mt_analyze_error_no_memory();
    const int64_t *blocks = live + n;
    int status = mt_at_live(from, moment, live, live + n, error);
    for (size_t i = 0; i < n && status == 0; i++) {
        part->samples[i].value[MT_VALUE_LIVE_BYTES] = live[i];
        part->samples[i].value[MT_VALUE_LIVE_BLOCKS] = blocks[i];
        part->samples[i].value[MT_VALUE_WASTE_BYTES] = 0;
    }
    free(live);
    return status;
}

static int show_moment(memtrack_profile *part, const struct mt_profile *from,
                       const struct mt_at *moment, struct mt_error *error) {
    struct mt_profile *view = &part->view;
    int status = set_live(part, from, moment, error);
    if (status < 0)
        return status;
    view->has_value[MT_VALUE_LIVE_BYTES] = view->has_value[MT_VALUE_LIVE_BLOCKS] = true;
    view->has_value[MT_VALUE_WASTE_BYTES] = false;
    struct mt_profile sums = *view;
    mt_profile_sum_totals(&sums);
    view->info.totals.live_bytes = sums.info.totals.live_bytes;
    view->info.totals.live_blocks = sums.info.totals.live_blocks;
    part->is_moment = true;
    part->is_time = moment->kind == MT_AT_TIME;
    return 0;
}

int memtrack_profile_at(const memtrack_profile *profile, const char *moment,
                        memtrack_profile **out) {
    MT_ANALYZE_PAUSED;
    if (!profile || !moment || !out)
        return mt_analyze_error_null(__func__);
    struct mt_error *error = mt_analyze_error();
    struct mt_at parsed;
    *out = NULL;
    if (!mt_at_parse(moment, &parsed))
        return mt_error_set(error, MEMTRACK_EUSAGE,
                            "Give end, peak, or a time after the start, such as 1.5s.",
                            "%s is not a moment of a recording", moment);
    if (parsed.kind == MT_AT_END) {
        *out = mt_analyze_profile_retain(profile);
        return 0;
    }
    const struct mt_profile *from = mt_analyze_model(profile);
    memtrack_profile *part = derive(profile, NULL, from->n_samples);
    int status = part ? show_moment(part, from, &parsed, error) : mt_analyze_error_no_memory();
    if (status == 0)
        *out = part;
    else
        mt_analyze_profile_release(part);
    return status;
}
