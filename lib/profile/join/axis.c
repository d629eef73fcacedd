/* SPDX-License-Identifier: MIT */
/*
 * A process holds from one tick to the next what it held at the first, and nothing after its end:
 * an end is a tick more, a nanosecond later, at which it is gone. The sum is swept over the ticks of
 * all processes in the order of time; what was not read at a tick is as it was read last.
 *
 *   process 1   ├──●────●────●────●────●─┤           what is live in a call path of both:
 *   process 2        ├──●──●──●──●──●──●──●──┤       each change becomes what it adds to the sum
 *   sum         ├──●─●──●●─●─●●──●─●●──●──●──┤
 *
 * Changes of a profile say what a sample has from a tick on. Samples of several processes are one
 * here, so they are kept as differences until all are known, sorted by time and added up. Where the
 * sum has more ticks than anybody can use, the highest of each equal part of the time stays, and
 * changes go to the first tick after them that there is: what is shown at a tick is what was live
 * then.
 *
 * Rejected: ticks at equal distances (a peak would fall between two of them).
 */
#include "profile/join/axis.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"

enum { MAX_TICKS = 8000 };
#define MAX_VALUE (INT64_C(1) << 50)

struct mt_join_seen {
    uint64_t time_ns; /* since the epoch */
    uint32_t process;
    bool is_end;
    struct mt_tick tick;
};

struct mt_join_delta {
    uint64_t time_ns; /* since the epoch */
    uint32_t sample;  /* of the result */
    int64_t bytes, blocks;
};

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int64_t bound(int64_t value) {
    return value > MAX_VALUE ? MAX_VALUE : value < -MAX_VALUE ? -MAX_VALUE : value;
}

/* ---- one process ----------------------------------------------------------------------------- */

static int see(struct mt_join_axis *axis, uint64_t time_ns, const struct mt_tick *tick) {
    if (!mt_array_reserve(&axis->seen, &axis->seen_capacity, axis->n_seen + 1, sizeof *axis->seen))
        return -MEMTRACK_ENOMEM;
    axis->seen[axis->n_seen++] = (struct mt_join_seen){.time_ns = time_ns,
                                                       .process = axis->n_processes,
                                                       .is_end = !tick,
                                                       .tick = tick ? *tick : (struct mt_tick){0}};
    return 0;
}

static int add_delta(struct mt_join_axis *axis, uint64_t time_ns, uint32_t sample, int64_t bytes,
                     int64_t blocks) {
    if (bytes == 0 && blocks == 0)
        return 0;
    if (!mt_array_reserve(&axis->deltas, &axis->deltas_capacity, axis->n_deltas + 1,
                          sizeof *axis->deltas))
        return -MEMTRACK_ENOMEM;
    axis->deltas[axis->n_deltas++] = (struct mt_join_delta){time_ns, sample, bytes, blocks};
    return 0;
}

/* Within a tick the last one counts, as in view/at.c. */
static int by_tick(const void *a, const void *b, void *context) {
    const struct mt_tick_change *changes = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (changes[x].tick != changes[y].tick)
        return changes[x].tick < changes[y].tick ? -1 : 1;
    return x < y ? -1 : x > y;
}

static uint32_t *order_of(const struct mt_profile_info *info) {
    uint32_t *order = malloc((info->n_changes + 1) * sizeof *order);
    bool is_sorted = true;
    for (size_t i = 0; order && i < info->n_changes; i++) {
        order[i] = (uint32_t)i;
        is_sorted &= i == 0 || info->changes[i].tick >= info->changes[i - 1].tick;
    }
    if (order && !is_sorted)
        qsort_r(order, info->n_changes, sizeof *order, by_tick, info->changes);
    return order;
}

struct held {
    int64_t bytes, blocks;
};

static int add_changes(struct mt_join_axis *axis, const struct mt_merge_added *added,
                       uint64_t start_ns, struct held *held) {
    const struct mt_profile_info *info = &added->from->info;
    uint32_t *order = order_of(info);
    int rc = order ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < info->n_changes; i++) {
        const struct mt_tick_change *change = &info->changes[order[i]];
        if (change->tick >= info->n_ticks || change->sample >= added->from->n_samples)
            continue;
        struct held *h = &held[change->sample];
        struct held now = {bound(change->live_bytes), bound(change->live_blocks)};
        rc =
            add_delta(axis, start_ns + smaller(info->ticks[change->tick].time_ns, MT_JOIN_MAX_NS),
                      added->samples[change->sample], now.bytes - h->bytes, now.blocks - h->blocks);
        *h = now;
    }
    free(order);
    return rc;
}

/* What was held until the end is gone with the process. */
static int add_end(struct mt_join_axis *axis, const struct mt_merge_added *added, uint64_t end_ns,
                   const struct held *held) {
    int rc = see(axis, end_ns + 1, NULL);
    for (size_t i = 0; rc == 0 && i < added->from->n_samples; i++)
        rc = add_delta(axis, end_ns + 1, added->samples[i], -held[i].bytes, -held[i].blocks);
    return rc;
}

static bool has_held_something(const struct mt_profile_info *info) {
    for (size_t i = 0; i < info->n_ticks; i++)
        if (info->ticks[i].live_bytes)
            return true;
    return info->n_ticks == 0 && info->totals.peak_bytes;
}

int mt_join_axis_add(struct mt_join_axis *axis, const struct mt_merge_added *added,
                     uint64_t start_ns) {
    const struct mt_profile_info *info = &added->from->info;
    struct held *held = calloc(added->from->n_samples + 1, sizeof *held);
    uint64_t end_ns = start_ns + smaller(info->duration_ns, MT_JOIN_MAX_NS);
    int rc = held ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < info->n_ticks; i++) {
        uint64_t time_ns = start_ns + smaller(info->ticks[i].time_ns, MT_JOIN_MAX_NS);
        end_ns = time_ns > end_ns ? time_ns : end_ns;
        rc = see(axis, time_ns, &info->ticks[i]);
    }
    if (rc == 0)
        rc = add_changes(axis, added, start_ns, held);
    if (rc == 0 && !info->running && info->n_ticks)
        rc = add_end(axis, added, end_ns, held);
    axis->n_without += info->n_changes == 0 && has_held_something(info);
    axis->interval_ns =
        info->tick_interval_ns > axis->interval_ns ? info->tick_interval_ns : axis->interval_ns;
    axis->n_processes++;
    free(held);
    return rc;
}

/* ---- the sum --------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    const struct mt_join_seen *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->process < y->process ? -1 : x->process > y->process;
}

static int deltas_by_time(const void *a, const void *b) {
    const struct mt_join_delta *x = a, *y = b;
    return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* Whether what costs more than RSS was read at a tick. */
static bool was_asked(const struct mt_tick *tick) {
    return tick->pss_bytes || tick->swap_bytes || tick->uss_bytes;
}

/* What was not read is as it was read last. */
static struct mt_tick carry(const struct mt_tick *tick, const struct mt_tick *before) {
    struct mt_tick now = *tick;
    now.live_bytes = bound(now.live_bytes);
    if (now.rss_bytes == 0)
        now.rss_bytes = before->rss_bytes;
    if (now.anon_bytes == 0)
        now.anon_bytes = before->anon_bytes;
    if (!was_asked(tick)) {
        now.pss_bytes = before->pss_bytes;
        now.swap_bytes = before->swap_bytes;
        now.uss_bytes = before->uss_bytes;
    }
    return now;
}

/* Differences wrap around, and sums of them come back. */
static void replace(struct mt_tick *sum, const struct mt_tick *before, const struct mt_tick *now) {
    sum->live_bytes = (int64_t)((uint64_t)sum->live_bytes - (uint64_t)before->live_bytes +
                                (uint64_t)now->live_bytes);
    sum->total_blocks += now->total_blocks - before->total_blocks;
    sum->rss_bytes += now->rss_bytes - before->rss_bytes;
    sum->pss_bytes += now->pss_bytes - before->pss_bytes;
    sum->swap_bytes += now->swap_bytes - before->swap_bytes;
    sum->uss_bytes += now->uss_bytes - before->uss_bytes;
    sum->anon_bytes += now->anon_bytes - before->anon_bytes;
}

/* Writes the ticks of the sum. PSS, USS and swap are there where one of the processes was asked. */
static size_t sweep(const struct mt_join_axis *axis, uint64_t origin_ns, uint64_t end_ns,
                    struct mt_tick *latest, struct mt_tick *ticks) {
    struct mt_tick sum = {0};
    bool is_asked = false;
    size_t n = 0;
    for (size_t i = 0; i < axis->n_seen; i++) {
        const struct mt_join_seen *seen = &axis->seen[i];
        struct mt_tick *before = &latest[seen->process], now = {0};
        if (seen->time_ns > end_ns)
            break; /* the end of the last one is that of the recording */
        if (!seen->is_end)
            now = carry(&seen->tick, before);
        else /* what it had allocated stays allocated */
            now.total_blocks = before->total_blocks;
        is_asked |= was_asked(&seen->tick);
        replace(&sum, before, &now);
        *before = now;
        if (i + 1 < axis->n_seen && axis->seen[i + 1].time_ns == seen->time_ns)
            continue;
        sum.time_ns = seen->time_ns - origin_ns;
        ticks[n] = sum;
        if (!is_asked)
            ticks[n].pss_bytes = ticks[n].swap_bytes = ticks[n].uss_bytes = 0;
        n++;
        is_asked = false;
    }
    return n;
}

/* Keeps the highest of each equal part of the time, and the last tick. */
static size_t thin(struct mt_tick *ticks, size_t n) {
    size_t kept = 0;
    if (n <= MAX_TICKS)
        return n;
    uint64_t part = ticks[n - 1].time_ns / (MAX_TICKS - 2) + 1;
    for (size_t i = 0; i < n; i++) {
        bool is_same =
            kept && i + 1 < n && ticks[kept - 1].time_ns / part == ticks[i].time_ns / part;
        if (!is_same)
            ticks[kept++] = ticks[i];
        else if (ticks[i].live_bytes > ticks[kept - 1].live_bytes)
            ticks[kept - 1] = ticks[i];
    }
    return kept;
}

/* ---- compositions ---------------------------------------------------------------------------- */

struct replay {
    struct held *held;  /* of the samples */
    uint32_t *dirty_in; /* the tick in which it last changed, plus 1 */
    uint32_t *dirty;
    size_t n_dirty;
};

static void emit(struct replay *r, struct mt_profile_info *info, uint32_t tick) {
    for (size_t i = 0; i < r->n_dirty; i++)
        info->changes[info->n_changes++] = (struct mt_tick_change){
            .tick = tick,
            .sample = r->dirty[i],
            .live_bytes = r->held[r->dirty[i]].bytes,
            .live_blocks = r->held[r->dirty[i]].blocks,
        };
    r->n_dirty = 0;
}

static void replay(struct replay *r, const struct mt_join_axis *axis, uint64_t origin_ns,
                   struct mt_profile_info *info) {
    uint32_t tick = 0;
    for (size_t i = 0; i < axis->n_deltas; i++) {
        const struct mt_join_delta *delta = &axis->deltas[i];
        uint64_t time_ns = delta->time_ns - origin_ns;
        if (tick + 1u == info->n_ticks && time_ns > info->ticks[tick].time_ns)
            break; /* after the end */
        if (info->ticks[tick].time_ns < time_ns)
            emit(r, info, tick);
        while (tick + 1u < info->n_ticks && info->ticks[tick].time_ns < time_ns)
            tick++;
        if (info->ticks[tick].time_ns < time_ns)
            break;
        struct held *held = &r->held[delta->sample];
        held->bytes = (int64_t)((uint64_t)held->bytes + (uint64_t)delta->bytes);
        held->blocks = (int64_t)((uint64_t)held->blocks + (uint64_t)delta->blocks);
        if (r->dirty_in[delta->sample] != tick + 1) {
            r->dirty_in[delta->sample] = tick + 1;
            r->dirty[r->n_dirty++] = delta->sample;
        }
    }
    emit(r, info, tick);
}

static int give_changes(struct mt_join_axis *axis, uint64_t origin_ns, struct mt_profile *into) {
    struct replay r = {.held = calloc(into->n_samples + 1, sizeof *r.held),
                       .dirty_in = calloc(into->n_samples + 1, sizeof *r.dirty_in),
                       .dirty = calloc(into->n_samples + 1, sizeof *r.dirty)};
    into->info.changes = calloc(axis->n_deltas + 1, sizeof *into->info.changes);
    bool made = r.held && r.dirty_in && r.dirty && into->info.changes;
    if (made && axis->n_deltas && into->info.n_ticks) {
        qsort(axis->deltas, axis->n_deltas, sizeof *axis->deltas, deltas_by_time);
        replay(&r, axis, origin_ns, &into->info);
    }
    free(r.held);
    free(r.dirty_in);
    free(r.dirty);
    return made ? 0 : -MEMTRACK_ENOMEM;
}

static int note_without(const struct mt_join_axis *axis, struct mt_profile *into) {
    char text[160];
    if (axis->n_without == 0)
        return 0;
    snprintf(text, sizeof text,
             "%u of %u processes ended before their composition was read, or keep none: at past "
             "moments they are missing",
             axis->n_without, axis->n_processes);
    return mt_profile_add_note(into, text);
}

int mt_join_axis_finish(struct mt_join_axis *axis, uint64_t origin_ns, uint64_t end_ns,
                        struct mt_profile *into) {
    struct mt_profile_info *info = &into->info;
    struct mt_tick *latest = calloc(axis->n_processes + 1, sizeof *latest);
    info->ticks = calloc(axis->n_seen + 1, sizeof *info->ticks);
    if (!latest || !info->ticks) {
        free(latest);
        return -MEMTRACK_ENOMEM;
    }
    if (axis->n_seen)
        qsort(axis->seen, axis->n_seen, sizeof *axis->seen, by_time);
    info->n_ticks = thin(info->ticks, sweep(axis, origin_ns, end_ns, latest, info->ticks));
    info->tick_interval_ns = axis->interval_ns;
    free(latest);
    int rc = give_changes(axis, origin_ns, into);
    return rc == 0 ? note_without(axis, into) : rc;
}

void mt_join_axis_free(struct mt_join_axis *axis) {
    free(axis->seen);
    free(axis->deltas);
    *axis = (struct mt_join_axis){0};
}
