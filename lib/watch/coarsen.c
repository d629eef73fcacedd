/* SPDX-License-Identifier: MIT */
/*
 * A week in a few thousand points. Equal distances would make the last minutes as coarse as the
 * first day, and those are what somebody looks at; distances in proportion to age alone would leave
 * a handful of points for the first days. So a group at age a spans min(u, a / k): u is an equal
 * share of the whole, and the share 1/k is found by bisection so that the groups are as many as
 * wanted.
 *
 *   age      now ──────────────────────────────────────────────────────────────────────────── start
 *   spans     |||||||| | | | |  |  |  |   |   |    |    |     |     |     |     |     |     |
 *                      in proportion to the age                 equal
 */
#include "watch/coarsen.h"

#include <stdbool.h>

enum { INTERVALS = 20000, BISECTIONS = 24, WIDENINGS = 32 };

/* Puts the points into groups, each of which spans at most this share of its age and at most
 * equal_ns. Returns how many groups there are. */
static size_t group_by(const uint64_t *time_ns, size_t n, uint64_t equal_ns, double share,
                       uint32_t *group) {
    uint64_t now = time_ns[n - 1], begin = time_ns[0];
    size_t n_groups = 1;
    for (size_t i = 0; i < n; i++) {
        double allowed = share < 1 ? (double)(now - begin) * share : (double)equal_ns;
        uint64_t most = allowed < (double)equal_ns ? (uint64_t)allowed : equal_ns;
        if (i && time_ns[i] - begin >= most) {
            n_groups++;
            begin = time_ns[i];
        }
        group[i] = (uint32_t)(n_groups - 1);
    }
    return n_groups;
}

static size_t by_number(size_t n, size_t want, uint32_t *group) {
    for (size_t i = 0; i < n; i++)
        group[i] = (uint32_t)(i * want / n);
    return want;
}

size_t mt_coarsen(const uint64_t *time_ns, size_t n, size_t want, uint32_t *group) {
    if (n <= want) {
        for (size_t i = 0; i < n; i++)
            group[i] = (uint32_t)i;
        return n;
    }
    uint64_t equal_ns = (time_ns[n - 1] - time_ns[0]) / want * 2 + 1;
    double low = 0, high = 1; /* with 1 every group spans equal_ns, whatever its age */
    for (int i = 0; group_by(time_ns, n, equal_ns, high, group) > want; i++) {
        if (i == WIDENINGS) /* the times do not rise */
            return by_number(n, want, group);
        equal_ns += equal_ns / 4 + 1;
    }
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;
        if (group_by(time_ns, n, equal_ns, middle, group) > want)
            low = middle;
        else
            high = middle;
    }
    return group_by(time_ns, n, equal_ns, high, group);
}

uint64_t mt_coarsen_interval(uint64_t span_ns, uint64_t base_ns, uint64_t most_ns) {
    uint64_t share = span_ns / INTERVALS;
    if (share > most_ns)
        share = most_ns;
    return share > base_ns ? share : base_ns;
}
