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

#include "base/saturate.h"

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

/* Adds up equal names and puts the heaviest first. Returns how many there are. */
static size_t merge(struct name *names, size_t n) {
    size_t n_merged = 0;
    if (n == 0)
        return 0;
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++) {
        struct name *last = n_merged ? &names[n_merged - 1] : NULL;
        if (!last || strcmp(last->text, names[i].text) != 0)
            names[n_merged++] = names[i];
        else
            mt_saturate_add_count(&last->weight, names[i].weight);
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

/* Marks one step up where a scope begins and one down behind its end, and then makes a running
 * sum. */
static void mark_scopes(const struct mt_course *course, const struct scale *scale,
                        const struct mt_timeline_track *track, int32_t *steps) {
    const struct mt_profile *profile = course->profile;
    for (size_t i = 0; i < profile->info.scopes.n_events; i++) {
        const struct mt_scope_event *event = &profile->info.scopes.events[i];
        uint64_t end;
        if (strcmp(mt_profile_text(profile, event->name), track->name) != 0 ||
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

/* Adds the counter of one process to the track, from where it was set first to where the process
 * ended. */
static void add_counter(const struct mt_course *course, const struct scale *scale,
                        struct mt_timeline_track *track, struct setting *settings) {
    const struct mt_profile *profile = course->profile;
    memset(settings, 0, scale->n * sizeof *settings);
    for (size_t i = 0; i < profile->info.scopes.n_counters; i++) {
        const struct mt_counter *counter = &profile->info.scopes.counters[i];
        if (strcmp(mt_profile_text(profile, counter->name), track->name) != 0)
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
            track->columns[x] =
                (double)last->value + (track->columns[x] > MT_TRACK_NONE ? track->columns[x] : 0);
    }
}

static int fill(const struct mt_timeline *t, const struct mt_course *wanted, size_t n,
                struct mt_timeline_track *track) {
    size_t bytes = track->is_counter ? sizeof(struct setting) : sizeof(int32_t);
    void *room = calloc(n + 1, bytes);
    track->columns = calloc(n, sizeof *track->columns);
    track->most = MT_TRACK_NONE;
    if (!room || !track->columns) {
        free(room);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t x = 0; track->is_counter && x < n; x++)
        track->columns[x] = MT_TRACK_NONE;
    for (size_t i = 0; i < t->n_courses; i++) {
        const struct scale scale = {t->courses[i].start_ns, t->duration_ns, n};
        if (is_meant(&t->courses[i], wanted) && track->is_counter)
            add_counter(&t->courses[i], &scale, track, room);
        else if (is_meant(&t->courses[i], wanted))
            mark_scopes(&t->courses[i], &scale, track, room);
    }
    int64_t n_running = 0;
    for (size_t x = 0; x < n; x++) {
        if (!track->is_counter)
            track->columns[x] = (n_running += ((const int32_t *)room)[x]) > 0;
        track->most = track->columns[x] > track->most ? track->columns[x] : track->most;
    }
    free(room);
    return 0;
}

double mt_tracks_share(const struct mt_timeline_track *track, size_t column) {
    double value = track->columns[column];
    return !(value > MT_TRACK_NONE) ? -1 : value > 0 ? value / track->most : 0;
}

int64_t mt_tracks_most(const struct mt_timeline_track *track) {
    return track->most >= (double)INT64_MAX   ? INT64_MAX
           : track->most <= (double)INT64_MIN ? INT64_MIN
                                              : (int64_t)track->most;
}

static int add_kind(const struct mt_timeline *t, const struct mt_course *wanted, bool counters,
                    size_t n, struct name *names, struct mt_timeline_tracks *tracks) {
    size_t n_names = merge(names, list(t, wanted, counters, names)), shown = n_names;
    int rc = 0;
    if (shown > MT_TRACKS_OF_A_KIND)
        shown = MT_TRACKS_OF_A_KIND;
    tracks->n_left_out += n_names - shown;
    for (size_t i = 0; rc == 0 && i < shown; i++) {
        struct mt_timeline_track *track = &tracks->items[tracks->n++];
        *track = (struct mt_timeline_track){.name = names[i].text, .is_counter = counters};
        rc = fill(t, wanted, n, track);
    }
    return rc;
}

int mt_tracks_build(const struct mt_timeline *t, const struct mt_course *course, size_t n,
                    struct mt_timeline_tracks *tracks) {
    size_t most = 0;
    for (size_t i = 0; i < t->n_courses; i++) {
        const struct mt_scopes *scopes = &t->courses[i].profile->info.scopes;
        most += scopes->n_events + scopes->n_counters;
    }
    struct name *names = calloc(most + 1, sizeof *names);
    *tracks = (struct mt_timeline_tracks){
        .items = calloc(2 * MT_TRACKS_OF_A_KIND, sizeof *tracks->items)};
    int rc = names && tracks->items && n ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = add_kind(t, course, false, n, names, tracks);
    if (rc == 0)
        rc = add_kind(t, course, true, n, names, tracks);
    free(names);
    if (rc != 0)
        mt_tracks_free(tracks);
    return rc;
}

void mt_tracks_free(struct mt_timeline_tracks *tracks) {
    for (size_t i = 0; i < tracks->n; i++)
        free(tracks->items[i].columns);
    free(tracks->items);
    *tracks = (struct mt_timeline_tracks){0};
}
