/* SPDX-License-Identifier: MIT */
/*
 * An end that is noticed at a tick is taken to be at the time of the tick, which began before
 * somebody looked at this process: on a busy machine, it may have told more in between. Its scopes
 * would then lie behind its end.
 *
 * A time that has not come yet is no time of the process: a measurement that was taken elsewhere
 * may be longer than it lived, and a ledger may hold anything.
 */
#include "watch/lasted.h"

#include <stddef.h>

static uint64_t later(uint64_t last, uint64_t begin, uint64_t duration, uint64_t most) {
    return begin <= most && duration <= most - begin && begin + duration > last ? begin + duration
                                                                                : last;
}

uint64_t mt_lasted_ns(const struct mt_profile_info *info, uint64_t most_ns) {
    const struct mt_scopes *scopes = &info->scopes;
    uint64_t last = 0;
    for (size_t i = 0; i < scopes->n_events; i++)
        last = later(last, scopes->events[i].time_ns, scopes->events[i].duration_ns, most_ns);
    for (size_t i = 0; i < scopes->n_counters; i++)
        last = later(last, scopes->counters[i].time_ns, 0, most_ns);
    for (size_t i = 0; i < info->n_marks; i++)
        last = later(last, info->marks[i].time_ns, 0, most_ns);
    return last;
}
