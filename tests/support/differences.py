# SPDX-License-Identifier: MIT
"""By how much two series differ, by making all differences and all orders: for few values."""
import itertools
import statistics


def by_all_differences(one, other):
    """The Hodges-Lehmann estimate and its interval, by making all differences and all orders."""
    pairs = sorted(b - a for a in one for b in other)
    n, m = len(one), len(other)
    counts = [0] * (n * m + 1)
    for places in itertools.combinations(range(n + m), n):
        counts[sum(place - i for i, place in enumerate(places))] += 1
    k, below, everything = 1, counts[0], sum(counts)
    while k < (n * m + 1) // 2 and 1 - 2 * (below + counts[k]) / everything >= 0.95:
        below += counts[k]
        k += 1
    return statistics.median(pairs), pairs[k - 1], pairs[n * m - k], 1 - 2 * below / everything
