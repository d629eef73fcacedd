/* SPDX-License-Identifier: MIT */
/*
 * Memory over time: the ticks of one profile, or of the processes of one run on a common clock with
 * their sum. Pure functions over profiles, which must outlive the result; nothing in a profile is
 * believed to be in order or in range.
 */
#ifndef MT_VIEW_TIMELINE_H
#define MT_VIEW_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

enum mt_series {
    MT_SERIES_LIVE,
    MT_SERIES_RSS,
    MT_SERIES_PSS,
    MT_SERIES_SWAP,
    MT_SERIES_ANON,
    MT_SERIES_USS,
    MT_N_SERIES
};
extern const char *const mt_timeline_series_keys[MT_N_SERIES]; /* "live_bytes", ...: for exports */
extern const char
    *const mt_timeline_series_labels[MT_N_SERIES]; /* "heap (live)", ...: for people */

/* This is what was true from time_ns on, until the next point. */
struct mt_point {
    uint64_t time_ns;            /* since the start of the timeline */
    uint64_t value[MT_N_SERIES]; /* values as last read: PSS and swap are not read at every point */
    bool is_read[MT_N_SERIES];   /* at this one */
    bool is_watched;             /* from outside: the heap is not known */
    uint64_t total_blocks;
    uint32_t n_processes; /* running at that time */
    /* This is no tick but the heap's recorded peak; the other figures are those of the tick
     * before. */
    bool is_peak;
};

/* This is one line of a chart: a process, or the sum of all. */
struct mt_course {
    const struct mt_profile *profile; /* NULL: the sum */
    size_t parent; /* index of the parent process among the courses, SIZE_MAX: none of them */
    uint64_t start_ns, end_ns;     /* since the start of the timeline */
    struct mt_point *points;       /* at rising times */
    size_t n_points, n_ticks;      /* ticks: points that are no peak */
    bool has[MT_N_SERIES];         /* whether it was ever read */
    uint64_t highest[MT_N_SERIES]; /* of the points at which it was read */
    /* What the chart is about: the heap, or RSS where nothing was recorded. */
    enum mt_series main;
    uint64_t peak_bytes, peak_ns, peak_error_ns; /* of it; of a sum what the points say */
    bool peak_time_known;
    uint64_t beside_peak_bytes; /* of the series that it is shown by beside others */
    uint64_t finest_ns,
        coarsest_ns; /* least and greatest distance of two ticks; 0: fewer than two */
};

struct mt_timeline_mark {
    uint64_t time_ns; /* since the start of the timeline */
    const char *name; /* the profile's text: may hold anything */
    uint32_t kind;    /* enum mt_mark_kind */
    size_t course;
};

struct mt_timeline {
    struct mt_course *courses; /* of the profiles, by start */
    size_t n_courses;
    /* What courses are shown by beside each other: the heap, or RSS where that of one is not known,
     * as the two are not comparable. */
    enum mt_series beside;
    struct mt_course sum; /* n_points 0: not asked for, or nothing to add up */
    struct mt_timeline_mark *marks;
    size_t n_marks;
    uint64_t start_time_ns; /* since the epoch */
    uint64_t duration_ns;
    bool is_aligned; /* each course begins at 0, whenever it was */
};

/*
 * Makes the courses of n profiles, and with_sum their sum as well. A single profile with members
 * is the courses of these, and their sum. Returns 0, -MEMTRACK_EUSAGE when
 * no profile holds a time axis, or -MEMTRACK_ENOMEM. Freed by mt_timeline_free.
 */
int mt_timeline_build(const struct mt_profile *const *profiles, size_t n, bool with_sum,
                      struct mt_timeline **out, struct mt_error *error);
/* Does the same with profiles that need not be of one time: each begins at 0, and keeps its place
 * among the courses. One with members is a single course, their sum. */
int mt_timeline_build_aligned(const struct mt_profile *const *profiles, size_t n,
                              struct mt_timeline **out, struct mt_error *error);
void mt_timeline_free(struct mt_timeline *timeline); /* NULL is fine */

/* Returns whether this is PSS, USS or swap, which are read now and then and have no value between two
 * readings. */
bool mt_timeline_is_sparse(enum mt_series series);

/* Finds the highest value in each of n equal parts of [from_ns, to_ns]; -1 where the course has
 * none (before its start, after its end, never read; for a sparse series wherever there is no
 * reading). */
void mt_timeline_columns(const struct mt_course *course, enum mt_series series, uint64_t from_ns,
                         uint64_t to_ns, double *columns, size_t n);

/* For qsort, of pointers to courses of one timeline: the highest peak of the series first that all
 * are shown by. */
int mt_timeline_compare_peaks(const void *a, const void *b);

#endif
