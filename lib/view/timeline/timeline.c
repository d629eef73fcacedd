/* SPDX-License-Identifier: MIT */
/*
 * A course is made of the ticks of a profile, sorted, with one point more at the peak that the
 * tracker recorded: it seldom falls on a tick, and a chart without it would contradict the summary.
 * In a process that ended between two ticks it is all there is to see.
 *
 * The sum is swept over the points of all courses in time order. Each process counts with the
 * figures of its latest point, and no more once it has ended. Where that gives more points than
 * anybody can use, the highest of each equal part of the time stays; the peak of the sum is found
 * before.
 *
 * RSS adds up shared pages once for every process that maps them; PSS does not. Nor is PSS read at
 * every tick, since the kernel walks all page tables for it: it is shown where it was read. A
 * reading that is drawn on to the next one, or to the end, is a figure that nobody has seen. Only a
 * sum takes the latest of each process, at the moments at which one of them was read.
 */
#include "view/timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "view/timeline/family.h"

enum { MAX_SUM_POINTS = 8000 };
#define MAX_TIME_NS (UINT64_C(1) << 60) /* 36 years: sums of two stay in range */
/* Of an address space: sums of all processes that there can be stay in range. */
#define MAX_VALUE (UINT64_C(1) << 47)

const char *const mt_timeline_series_keys[MT_N_SERIES] = {"live_bytes", "rss_bytes",  "pss_bytes",
                                                          "swap_bytes", "anon_bytes", "uss_bytes"};
const char *const mt_timeline_series_labels[MT_N_SERIES] = {
    "heap (live)", "RSS", "PSS", "swap", "RSS without files", "USS"};

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* ---- one process ----------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    const struct mt_point *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->is_peak - y->is_peak;
}

bool mt_timeline_is_sparse(enum mt_series series) {
    return series == MT_SERIES_PSS || series == MT_SERIES_SWAP || series == MT_SERIES_USS;
}

static struct mt_point point_of(const struct mt_tick *tick, uint64_t start_ns, bool is_watched) {
    bool has_pss = tick->pss_bytes != 0, has_swap = has_pss || tick->swap_bytes != 0;
    return (struct mt_point){
        .time_ns = start_ns + smaller(tick->time_ns, MAX_TIME_NS),
        .value = {[MT_SERIES_LIVE] =
                      tick->live_bytes > 0 ? smaller((uint64_t)tick->live_bytes, MAX_VALUE) : 0,
                  [MT_SERIES_RSS] = smaller(tick->rss_bytes, MAX_VALUE),
                  [MT_SERIES_PSS] = smaller(tick->pss_bytes, MAX_VALUE),
                  [MT_SERIES_SWAP] = smaller(tick->swap_bytes, MAX_VALUE),
                  [MT_SERIES_ANON] = smaller(tick->anon_bytes, MAX_VALUE),
                  [MT_SERIES_USS] = smaller(tick->uss_bytes, MAX_VALUE)},
        .is_read = {[MT_SERIES_LIVE] = !is_watched || tick->live_bytes > 0,
                    [MT_SERIES_RSS] = tick->rss_bytes != 0,
                    [MT_SERIES_PSS] = has_pss,
                    [MT_SERIES_SWAP] = has_swap,
                    [MT_SERIES_ANON] = tick->anon_bytes != 0,
                    [MT_SERIES_USS] = tick->uss_bytes != 0},
        .is_watched = is_watched,
        .total_blocks = tick->total_blocks,
        .n_processes = 1,
    };
}

/* What was not read is taken as last read: at the peak, and at the last tick, which is taken
 * from the ledger when the process has no memory any more. */
static void carry_usage(struct mt_course *course) {
    for (size_t i = 1; i < course->n_points; i++) {
        struct mt_point *point = &course->points[i];
        bool is_last = i + 1 == course->n_points;
        for (size_t s = MT_SERIES_RSS; s < MT_N_SERIES; s++)
            if (!point->is_read[s] &&
                (point->is_peak || is_last || mt_timeline_is_sparse((enum mt_series)s)))
                point->value[s] = point[-1].value[s];
        if (point->is_peak)
            point->total_blocks = point[-1].total_blocks;
    }
}

static void measure(struct mt_course *course) {
    uint64_t last_ns = 0;
    size_t n = 0;
    for (size_t i = 0; i < course->n_points; i++) {
        const struct mt_point *point = &course->points[i];
        for (size_t s = 0; s < MT_N_SERIES; s++)
            if (point->is_read[s]) {
                course->has[s] = true;
                course->highest[s] =
                    point->value[s] > course->highest[s] ? point->value[s] : course->highest[s];
            }
        if (point->is_peak)
            continue;
        uint64_t gap = point->time_ns - last_ns;
        if (n && (n == 1 || gap < course->finest_ns))
            course->finest_ns = gap;
        if (n && gap > course->coarsest_ns)
            course->coarsest_ns = gap;
        last_ns = point->time_ns;
        n++;
    }
    course->n_ticks = n;
}

/* A spike between two ticks has a height, which the kernel keeps, and no time. */
static void take_watched_peak(struct mt_course *course) {
    for (size_t i = 0; i < course->n_points; i++)
        if (course->points[i].value[MT_SERIES_RSS] > course->peak_bytes) {
            course->peak_bytes = course->points[i].value[MT_SERIES_RSS];
            course->peak_ns = course->points[i].time_ns;
            course->peak_time_known = true;
        }
}

static void take_peak(struct mt_course *course) {
    const struct mt_profile_info *info = &course->profile->info;
    if (info->watched) {
        take_watched_peak(course);
        return;
    }
    course->peak_bytes = smaller(info->totals.peak_bytes, MAX_VALUE);
    course->peak_time_known = info->peak_time_known;
    if (info->peak_time_known) {
        course->peak_ns = course->start_ns + smaller(info->peak_time_ns, MAX_TIME_NS);
        course->peak_error_ns = smaller(info->peak_time_error_ns, MAX_TIME_NS);
        course->points[course->n_points++] = (struct mt_point){.time_ns = course->peak_ns,
                                                               .value = {course->peak_bytes},
                                                               .is_read = {true},
                                                               .n_processes = 1,
                                                               .is_peak = true};
        return;
    }
    for (size_t i = 0; i < course->n_points; i++)
        if (course->points[i].value[MT_SERIES_LIVE] > course->peak_bytes)
            course->peak_bytes = course->points[i].value[MT_SERIES_LIVE];
}

static int make_course(const struct mt_profile *profile, uint64_t start_ns,
                       struct mt_course *course) {
    const struct mt_profile_info *info = &profile->info;
    *course = (struct mt_course){.profile = profile,
                                 .parent = SIZE_MAX,
                                 .start_ns = start_ns,
                                 .end_ns = start_ns,
                                 .main = info->watched ? MT_SERIES_RSS : MT_SERIES_LIVE};
    course->points = calloc(info->n_ticks + 1, sizeof *course->points);
    if (!course->points)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < info->n_ticks; i++)
        course->points[course->n_points++] = point_of(&info->ticks[i], start_ns, info->watched);
    if (course->n_points)
        take_peak(course);
    qsort(course->points, course->n_points, sizeof *course->points, by_time);
    carry_usage(course);
    measure(course);
    if (info->watched && profile->n_members == 0 && /* of a tree it is that of one process */
        info->peak_rss_bytes > course->highest[MT_SERIES_RSS])
        course->highest[MT_SERIES_RSS] = smaller(info->peak_rss_bytes, MAX_VALUE);
    if (course->n_points)
        course->end_ns = course->points[course->n_points - 1].time_ns;
    uint64_t end_ns = start_ns + smaller(info->duration_ns, MAX_TIME_NS);
    if (end_ns > course->end_ns)
        course->end_ns = end_ns;
    return 0;
}

/* ---- several --------------------------------------------------------------------------------- */

struct event {
    uint64_t time_ns;
    size_t course;
    const struct mt_point *point; /* NULL: the process ends */
};

static int compare_events(const void *a, const void *b) {
    const struct event *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return !x->point - !y->point; /* ends come after what else happens at that time */
}

static struct event *list_events(const struct mt_timeline *t, size_t *n) {
    size_t most = 0;
    for (size_t i = 0; i < t->n_courses; i++)
        most += t->courses[i].n_points + 1;
    struct event *events = calloc(most + 1, sizeof *events);
    *n = 0;
    for (size_t i = 0; events && i < t->n_courses; i++) {
        const struct mt_course *course = &t->courses[i];
        for (size_t k = 0; k < course->n_points; k++)
            events[(*n)++] = (struct event){course->points[k].time_ns, i, &course->points[k]};
        events[(*n)++] = (struct event){course->end_ns, i, NULL};
    }
    if (events)
        qsort(events, *n, sizeof *events, compare_events);
    return events;
}

static void add_values(struct mt_point *sum, const struct mt_point *point, bool subtract) {
    for (size_t s = 0; s < MT_N_SERIES; s++)
        sum->value[s] += subtract ? -point->value[s] : point->value[s];
    sum->n_processes += subtract ? UINT32_MAX : 1;
}

/* When two points are put together, the one with the higher heap stays, and with it the readings
 * of both. */
static void put_together(struct mt_point *kept, const struct mt_point *point, enum mt_series main) {
    struct mt_point other = *point;
    if (point->value[main] >= kept->value[main]) {
        other = *kept;
        *kept = *point;
    }
    for (size_t s = 0; s < MT_N_SERIES; s++)
        if (!kept->is_read[s] && other.is_read[s]) {
            kept->value[s] = other.value[s];
            kept->is_read[s] = true;
        }
}

/* Keeps the highest heap of each equal part of the time. */
static void thin_sum(struct mt_course *sum) {
    uint64_t part = (sum->end_ns - sum->start_ns) / (MAX_SUM_POINTS - 1) + 1;
    size_t kept = 0;
    if (sum->n_points <= MAX_SUM_POINTS)
        return;
    for (size_t i = 0; i < sum->n_points; i++) {
        const struct mt_point *point = &sum->points[i];
        bool same = kept && sum->points[kept - 1].time_ns / part == point->time_ns / part;
        if (same)
            put_together(&sum->points[kept - 1], point, sum->main);
        else
            sum->points[kept++] = *point;
    }
    sum->n_points = kept;
}

static void sweep(struct mt_timeline *t, const struct event *events, size_t n,
                  struct mt_point *latest) {
    struct mt_course *sum = &t->sum;
    struct mt_point now = {0};
    for (size_t i = 0; i < n; i++) {
        const struct event *event = &events[i];
        struct mt_point *before = &latest[event->course];
        if (before->n_processes)
            add_values(&now, before, true);
        if (event->point)
            add_values(&now, event->point, false);
        *before = event->point ? *event->point : (struct mt_point){0};
        now.time_ns = event->time_ns;
        now.is_read[MT_SERIES_LIVE] = sum->main == MT_SERIES_LIVE || now.value[MT_SERIES_LIVE] != 0;
        for (size_t s = MT_SERIES_RSS; s < MT_N_SERIES;
             s++) /* what is as last read of all others is read, once one is */
            now.is_read[s] |= (event->point && event->point->is_read[s]) ||
                              (!mt_timeline_is_sparse((enum mt_series)s) && now.value[s] != 0);
        if (now.value[sum->main] > sum->peak_bytes) {
            sum->peak_bytes = now.value[sum->main];
            sum->peak_ns = now.time_ns;
            sum->peak_time_known = true;
        }
        if (i + 1 < n && events[i + 1].time_ns == event->time_ns)
            continue;
        sum->points[sum->n_points++] = now;
        memset(now.is_read, 0, sizeof now.is_read);
    }
}

/* The heap, if that of any is known. */
static enum mt_series main_of(const struct mt_timeline *t) {
    for (size_t i = 0; i < t->n_courses; i++)
        if (t->courses[i].main == MT_SERIES_LIVE)
            return MT_SERIES_LIVE;
    return MT_SERIES_RSS;
}

static int add_up(struct mt_timeline *t) {
    struct mt_course *sum = &t->sum;
    size_t n_events;
    struct event *events = list_events(t, &n_events);
    struct mt_point *latest = calloc(t->n_courses, sizeof *latest);
    sum->points = calloc(n_events + 1, sizeof *sum->points);
    int rc = events && latest && sum->points ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        *sum = (struct mt_course){.points = sum->points,
                                  .parent = SIZE_MAX,
                                  .end_ns = t->duration_ns,
                                  .main = main_of(t)};
        sweep(t, events, n_events, latest);
        thin_sum(sum);
        measure(sum);
    }
    free(events);
    free(latest);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b) {
    const struct mt_profile_info *x = &(*(const struct mt_profile *const *)a)->info;
    const struct mt_profile_info *y = &(*(const struct mt_profile *const *)b)->info;
    if (x->start_time_ns != y->start_time_ns)
        return x->start_time_ns < y->start_time_ns ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int by_mark_time(const void *a, const void *b) {
    const struct mt_timeline_mark *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->course < y->course ? -1 : x->course > y->course;
}

static void add_marks(struct mt_timeline *t, const struct mt_profile *profile, uint64_t start_ns,
                      size_t course) {
    for (size_t k = 0; k < profile->info.n_marks; k++) {
        const struct mt_mark *mark = &profile->info.marks[k];
        t->marks[t->n_marks++] = (struct mt_timeline_mark){
            .time_ns = start_ns + smaller(mark->time_ns, MAX_TIME_NS),
            .name = mt_profile_text(profile, mark->name),
            .kind = mark->kind,
            .course = course,
        };
    }
}

/* Those of a whole tree are shown with its first process. */
static int collect_marks(struct mt_timeline *t, const struct mt_profile *whole) {
    size_t most = whole ? whole->info.n_marks : 0;
    for (size_t i = 0; i < t->n_courses; i++)
        most += t->courses[i].profile->info.n_marks;
    t->marks = calloc(most + 1, sizeof *t->marks);
    if (!t->marks)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < t->n_courses; i++)
        add_marks(t, t->courses[i].profile, t->courses[i].start_ns, i);
    if (whole)
        add_marks(t, whole, 0, 0);
    qsort(t->marks, t->n_marks, sizeof *t->marks, by_mark_time);
    return 0;
}

enum clock { OF_ALL, OF_EACH };

static int fill(struct mt_timeline *t, const struct mt_profile **sorted, size_t n,
                enum clock clock) {
    t->courses = calloc(n + 1, sizeof *t->courses);
    if (!t->courses)
        return -MEMTRACK_ENOMEM;
    t->start_time_ns = n != 0 ? sorted[0]->info.start_time_ns : 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t start_ns =
            clock == OF_EACH
                ? 0
                : smaller(sorted[i]->info.start_time_ns - t->start_time_ns, MAX_TIME_NS);
        int rc = make_course(sorted[i], start_ns, &t->courses[t->n_courses++]);
        if (rc != 0)
            return rc;
        t->courses[i].parent =
            clock == OF_EACH ? SIZE_MAX : mt_timeline_family_parent(sorted, n, i);
        if (t->courses[i].end_ns > t->duration_ns)
            t->duration_ns = t->courses[i].end_ns;
    }
    return 0;
}

static void choose_series(struct mt_timeline *t) {
    t->beside = MT_SERIES_LIVE;
    for (size_t i = 0; i < t->n_courses; i++)
        if (t->courses[i].main == MT_SERIES_RSS)
            t->beside = MT_SERIES_RSS;
    for (size_t i = 0; i < t->n_courses; i++) {
        struct mt_course *course = &t->courses[i];
        course->beside_peak_bytes =
            course->main == t->beside ? course->peak_bytes : course->highest[t->beside];
    }
}

/* Counts the processes that ran at each point of a sum that was taken as one. */
static int count_processes(struct mt_timeline *t) {
    struct event *events = calloc(2 * t->n_courses + 1, sizeof *events);
    static const struct mt_point begins;
    size_t n = 0, next = 0;
    uint32_t running = 0;
    if (!events)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < t->n_courses; i++) {
        events[n++] = (struct event){t->courses[i].start_ns, i, &begins};
        events[n++] = (struct event){t->courses[i].end_ns, i, NULL};
    }
    qsort(events, n, sizeof *events, compare_events);
    for (size_t i = 0; i < t->sum.n_points; i++) {
        struct mt_point *point = &t->sum.points[i];
        for (; next < n && (events[next].time_ns < point->time_ns ||
                            (events[next].point && events[next].time_ns == point->time_ns));
             next++)
            running += events[next].point ? 1 : UINT32_MAX;
        point->n_processes = running;
    }
    free(events);
    return 0;
}

/* The sum was taken when all of its processes were looked at, and is not made from those again. */
static int take_sum(struct mt_timeline *t, const struct mt_profile *whole) {
    uint64_t start_ns = whole->info.start_time_ns > t->start_time_ns
                            ? smaller(whole->info.start_time_ns - t->start_time_ns, MAX_TIME_NS)
                            : 0;
    int rc = make_course(whole, start_ns, &t->sum);
    t->sum.profile = NULL;
    if (t->sum.end_ns > t->duration_ns)
        t->duration_ns = t->sum.end_ns;
    return rc == 0 ? count_processes(t) : rc;
}

/* ---- what is asked for ----------------------------------------------------------------------- */

struct wanted {
    const struct mt_profile *const *profiles;
    size_t n;
    const struct mt_profile *whole; /* of which the profiles are members; NULL: none */
    bool with_sum;
    enum clock clock;
};

static int build(struct mt_timeline *t, const struct wanted *wanted) {
    const struct mt_profile **sorted = calloc(wanted->n + 1, sizeof *sorted);
    if (!sorted)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < wanted->n; i++)
        sorted[i] = wanted->profiles[i];
    if (wanted->clock == OF_ALL)
        qsort(sorted, wanted->n, sizeof *sorted, by_start);
    t->is_aligned = wanted->clock == OF_EACH;
    int rc = fill(t, sorted, wanted->n, wanted->clock);
    choose_series(t);
    if (rc == 0)
        rc = collect_marks(t, wanted->whole);
    if (rc == 0 && wanted->whole)
        rc = take_sum(t, wanted->whole);
    else if (rc == 0 && wanted->with_sum)
        rc = add_up(t);
    free(sorted);
    return rc;
}

static int build_new(const struct wanted *wanted, struct mt_timeline **out,
                     struct mt_error *error) {
    struct mt_timeline *t = calloc(1, sizeof *t);
    int rc = t ? build(t, wanted) : -MEMTRACK_ENOMEM;
    if (rc != 0) {
        mt_timeline_free(t);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    *out = t;
    return 0;
}

static int check_axes(const struct mt_profile *const *profiles, size_t n, struct mt_error *error) {
    size_t n_ticks = 0;
    for (size_t i = 0; i < n; i++)
        n_ticks += profiles[i]->info.n_ticks;
    return n_ticks
               ? 0
               : mt_error_set(error, MEMTRACK_EUSAGE, n ? mt_profile_no_axis_hint(profiles[0]) : "",
                              "no time axis in %s", n == 1 ? "this profile" : "these profiles");
}

int mt_timeline_build(const struct mt_profile *const *profiles, size_t n, bool with_sum,
                      struct mt_timeline **out, struct mt_error *error) {
    struct wanted wanted = {.profiles = profiles, .n = n, .with_sum = with_sum};
    *out = NULL;
    if (n == 1 && profiles[0]->n_members) {
        wanted.profiles = (const struct mt_profile *const *)profiles[0]->members;
        wanted.n = profiles[0]->n_members;
        wanted.whole = profiles[0];
    }
    int rc = check_axes(profiles, n, error);
    return rc == 0 ? build_new(&wanted, out, error) : rc;
}

int mt_timeline_build_aligned(const struct mt_profile *const *profiles, size_t n,
                              struct mt_timeline **out, struct mt_error *error) {
    const struct wanted wanted = {.profiles = profiles, .n = n, .clock = OF_EACH};
    *out = NULL;
    int rc = check_axes(profiles, n, error);
    return rc == 0 ? build_new(&wanted, out, error) : rc;
}

void mt_timeline_free(struct mt_timeline *t) {
    if (!t)
        return;
    for (size_t i = 0; i < t->n_courses; i++)
        free(t->courses[i].points);
    free(t->courses);
    free(t->sum.points);
    free(t->marks);
    free(t);
}

void mt_timeline_columns(const struct mt_course *course, enum mt_series series, uint64_t from_ns,
                         uint64_t to_ns, double *columns, size_t n) {
    double width = (double)(to_ns - from_ns) / (double)n, value = -1;
    bool is_sparse = mt_timeline_is_sparse(series);
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        double begin = (double)from_ns + width * (double)i, end = begin + width;
        bool is_over = (double)course->end_ns < begin;
        columns[i] = is_over || is_sparse ? -1 : value;
        for (;
             next < course->n_points && ((double)course->points[next].time_ns < end || i + 1 == n);
             next++) {
            if (is_sparse && !course->points[next].is_read[series])
                continue;
            value = course->has[series] ? (double)course->points[next].value[series] : -1;
            if ((double)course->points[next].time_ns >= begin && value > columns[i])
                columns[i] = value;
            else if ((double)course->points[next].time_ns < begin)
                columns[i] = value;
        }
    }
}

int mt_timeline_compare_peaks(const void *a, const void *b) {
    const struct mt_course *x = *(const struct mt_course *const *)a,
                           *y = *(const struct mt_course *const *)b;
    return x->beside_peak_bytes < y->beside_peak_bytes   ? 1
           : x->beside_peak_bytes > y->beside_peak_bytes ? -1
           : x < y                                       ? -1
                                                         : x > y;
}
