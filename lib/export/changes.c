/* SPDX-License-Identifier: MIT */
/* A profile may have its changes in any order, and ticks too: a view takes them as they come
 * (view/at.c), but who adds up what was live from moment to moment needs them one after the other. */
#include "export/changes.h"

#include <stdlib.h>

static int by_time(const void *a, const void *b) {
    const struct mt_change *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    if (x->change->tick != y->change->tick)
        return x->change->tick < y->change->tick ? -1 : 1;
    return x->change < y->change ? -1 : x->change > y->change;
}

bool mt_changes_sort(const struct mt_profile *profile, struct mt_change **changes, size_t *n) {
    const struct mt_profile_info *info = &profile->info;
    *n = 0;
    *changes = malloc((info->n_changes + 1) * sizeof **changes);
    for (size_t i = 0; *changes && i < info->n_changes; i++) {
        const struct mt_tick_change *change = &info->changes[i];
        if (change->tick < info->n_ticks && change->sample < profile->n_samples)
            (*changes)[(*n)++] = (struct mt_change){info->ticks[change->tick].time_ns, change};
    }
    if (*changes)
        qsort(*changes, *n, sizeof **changes, by_time);
    return *changes != NULL;
}
