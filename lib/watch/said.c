/* SPDX-License-Identifier: MIT */
/*
 * A recorder counts time from its own start, who watches from the moment at which that began; both
 * are CLOCK_MONOTONIC. What was over before that moment has no place on the axis. A scope that was
 * open then begins with the axis, as its chart does, and is counted.
 *
 * A ledger keeps the latest scopes, so it is read once, at the last moment at which that can be
 * done. Texts are few and scopes many: each profile has its own numbers for them.
 */
#include "watch/said.h"

#include <inttypes.h>
#include <stdio.h>

#include "profile/ledger/said.h"

enum { MOST = 1 << 18 /* scopes, and counters, of one profile: of a process, or of all of them */ };

struct adding {
    const struct mt_profile *from;
    struct mt_profile *into;
    int64_t shift_ns;
    uint32_t pid;
    struct mt_said *count; /* NULL: everything has a place */
};

static mt_string text(const struct adding *a, mt_string string) {
    return mt_profile_intern(a->into, mt_profile_text(a->from, string));
}

static mt_string counter_text(const struct adding *a, mt_string string) {
    char name[512];
    if (!a->pid)
        return text(a, string);
    snprintf(name, sizeof name, "%.440s (process %" PRIu32 ")", mt_profile_text(a->from, string),
             a->pid);
    return mt_profile_intern(a->into, name);
}

/* Moves a time; false: it is before the axis. Times in a ledger can be anything. */
static bool move(const struct adding *a, uint64_t *time_ns) {
    uint64_t moved;
    if (__builtin_add_overflow(*time_ns, a->shift_ns, &moved)) {
        if (a->count)
            a->count->n_before++;
        return false;
    }
    *time_ns = moved;
    return true;
}

static bool move_scope(const struct adding *a, struct mt_scope_event *event) {
    uint64_t end_ns, begin_ns = event->time_ns;
    if (__builtin_add_overflow(begin_ns, event->duration_ns, &end_ns) || !move(a, &end_ns))
        return false;
    if (!__builtin_add_overflow(begin_ns, a->shift_ns, &event->time_ns))
        return true;
    event->time_ns = 0;
    event->duration_ns = end_ns;
    if (a->count)
        a->count->n_cut++;
    return true;
}

static int add_keys(const struct adding *a, const struct mt_scope_event *event) {
    const struct mt_scopes *from = &a->from->info.scopes;
    int rc = 0;
    for (size_t k = event->first_key; rc == 0 && k - event->first_key < event->n_keys; k++) {
        if (k >= from->n_keys)
            break;
        const struct mt_scope_key key = {text(a, from->keys[k].key), text(a, from->keys[k].value)};
        rc = key.key == UINT32_MAX || key.value == UINT32_MAX
                 ? -MEMTRACK_ENOMEM
                 : mt_profile_scopes_add_key(&a->into->info.scopes, &key);
    }
    return rc;
}

static int add_scope(const struct adding *a, size_t i) {
    struct mt_scopes *into = &a->into->info.scopes;
    const struct mt_scope_event *from = &a->from->info.scopes.events[i];
    struct mt_scope_event event = *from;
    if (!move_scope(a, &event))
        return 0;
    if (into->n_events >= MOST)
        return -MEMTRACK_ELIMIT;
    event.name = text(a, event.name);
    if (a->pid)
        event.serial = (uint64_t)a->pid << 32 | (uint32_t)event.serial;
    int rc =
        event.name == UINT32_MAX ? -MEMTRACK_ENOMEM : mt_profile_scopes_add_event(into, &event);
    return rc == 0 ? add_keys(a, from) : rc;
}

static int add_counter(const struct adding *a, size_t i) {
    struct mt_scopes *into = &a->into->info.scopes;
    struct mt_counter counter = a->from->info.scopes.counters[i];
    if (!move(a, &counter.time_ns))
        return 0;
    if (into->n_counters >= MOST)
        return -MEMTRACK_ELIMIT;
    counter.name = counter_text(a, counter.name);
    return counter.name == UINT32_MAX ? -MEMTRACK_ENOMEM
                                      : mt_profile_scopes_add_counter(into, &counter);
}

/* Totals are of the whole recording, whenever it began. */
static int add_total(const struct adding *a, size_t i) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    struct mt_scope totals = from->totals[i];
    uint32_t *const texts[] = {&totals.name, &totals.thread, &totals.group, &totals.file,
                               &totals.error};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        if ((*texts[t] = text(a, *texts[t])) == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
    int rc = mt_profile_scopes_add_totals(into, &totals);
    for (size_t k = totals.first_bucket;
         rc == 0 && k - totals.first_bucket < totals.n_buckets && k < from->n_buckets; k++)
        rc = mt_profile_scopes_add_bucket(into, &from->buckets[k]);
    return rc;
}

static int add_mark(const struct adding *a, size_t i) {
    const struct mt_mark *mark = &a->from->info.marks[i];
    uint64_t time_ns = mark->time_ns;
    return move(a, &time_ns) ? mt_profile_add_mark(a->into, time_ns,
                                                   mt_profile_text(a->from, mark->name), mark->kind)
                             : 0;
}

/* Adds as many as there is room for. Returns 0 or -MEMTRACK_ENOMEM. */
static int add_each(const struct adding *a, size_t n, int (*add)(const struct adding *a, size_t i),
                    bool *is_full) {
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add(a, i);
    *is_full |= rc == -MEMTRACK_ELIMIT;
    return rc == -MEMTRACK_ELIMIT ? 0 : rc;
}

static int add_marks(const struct adding *a, bool *is_full) {
    return add_each(a, a->from->info.n_marks, add_mark, is_full);
}

static int add_all(const struct adding *a, bool *is_full) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    into->events_seen += from->events_seen;
    into->has_cpu |= from->has_cpu;
    if (from->event_sample > into->event_sample)
        into->event_sample = from->event_sample;
    int rc = add_each(a, from->n_totals, add_total, is_full);
    if (rc == 0)
        rc = add_each(a, from->n_events, add_scope, is_full);
    return rc == 0 ? add_each(a, from->n_counters, add_counter, is_full) : rc;
}

void mt_said_take(struct mt_said *said, struct mt_ledger *ledger) {
    struct mt_profile *taken;
    if (mt_ledger_said_take(ledger, &taken) != 0) {
        said->n_dropped++;
        return;
    }
    if (!taken)
        return;
    if (!said->profile)
        said->profile = mt_profile_new();
    const struct adding a = {
        .from = taken,
        .into = said->profile,
        .shift_ns = (int64_t)(mt_ledger_info(ledger)->start_monotonic_ns - said->origin_ns),
        .count = said};
    bool is_full = false;
    if (!said->profile || add_all(&a, &is_full) != 0 || add_marks(&a, &is_full) != 0 || is_full)
        said->n_dropped++;
    mt_profile_free(taken);
}

uint64_t mt_said_first_ns(const struct mt_said *said) {
    const struct mt_scopes *scopes = said->profile ? &said->profile->info.scopes : NULL;
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; scopes && i < scopes->n_events; i++)
        first = scopes->events[i].time_ns < first ? scopes->events[i].time_ns : first;
    for (size_t i = 0; scopes && i < scopes->n_counters; i++)
        first = scopes->counters[i].time_ns < first ? scopes->counters[i].time_ns : first;
    return first;
}

int mt_said_append(struct mt_said *said, uint64_t begin_ns, uint32_t pid, struct mt_profile *into) {
    const struct adding a = {
        .from = said->profile, .into = into, .shift_ns = -(int64_t)begin_ns, .pid = pid};
    bool is_full = false;
    int rc = said->profile ? add_all(&a, &is_full) : 0;
    said->n_dropped += is_full;
    return rc;
}

int mt_said_append_marks(struct mt_said *said, struct mt_profile *into) {
    const struct adding a = {.from = said->profile, .into = into};
    bool is_full = false;
    int rc = said->profile ? add_marks(&a, &is_full) : 0;
    said->n_dropped += is_full;
    return rc;
}

void mt_said_free(struct mt_said *said) {
    mt_profile_free(said->profile);
    said->profile = NULL;
}
