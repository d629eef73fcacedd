/* SPDX-License-Identifier: MIT */
/*
 * The samples are grouped once; then the changes are replayed twice in time order, with a running
 * sum for each group: first to learn which groups are ever large, then to write those down. So
 * memory is that of the groups and of the result, not of their product with all moments.
 *
 * A moment is the state after the last change in an equal part of the time. The first is the
 * beginning, where nothing is live; the last one is the last change.
 */
#include "view/timeline/breakdown.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (INT64_C(1) << 47) /* of an address space: what one call path can hold */

struct replay {
    const struct mt_profile *profile;
    struct mt_tick_change *changes; /* sorted by tick */
    size_t n_changes;
    const uint32_t *row_of; /* per sample */
    size_t n_rows, n_samples;
    int64_t *sample_bytes; /* in force */
    int64_t *row_bytes;    /* their sums; [n_rows]: of all samples that count */
    int64_t *row_most;
    uint64_t end_ns;
};

static int by_tick(const void *a, const void *b) {
    const struct mt_tick_change *x = a, *y = b;
    return x->tick < y->tick ? -1 : x->tick > y->tick;
}

static uint64_t time_of(const struct replay *r, size_t change) {
    return r->profile->info.ticks[r->changes[change].tick].time_ns;
}

/* A damaged profile may bring more than fits. Its sums are then wrong, and nothing worse
 * happens. */
static void add(int64_t *sum, int64_t delta) {
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)delta);
}

static void apply(struct replay *r, const struct mt_tick_change *change) {
    if (change->sample >= r->n_samples || r->row_of[change->sample] >= r->n_rows)
        return;
    int64_t bytes = change->live_bytes;
    bytes = bytes > MOST_BYTES ? MOST_BYTES : bytes < -MOST_BYTES ? -MOST_BYTES : bytes;
    int64_t delta = bytes - r->sample_bytes[change->sample];
    r->sample_bytes[change->sample] = bytes;
    add(&r->row_bytes[r->row_of[change->sample]], delta);
    add(&r->row_bytes[r->n_rows], delta);
}

static void rewind_all(struct replay *r) {
    memset(r->sample_bytes, 0, (r->n_samples + 1) * sizeof *r->sample_bytes);
    memset(r->row_bytes, 0, (r->n_rows + 1) * sizeof *r->row_bytes);
}

/* Applies the changes of one part of the time, beginning with *next. Returns false when there
 * are no more. */
static bool next_moment(struct replay *r, size_t *next, uint64_t part_ns, uint64_t *time_ns) {
    if (*next >= r->n_changes)
        return false;
    uint64_t part = time_of(r, *next) / part_ns;
    for (; *next < r->n_changes && time_of(r, *next) / part_ns == part; (*next)++) {
        apply(r, &r->changes[*next]);
        *time_ns = time_of(r, *next);
    }
    return true;
}

static int prepare(struct replay *r, const struct mt_rows *rows) {
    const struct mt_profile_info *info = &r->profile->info;
    r->row_of = mt_rows_of_samples(rows, &r->n_samples);
    r->n_rows = mt_rows_count(rows);
    r->changes = malloc((info->n_changes + 1) * sizeof *r->changes);
    r->sample_bytes = calloc(r->n_samples + 1, sizeof *r->sample_bytes);
    r->row_bytes = calloc(r->n_rows + 1, sizeof *r->row_bytes);
    r->row_most = calloc(r->n_rows + 1, sizeof *r->row_most);
    if (!r->row_of || !r->changes || !r->sample_bytes || !r->row_bytes || !r->row_most)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < info->n_changes; i++)
        if (info->changes[i].tick < info->n_ticks)
            r->changes[r->n_changes++] = info->changes[i];
    qsort(r->changes, r->n_changes, sizeof *r->changes, by_tick);
    for (size_t i = 0; i < info->n_ticks; i++)
        if (info->ticks[i].time_ns > r->end_ns)
            r->end_ns = info->ticks[i].time_ns;
    return 0;
}

static void release(struct replay *r) {
    free(r->changes);
    free(r->sample_bytes);
    free(r->row_bytes);
    free(r->row_most);
}

/* ---- which groups ---------------------------------------------------------------------------- */

static void find_most(struct replay *r, uint64_t part_ns) {
    uint64_t time_ns;
    size_t next = 0;
    rewind_all(r);
    while (next_moment(r, &next, part_ns, &time_ns))
        for (size_t i = 0; i < r->n_rows; i++)
            if (r->row_bytes[i] > r->row_most[i])
                r->row_most[i] = r->row_bytes[i];
}

/* Finds the n rows that had most, largest first, by repeated selection, because n is small.
 * Returns how many there are. */
static size_t choose(const struct replay *r, size_t n, size_t *chosen) {
    size_t found = 0;
    bool *taken = calloc(r->n_rows + 1, sizeof *taken);
    for (; taken && found < n; found++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < r->n_rows; i++)
            if (!taken[i] && r->row_most[i] > 0 &&
                (best == SIZE_MAX || r->row_most[i] > r->row_most[best]))
                best = i;
        if (best == SIZE_MAX)
            break;
        taken[best] = true;
        chosen[found] = best;
    }
    free(taken);
    return found;
}

/* ---- the result ------------------------------------------------------------------------------ */

static void record(struct replay *r, uint64_t part_ns, const size_t *chosen,
                   struct mt_breakdown *s) {
    size_t next = 0, capacity = s->n_moments;
    uint64_t time_ns = 0;
    rewind_all(r);
    s->n_moments = 0;
    for (bool more = true; more && s->n_moments < capacity;
         more = next_moment(r, &next, part_ns, &time_ns)) {
        size_t m = s->n_moments++;
        int64_t rest = r->row_bytes[r->n_rows];
        s->time_ns[m] = time_ns;
        for (size_t l = 0; l + 1 < s->n_layers; l++) {
            s->live_bytes[l * capacity + m] = r->row_bytes[chosen[l]];
            rest = (int64_t)((uint64_t)rest - (uint64_t)r->row_bytes[chosen[l]]);
        }
        s->live_bytes[(s->n_layers - 1) * capacity + m] = rest;
        if (m && time_ns - s->time_ns[m - 1] > s->coarsest_ns)
            s->coarsest_ns = time_ns - s->time_ns[m - 1];
    }
    for (size_t l = 1; l < s->n_layers;
         l++) /* close the rows that were laid out for as many moments as there can be */
        memmove(s->live_bytes + l * s->n_moments, s->live_bytes + l * capacity,
                s->n_moments * sizeof *s->live_bytes);
}

static int make(struct replay *r, const struct mt_rows *rows, size_t n_layers, size_t n_moments,
                struct mt_breakdown *s) {
    uint64_t part_ns = r->end_ns / n_moments + 1;
    size_t *chosen = calloc(n_layers + 1, sizeof *chosen);
    if (!chosen)
        return -MEMTRACK_ENOMEM;
    find_most(r, part_ns);
    s->n_layers = choose(r, n_layers, chosen) + 1;
    s->n_moments = n_moments + 2; /* the beginning, and a last part that is cut short */
    s->time_ns = calloc(s->n_moments, sizeof *s->time_ns);
    s->keys = calloc(s->n_layers, sizeof *s->keys);
    s->live_bytes = calloc(s->n_layers * s->n_moments, sizeof *s->live_bytes);
    int rc = s->time_ns && s->keys && s->live_bytes ? 0 : -MEMTRACK_ENOMEM;
    for (size_t l = 0; rc == 0 && l + 1 < s->n_layers; l++)
        if (!(s->keys[l] = mt_rows_key(rows, mt_rows_at(rows, chosen[l]))))
            rc = -MEMTRACK_ENOMEM;
    if (rc == 0)
        record(r, part_ns, chosen, s);
    free(chosen);
    return rc;
}

int mt_breakdown_build(const struct mt_profile *profile, const struct mt_view_options *options,
                       size_t n_layers, size_t n_moments, struct mt_breakdown **out,
                       struct mt_error *error) {
    struct mt_view_options grouping = *options;
    struct mt_rows *rows = NULL;
    struct replay r = {.profile = profile};
    *out = NULL;
    if (profile->info.n_ticks == 0 || profile->info.n_changes == 0)
        return mt_error_set(error, MEMTRACK_EUSAGE,
                            profile->info.n_ticks ? "Leave out --composition."
                                                  : mt_profile_no_axis_hint(profile),
                            "no composition at past moments in this profile");
    grouping.keeps_samples = true;
    int rc = mt_rows_build(profile, &grouping, &rows, error);
    if (rc != 0)
        return rc;
    struct mt_breakdown *s = calloc(1, sizeof *s);
    rc = s ? prepare(&r, rows) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = make(&r, rows, n_layers, n_moments, s);
    release(&r);
    mt_rows_free(rows);
    if (rc != 0) {
        mt_breakdown_free(s);
        return mt_error_set(error, -rc, "", "out of memory");
    }
    *out = s;
    return 0;
}

void mt_breakdown_free(struct mt_breakdown *s) {
    if (!s)
        return;
    for (size_t l = 0; s->keys && l < s->n_layers; l++)
        free(s->keys[l]);
    free(s->keys);
    free(s->time_ns);
    free(s->live_bytes);
    free(s);
}
