/* SPDX-License-Identifier: MIT */
/*
 * When the array is full a quarter of it is made free at once, so that the work per tick stays
 * constant. What stays of a group is a real tick, the highest: averages would show heaps that never
 * were, and hide the peaks that matter. PSS and swap are there at few ticks, and of a group the
 * highest reading stays with it.
 */
#include "watch/axis.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "watch/coarsen.h"

void mt_axis_init(struct mt_axis *axis, size_t max) {
    *axis = (struct mt_axis){.max = max};
}

void mt_axis_free(struct mt_axis *axis) {
    free(axis->ticks);
    axis->ticks = NULL;
    axis->n = axis->capacity = 0;
}

uint64_t mt_axis_last_ns(const struct mt_axis *axis) {
    return axis->n ? axis->ticks[axis->n - 1].time_ns : 0;
}

static int is_higher(const struct mt_tick *a, const struct mt_tick *b, bool by_rss) {
    return !by_rss && a->live_bytes != b->live_bytes ? a->live_bytes > b->live_bytes
                                                     : a->rss_bytes > b->rss_bytes;
}

static void put_together(struct mt_tick *kept, const struct mt_tick *tick, bool by_rss) {
    struct mt_tick pss = tick->pss_bytes > kept->pss_bytes ? *tick : *kept;
    if (is_higher(tick, kept, by_rss))
        *kept = *tick;
    kept->pss_bytes = pss.pss_bytes;
    kept->swap_bytes = pss.swap_bytes;
    kept->uss_bytes = pss.uss_bytes;
}

static int make_room(struct mt_axis *axis) {
    if (axis->n == 0)
        return 0;
    uint64_t *times = malloc(axis->n * (sizeof *times + sizeof(uint32_t)));
    if (!times)
        return -MEMTRACK_ENOMEM;
    uint32_t *group = (uint32_t *)(times + axis->n);
    for (size_t i = 0; i < axis->n; i++)
        times[i] = axis->ticks[i].time_ns;
    size_t n_groups = mt_coarsen(times, axis->n, axis->max - axis->max / 4, group);
    for (size_t i = 0; i < axis->n; i++) {
        struct mt_tick *kept = &axis->ticks[group[i]];
        if (i == 0 || group[i] != group[i - 1])
            *kept = axis->ticks[i];
        else
            put_together(kept, &axis->ticks[i], axis->by_rss);
    }
    axis->n = n_groups;
    free(times);
    return 0;
}

int mt_axis_add(struct mt_axis *axis, const struct mt_tick *tick) {
    if (axis->n && tick->time_ns <= mt_axis_last_ns(axis))
        axis->n--;
    if (axis->n == axis->max && make_room(axis) != 0)
        return -MEMTRACK_ENOMEM;
    if (!mt_array_reserve(&axis->ticks, &axis->capacity, axis->n + 1, sizeof *axis->ticks))
        return -MEMTRACK_ENOMEM;
    axis->ticks[axis->n++] = *tick;
    return 0;
}

void mt_axis_give(struct mt_axis *axis, uint64_t interval_ns, struct mt_profile *profile) {
    profile->info.ticks = axis->ticks;
    profile->info.n_ticks = axis->n;
    profile->info.tick_interval_ns = interval_ns;
    axis->ticks = NULL;
    axis->n = axis->capacity = 0;
}

int mt_axis_copy(const struct mt_tick *ticks, size_t n, uint64_t interval_ns,
                 struct mt_profile *profile) {
    struct mt_tick *copy = malloc((n + 1) * sizeof *copy);
    if (!copy)
        return -MEMTRACK_ENOMEM;
    if (n)
        memcpy(copy, ticks, n * sizeof *copy);
    free(profile->info.ticks);
    profile->info.ticks = copy;
    profile->info.n_ticks = n;
    profile->info.tick_interval_ns = interval_ns;
    return 0;
}
