/* SPDX-License-Identifier: MIT */
/*
 * Which profiles belong together is read from pids and times. A pid is given to another process
 * when its owner is gone, so a parent must have been there when the child began; among several that
 * may be it, the one that began last is.
 */
#include "view/timeline/family.h"

#include <stdint.h>
#include <string.h>

/* Between the clocks of two processes, and from fork to the first allocation. */
#define SLACK_NS UINT64_C(50000000)

static bool lives_at(const struct mt_profile_info *info, uint64_t time_ns) {
    uint64_t end = info->start_time_ns + info->duration_ns;
    return time_ns + SLACK_NS >= info->start_time_ns &&
           (end < info->start_time_ns || time_ns <= end + SLACK_NS);
}

size_t mt_timeline_family_parent(const struct mt_profile *const *profiles, size_t n, size_t child) {
    const struct mt_profile_info *c = &profiles[child]->info;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct mt_profile_info *p = &profiles[i]->info;
        bool is_same =
            p->pid == c->pid && p->start_time_ns < c->start_time_ns; /* executed another program */
        bool is_parent = p->pid == c->ppid && p->pid != c->pid &&
                         p->start_time_ns <= c->start_time_ns + SLACK_NS;
        if (i == child || !p->is_memtrack || !(is_same || is_parent) ||
            !lives_at(p, c->start_time_ns))
            continue;
        if (best == SIZE_MAX || is_same || p->start_time_ns > profiles[best]->info.start_time_ns)
            best = i;
    }
    return best;
}

void mt_timeline_family(const struct mt_profile *const *profiles, size_t n, bool *is_member) {
    size_t root = 0;
    memset(is_member, 0, n * sizeof *is_member);
    for (size_t i = 1; i < n; i++)
        if (profiles[i]->info.start_time_ns > profiles[root]->info.start_time_ns)
            root = i;
    for (size_t step = 0; step < n; step++) { /* at most n generations, whatever the pids say */
        size_t parent = mt_timeline_family_parent(profiles, n, root);
        if (parent == SIZE_MAX)
            break;
        root = parent;
    }
    if (n)
        is_member[root] = true;
    for (bool grown = n > 0; grown;) {
        grown = false;
        for (size_t i = 0; i < n; i++) {
            size_t parent = is_member[i] ? SIZE_MAX : mt_timeline_family_parent(profiles, n, i);
            if (parent != SIZE_MAX && is_member[parent])
                grown = is_member[i] = true;
        }
    }
}

/* Returns whether a is later in the same recording, or as late and with more to show. */
static bool goes_further(const struct mt_profile_info *a, const struct mt_profile_info *b) {
    return a->duration_ns != b->duration_ns ? a->duration_ns > b->duration_ns
                                            : a->n_ticks > b->n_ticks;
}

static bool is_same_recording(const struct mt_profile_info *a, const struct mt_profile_info *b) {
    return a->is_memtrack && b->is_memtrack && a->pid == b->pid &&
           a->start_time_ns == b->start_time_ns;
}

size_t mt_timeline_family_earlier(const struct mt_profile *const *profiles, size_t n,
                                  bool *is_earlier) {
    size_t found = 0;
    memset(is_earlier, 0, n * sizeof *is_earlier);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i && !is_earlier[i]; k++) {
            if (is_earlier[k] || !is_same_recording(&profiles[i]->info, &profiles[k]->info))
                continue;
            is_earlier[goes_further(&profiles[i]->info, &profiles[k]->info) ? k : i] = true;
            found++;
        }
    return found;
}
