/* SPDX-License-Identifier: MIT */
/*
 * Names are met in each profile under another number, so they are compared as texts: sorted once to
 * learn which there are, then looked for in each profile, whose own numbers decide from there on. A
 * column holds whatever falls into it: a scope shorter than a column fills it, and of a counter the
 * last value counts and stays until the next.
 */
#include "view/timeline/tracks.h"

#include <stdlib.h>
#include <string.h>

struct name {
    const char *text;
    uint64_t weight; /* the heaviest are shown */
};

struct scale {
    uint64_t start_ns; /* of the process, on the clock of the timeline */
    uint64_t to_ns;
    size_t n;
};

static size_t column_of(const struct scale *scale, uint64_t time_ns) {
    double share =
        scale->to_ns ? ((double)scale->start_ns + (double)time_ns) / (double)scale->to_ns : 0;
    size_t column = share < 1 ? (size_t)(share * (double)scale->n) : scale->n;
    return column < scale->n ? column : scale->n - 1;
}

/* ---- which ----------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int by_weight(const void *a, const void *b) {
    const struct name *x = a, *y = b;
    return x->weight != y->weight ? (x->weight > y->weight ? -1 : 1) : by_text(a, b);
}

/* Adds up equal names and puts the heaviest first; returns how many there are. */
static size_t merge(struct name *names, size_t n) {
    size_t n_merged = 0;
    if (n == 0)
        return 0;
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++) {
        struct name *last = n_merged ? &names[n_merged - 1] : NULL;
        if (!last || strcmp(last->text, names[i].text) != 0)
            names[n_merged++] = names[i];
        else if (__builtin_add_overflow(last->weight, names[i].weight, &last->weight))
            last->weight = UINT64_MAX;
    }
    qsort(names, n_merged, sizeof *names, by_weight);
    return n_merged;
}

static bool is_meant(const struct mt_course *course, const struct mt_course *wanted) {
    return !wanted || !wanted->profile || course == wanted;
}

static size_t list(const struct mt_timeline *t, const struct mt_course *wanted, bool counters,
                   struct name *names) {
    size_t n = 0;
    for (size_t i = 0; i < t->n_courses; i++) {
        const struct mt_profile *profile = t->courses[i].profile;
        const struct mt_scopes *scopes = &profile->info.scopes;
        if (!is_meant(&t->courses[i], wanted))
            continue;
        for (size_t k = 0; counters && k < scopes->n_counters; k++)
            names[n++] = (struct name){mt_profile_text(profile, scopes->counters[k].name), 1};
        for (size_t k = 0; !counters && k < scopes->n_events; k++)
            names[n++] = (struct name){mt_profile_text(profile, scopes->events[k].name),
                                       scopes->events[k].duration_ns};
    }
    return n;
}

/* ---- columns --------------------------------------------------------------------------------- */

/* One step up where a scope begins, one down behind its end: then a running sum. */
static void mark_scopes(const struct mt_course *course, const struct scale *scale,
                        const struct mt_lane *lane, int32_t *steps) {
    const struct mt_profile *profile = course->profile;
    for (size_t i = 0; i < profile->info.scopes.n_events; i++) {
        const struct mt_scope_event *event = &profile->info.scopes.events[i];
        uint64_t end;
        if (strcmp(mt_profile_text(profile, event->name), lane->name) != 0 ||
            __builtin_add_overflow(event->time_ns, event->duration_ns, &end))
            continue;
        steps[column_of(scale, event->time_ns)]++;
        steps[column_of(scale, end) + 1]--;
    }
}

struct setting {
    uint64_t time_ns;
    int64_t value;
    bool is_set;
};

/* Adds the counter of one process to the lane, from where it was set first to where the process
 * ended. */
static void add_counter(const struct mt_course *course, const struct scale *scale,
                        struct mt_lane *lane, struct setting *settings) {
    const struct mt_profile *profile = course->profile;
    memset(settings, 0, scale->n * sizeof *settings);
    for (size_t i = 0; i < profile->info.scopes.n_counters; i++) {
        const struct mt_counter *counter = &profile->info.scopes.counters[i];
        if (strcmp(mt_profile_text(profile, counter->name), lane->name) != 0)
            continue;
        struct setting *at = &settings[column_of(scale, counter->time_ns)];
        if (!at->is_set || counter->time_ns >= at->time_ns)
            *at = (struct setting){counter->time_ns, counter->value, true};
    }
    const struct setting *last = NULL;
    size_t end = column_of(scale, course->end_ns - course->start_ns);
    for (size_t x = 0; x <= end; x++) {
        last = settings[x].is_set ? &settings[x] : last;
        if (last)
            lane->columns[x] =
                (double)last->value + (lane->columns[x] > MT_LANE_NONE ? lane->columns[x] : 0);
    }
}

static int fill(const struct mt_timeline *t, const struct mt_course *wanted, size_t n,
                struct mt_lane *lane) {
    size_t bytes = lane->is_counter ? sizeof(struct setting) : sizeof(int32_t);
    void *room = calloc(n + 1, bytes);
    lane->columns = calloc(n, sizeof *lane->columns);
    lane->most = MT_LANE_NONE;
    if (!room || !lane->columns) {
        free(room);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t x = 0; lane->is_counter && x < n; x++)
        lane->columns[x] = MT_LANE_NONE;
    for (size_t i = 0; i < t->n_courses; i++) {
        const struct scale scale = {t->courses[i].start_ns, t->duration_ns, n};
        if (is_meant(&t->courses[i], wanted) && lane->is_counter)
            add_counter(&t->courses[i], &scale, lane, room);
        else if (is_meant(&t->courses[i], wanted))
            mark_scopes(&t->courses[i], &scale, lane, room);
    }
    int64_t n_running = 0;
    for (size_t x = 0; x < n; x++) {
        if (!lane->is_counter)
            lane->columns[x] = (n_running += ((const int32_t *)room)[x]) > 0;
        lane->most = lane->columns[x] > lane->most ? lane->columns[x] : lane->most;
    }
    free(room);
    return 0;
}

double mt_lane_share(const struct mt_lane *lane, size_t column) {
    double value = lane->columns[column];
    return !(value > MT_LANE_NONE) ? -1 : value > 0 ? value / lane->most : 0;
}

int64_t mt_lane_most(const struct mt_lane *lane) {
    return lane->most >= (double)INT64_MAX   ? INT64_MAX
           : lane->most <= (double)INT64_MIN ? INT64_MIN
                                             : (int64_t)lane->most;
}

static int add_kind(const struct mt_timeline *t, const struct mt_course *wanted, bool counters,
                    size_t n, struct name *names, struct mt_lanes *lanes) {
    size_t n_names = merge(names, list(t, wanted, counters, names)), shown = n_names;
    int rc = 0;
    if (shown > MT_LANES_OF_A_KIND)
        shown = MT_LANES_OF_A_KIND;
    lanes->n_left_out += n_names - shown;
    for (size_t i = 0; rc == 0 && i < shown; i++) {
        struct mt_lane *lane = &lanes->items[lanes->n++];
        *lane = (struct mt_lane){.name = names[i].text, .is_counter = counters};
        rc = fill(t, wanted, n, lane);
    }
    return rc;
}

int mt_lanes_build(const struct mt_timeline *t, const struct mt_course *course, size_t n,
                   struct mt_lanes *lanes) {
    size_t most = 0;
    for (size_t i = 0; i < t->n_courses; i++) {
        const struct mt_scopes *scopes = &t->courses[i].profile->info.scopes;
        most += scopes->n_events + scopes->n_counters;
    }
    struct name *names = calloc(most + 1, sizeof *names);
    *lanes = (struct mt_lanes){.items = calloc(2 * MT_LANES_OF_A_KIND, sizeof *lanes->items)};
    int rc = names && lanes->items && n ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = add_kind(t, course, false, n, names, lanes);
    if (rc == 0)
        rc = add_kind(t, course, true, n, names, lanes);
    free(names);
    if (rc != 0)
        mt_lanes_free(lanes);
    return rc;
}

void mt_lanes_free(struct mt_lanes *lanes) {
    for (size_t i = 0; i < lanes->n; i++)
        free(lanes->items[i].columns);
    free(lanes->items);
    *lanes = (struct mt_lanes){0};
}
