/* SPDX-License-Identifier: MIT */
/*
 * The span grows in steps and not with every tick, so that the picture moves only sideways. Parts
 * lie on a grid of absolute time: the highest of a part does not change while it travels to the
 * left.
 */
#include "top/axis.h"

#define NS_PER_S UINT64_C(1000000000)

uint64_t mt_top_axis_span(const struct mt_axis *axis) {
    static const uint64_t seconds[] = {15, 30, 60, 120, 300};
    enum { N = sizeof seconds / sizeof *seconds };
    uint64_t covered = axis->n ? axis->ticks[axis->n - 1].time_ns - axis->ticks[0].time_ns : 0;
    for (size_t i = 0; i + 1 < N; i++)
        if (covered <= seconds[i] * NS_PER_S)
            return seconds[i] * NS_PER_S;
    return seconds[N - 1] * NS_PER_S;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* A part without ticks looks like the part to its left, and the first one like the last tick before
 * it. */
static void go_on(const struct mt_tick *before, size_t n, int64_t *heap, int64_t *rss) {
    for (size_t i = 0; i < n; i++)
        if (heap[i] < 0 && (i || before)) {
            heap[i] = i ? heap[i - 1] : before->live_bytes;
            rss[i] = i ? rss[i - 1] : (int64_t)before->rss_bytes;
        }
}

void mt_top_axis_parts(const struct mt_axis *axis, uint64_t end_ns, uint64_t span_ns, size_t n,
                       int64_t *heap, int64_t *rss) {
    uint64_t part_ns = n ? span_ns / n : 0, last = part_ns ? end_ns / part_ns : 0;
    const struct mt_tick *before = NULL;
    for (size_t i = 0; i < n; i++)
        heap[i] = rss[i] = -1;
    for (size_t i = 0; i < axis->n && part_ns; i++) {
        const struct mt_tick *tick = &axis->ticks[i];
        uint64_t part = tick->time_ns / part_ns;
        if (part > last)
            break;
        if (last - part >= n) {
            before = tick;
            continue;
        }
        size_t at = n - 1 - (size_t)(last - part);
        heap[at] = larger(heap[at], tick->live_bytes);
        rss[at] = larger(rss[at], (int64_t)tick->rss_bytes);
    }
    go_on(before, n, heap, rss);
}
