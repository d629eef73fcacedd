/* SPDX-License-Identifier: MIT */
/*
 * Totals are appended as they are, with their threads: rows of several threads are added up by
 * whoever shows them (view/scopes/rows.c), and those of several processes in the same way. A number
 * of an event is its scope's within a process, which is put into the upper half to stay one.
 */
#include "profile/join/scopes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "base/saturate.h"
#include "profile/join/axis.h"

#define UNKNOWN UINT32_MAX

struct adding {
    const struct mt_merge_added *added;
    const struct mt_scopes *from;
    struct mt_scopes *into;
    uint64_t start_ns;
    bool apart;
};

static uint64_t at(const struct adding *a, uint64_t time_ns) {
    return a->start_ns + (time_ns < MT_JOIN_MAX_NS ? time_ns : MT_JOIN_MAX_NS);
}

/* Puts the text of the result in the place of that of what was added. */
static bool take(const struct adding *a, uint32_t *string) {
    *string = mt_merge_string(a->added, *string);
    return *string != UNKNOWN;
}

/* The name of a scope: "request", or "request (1234 server)". */
static bool take_name(const struct adding *a, uint32_t *name) {
    char text[512];
    if (!a->apart)
        return take(a, name);
    snprintf(text, sizeof text, "%.350s (%.150s)", mt_profile_text(a->added->from, *name),
             a->added->process);
    *name = mt_profile_intern(a->added->into, text);
    return *name != UNKNOWN;
}

static bool is_within(uint32_t first, uint32_t n, size_t all) {
    return first <= all && n <= all - first;
}

static int add_totals(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_totals; i++) {
        struct mt_scope totals = a->from->totals[i];
        uint32_t first = totals.first_bucket, n = totals.n_buckets;
        if (!is_within(first, n, a->from->n_buckets))
            continue;
        if (!take_name(a, &totals.name) || !take(a, &totals.thread) || !take(a, &totals.group) ||
            !take(a, &totals.file) || !take(a, &totals.error))
            return -MEMTRACK_ENOMEM;
        rc = mt_profile_scopes_add_totals(a->into, &totals);
        for (uint32_t k = 0; rc == 0 && k < n; k++)
            rc = mt_profile_scopes_add_bucket(a->into, &a->from->buckets[first + k]);
    }
    return rc;
}

static int add_keys(const struct adding *a, uint32_t first, uint32_t n) {
    int rc = 0;
    for (uint32_t k = 0; rc == 0 && k < n; k++) {
        struct mt_scope_key key = a->from->keys[first + k];
        if (!take(a, &key.key) || !take(a, &key.value))
            return -MEMTRACK_ENOMEM;
        rc = mt_profile_scopes_add_key(a->into, &key);
    }
    return rc;
}

static int add_events(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_events; i++) {
        struct mt_scope_event event = a->from->events[i];
        uint32_t first = event.first_key, n = event.n_keys;
        if (!is_within(first, n, a->from->n_keys))
            continue;
        if (!take_name(a, &event.name))
            return -MEMTRACK_ENOMEM;
        event.time_ns = at(a, event.time_ns);
        if (!a->added->is_main)
            event.serial = (uint64_t)a->added->from->info.pid << 32 | (uint32_t)event.serial;
        rc = mt_profile_scopes_add_event(a->into, &event);
        if (rc == 0)
            rc = add_keys(a, first, n);
    }
    return rc;
}

static int add_open(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_open; i++) {
        struct mt_scope_open open = a->from->open[i];
        if (!take_name(a, &open.name) || !take(a, &open.thread))
            return -MEMTRACK_ENOMEM;
        open.time_ns = at(a, open.time_ns);
        rc = mt_profile_scopes_add_open(a->into, &open);
    }
    return rc;
}

/* The gauge of one process is not that of another. */
static uint32_t counter_name(const struct adding *a, uint32_t name) {
    const struct mt_profile *from = a->added->from;
    char text[512];
    if (a->added->is_main)
        return mt_merge_string(a->added, name);
    snprintf(text, sizeof text, "%.440s (process %" PRIu32 ")", mt_profile_text(from, name),
             from->info.pid);
    return mt_profile_intern(a->added->into, text);
}

static int add_counters(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_counters; i++) {
        struct mt_counter counter = a->from->counters[i];
        counter.name = counter_name(a, counter.name);
        counter.time_ns = at(a, counter.time_ns);
        rc = counter.name == UNKNOWN ? -MEMTRACK_ENOMEM
                                     : mt_profile_scopes_add_counter(a->into, &counter);
    }
    return rc;
}

static int add_tallies(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_tallies; i++) {
        struct mt_scope_tally tally = a->from->tallies[i];
        tally.name = counter_name(a, tally.name);
        tally.time_ns = at(a, tally.time_ns);
        rc =
            tally.name == UNKNOWN ? -MEMTRACK_ENOMEM : mt_profile_scopes_add_tally(a->into, &tally);
    }
    return rc;
}

/* Stand-ins for functions that have no name yet. */
static int add_functions(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->n_functions; i++) {
        struct mt_scope_function function = a->from->functions[i];
        if (function.location >= a->added->from->n_locations)
            continue;
        function.location = a->added->locations[function.location];
        rc = take(a, &function.name) ? mt_profile_scopes_add_function(a->into, &function)
                                     : -MEMTRACK_ENOMEM;
    }
    return rc;
}

static void join_facts(const struct adding *a) {
    mt_saturate_add_count(&a->into->events_seen, a->from->events_seen);
    a->into->has_cpu |= a->from->has_cpu;
    if (a->from->event_sample > a->into->event_sample)
        a->into->event_sample = a->from->event_sample;
}

int mt_join_scopes_add(const struct mt_merge_added *added, uint64_t start_ns, bool apart) {
    const struct adding a = {.added = added,
                             .from = &added->from->info.scopes,
                             .into = &added->into->info.scopes,
                             .start_ns = start_ns,
                             .apart = apart};
    int (*const parts[])(const struct adding *) = {add_totals,   add_events,  add_open,
                                                   add_counters, add_tallies, add_functions};
    int rc = 0;
    join_facts(&a);
    for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
        rc = parts[i](&a);
    return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Events are in the order in which they ended. */
static int by_end(const void *a, const void *b) {
    const struct mt_scope_event *x = a, *y = b;
    uint64_t left = x->time_ns, right = y->time_ns;
    mt_saturate_add_count(&left, x->duration_ns);
    mt_saturate_add_count(&right, y->duration_ns);
    if (left != right)
        return left < right ? -1 : 1;
    return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static int by_time(const void *a, const void *b) {
    const struct mt_counter *x = a, *y = b;
    return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

void mt_join_scopes_finish(uint64_t origin_ns, struct mt_profile *into) {
    struct mt_scopes *scopes = &into->info.scopes;
    for (size_t i = 0; i < scopes->n_events; i++)
        scopes->events[i].time_ns -= origin_ns;
    for (size_t i = 0; i < scopes->n_open; i++)
        scopes->open[i].time_ns -= origin_ns;
    for (size_t i = 0; i < scopes->n_counters; i++)
        scopes->counters[i].time_ns -= origin_ns;
    for (size_t i = 0; i < scopes->n_tallies; i++)
        scopes->tallies[i].time_ns -= origin_ns;
    if (scopes->n_events)
        qsort(scopes->events, scopes->n_events, sizeof *scopes->events, by_end);
    if (scopes->n_counters)
        qsort(scopes->counters, scopes->n_counters, sizeof *scopes->counters, by_time);
}

int mt_join_scopes_add_threads(const struct mt_merge_added *added) {
    const struct mt_profile_info *from = &added->from->info;
    struct mt_profile_info *into = &added->into->info;
    if (from->n_threads == 0)
        return 0;
    if (!mt_array_resize(&into->threads, into->n_threads + from->n_threads, sizeof *into->threads))
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < from->n_threads; i++) {
        struct mt_profile_thread thread = from->threads[i];
        thread.name = mt_merge_string(added, thread.name);
        if (thread.name == UNKNOWN)
            return -MEMTRACK_ENOMEM;
        into->threads[into->n_threads++] = thread;
    }
    return 0;
}
