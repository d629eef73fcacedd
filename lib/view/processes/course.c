/* SPDX-License-Identifier: MIT */
/*
 * A process holds from one tick to the next what it held at the first, and from the time of its
 * peak on its peak. It counts from its start to the last moment at which it was seen running, and
 * not to that at which its end was noticed: processes that follow one another would overlap by a
 * tick, and a sum of what never was there together would be called a peak. One that was never seen
 * at a tick counts at a single moment, with its peak. So the sum is within one tick of the truth,
 * and it errs by leaving out.
 *
 * Steps of all processes are kept and sorted at the end. A step is 24 bytes, and a process has no
 * more of them than its axis has ticks (watch/ticker.c), and no step where nothing changed.
 *
 * Rejected: a fixed number of slots in each of which the highest of each process is added up (in a
 * long run hundreds of compilers follow one another within a slot).
 */
#include "view/processes/course.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"

struct mt_processes_step {
    uint64_t time_ns;
    int64_t change_bytes;
    int32_t change_processes;
};

struct writer {
    struct mt_processes_course *course;
    int64_t bytes;
    bool failed;
};

static void step(struct writer *w, uint64_t time_ns, int64_t bytes, int32_t change_processes) {
    struct mt_processes_course *c = w->course;
    if (bytes == w->bytes && change_processes == 0)
        return;
    if (!mt_array_reserve(&c->steps, &c->capacity, c->n + 1, sizeof *c->steps)) {
        w->failed = true;
        return;
    }
    c->steps[c->n++] = (struct mt_processes_step){time_ns, bytes - w->bytes, change_processes};
    w->bytes = bytes;
}

/* Returns when it had its peak, not after it was seen for the last time. */
static uint64_t peak_time(const struct mt_processes_life *life, uint64_t last_ns) {
    return life->peak_time_known && life->peak_ns < last_ns ? life->peak_ns : last_ns;
}

int mt_processes_course_add(struct mt_processes_course *course,
                            const struct mt_processes_life *life, const struct mt_tick *ticks,
                            size_t n) {
    uint64_t last_ns = n ? ticks[n - 1].time_ns : 0, peak_ns = peak_time(life, last_ns);
    struct writer w = {.course = course};
    int64_t peak = life->peak_bytes < INT64_MAX ? (int64_t)life->peak_bytes : INT64_MAX;
    size_t i = 0;
    step(&w, life->start_ns, 0, 1);
    for (; i < n && ticks[i].time_ns < peak_ns; i++)
        step(&w, life->start_ns + ticks[i].time_ns, ticks[i].live_bytes, 0);
    step(&w, life->start_ns + peak_ns, peak, 0);
    while (i < n && ticks[i].time_ns == peak_ns)
        i++;
    for (; i < n; i++)
        step(&w, life->start_ns + ticks[i].time_ns, ticks[i].live_bytes, 0);
    step(&w, life->start_ns + last_ns + 1, 0, -1);
    return w.failed ? -MEMTRACK_ENOMEM : 0;
}

static int by_time(const void *a, const void *b) {
    const struct mt_processes_step *x = a, *y = b;
    return x->time_ns > y->time_ns ? 1 : x->time_ns < y->time_ns ? -1 : 0;
}

struct sum {
    int64_t bytes;
    int32_t n_processes;
};

/* Adds the steps of the same moment; returns the index of the first one after them. */
static size_t take_moment(const struct mt_processes_course *course, size_t i, struct sum *sum) {
    uint64_t time_ns = course->steps[i].time_ns;
    for (; i < course->n && course->steps[i].time_ns == time_ns; i++) {
        sum->bytes += course->steps[i].change_bytes;
        sum->n_processes += course->steps[i].change_processes;
    }
    return i;
}

/* Raises the points of [from_ns, to_ns), in which so many bytes were live. */
static void raise_points(struct mt_processes *p, uint64_t from_ns, uint64_t to_ns, uint64_t span_ns,
                         uint64_t bytes) {
    size_t first = (size_t)((double)from_ns / (double)span_ns * MT_PROCESSES_POINTS),
           last = (size_t)((double)(to_ns ? to_ns - 1 : 0) / (double)span_ns * MT_PROCESSES_POINTS);
    for (size_t i = first; i <= last && i < p->n_points; i++)
        if (bytes > p->points[i].bytes)
            p->points[i].bytes = bytes;
}

static void note_peak(struct mt_processes *p, const struct sum *sum, uint64_t time_ns) {
    if (p->peak_known && (uint64_t)sum->bytes <= p->peak_bytes)
        return;
    p->peak_known = true;
    p->peak_bytes = (uint64_t)sum->bytes;
    p->peak_ns = time_ns;
    p->n_at_peak = sum->n_processes > 0 ? (uint32_t)sum->n_processes : 0;
}

static void add_up(const struct mt_processes_course *course, uint64_t origin_ns, uint64_t span_ns,
                   struct mt_processes *processes) {
    struct sum sum = {0, 0};
    for (size_t i = 0; i < course->n;) {
        uint64_t at = course->steps[i].time_ns, next;
        i = take_moment(course, i, &sum);
        next = i < course->n ? course->steps[i].time_ns : at + 1;
        at = at > origin_ns ? at - origin_ns : 0;
        next = next > origin_ns ? next - origin_ns : 0;
        if (sum.bytes < 0)
            continue; /* cannot be, but it would be no number of bytes */
        note_peak(processes, &sum, at);
        raise_points(processes, at, next > at ? next : at + 1, span_ns, (uint64_t)sum.bytes);
    }
}

int mt_processes_course_finish(struct mt_processes_course *course, uint64_t origin_ns,
                               struct mt_processes *processes) {
    if (course->n == 0)
        return 0;
    processes->points = calloc(MT_PROCESSES_POINTS, sizeof *processes->points);
    if (!processes->points)
        return -MEMTRACK_ENOMEM;
    processes->n_points = MT_PROCESSES_POINTS;
    qsort(course->steps, course->n, sizeof *course->steps, by_time);
    uint64_t end_ns = course->steps[course->n - 1].time_ns, span_ns = processes->duration_ns;
    if (end_ns > origin_ns && end_ns - origin_ns > span_ns)
        span_ns = end_ns - origin_ns;
    if (span_ns == 0)
        span_ns = 1;
    for (size_t i = 0; i < processes->n_points; i++)
        processes->points[i].time_ns =
            (uint64_t)((double)span_ns / MT_PROCESSES_POINTS * (double)i);
    add_up(course, origin_ns, span_ns, processes);
    return 0;
}

void mt_processes_course_free(struct mt_processes_course *course) {
    free(course->steps);
    *course = (struct mt_processes_course){0};
}
