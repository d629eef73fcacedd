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

enum { MOST = 1 << 18 /* scopes and counters of one process: programs that it has executed */ };

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

static int add_scopes(const struct adding *a) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->n_events; i++) {
        struct mt_scope_event event = from->events[i];
        if (!move_scope(a, &event))
            continue;
        event.name = text(a, event.name);
        if (a->pid)
            event.serial = (uint64_t)a->pid << 32 | (uint32_t)event.serial;
        rc = event.name == UINT32_MAX ? -MEMTRACK_ENOMEM
             : into->n_events >= MOST ? -MEMTRACK_ELIMIT
                                      : mt_profile_scopes_add_event(into, &event);
        if (rc == 0)
            rc = add_keys(a, &from->events[i]);
    }
    return rc;
}

static int add_counters(const struct adding *a) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->n_counters; i++) {
        struct mt_counter counter = from->counters[i];
        if (!move(a, &counter.time_ns))
            continue;
        counter.name = counter_text(a, counter.name);
        rc = counter.name == UINT32_MAX ? -MEMTRACK_ENOMEM
             : into->n_counters >= MOST ? -MEMTRACK_ELIMIT
                                        : mt_profile_scopes_add_counter(into, &counter);
    }
    return rc;
}

/* Totals are of the whole recording, whenever it began. */
static int add_totals(const struct adding *a) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->n_totals; i++) {
        struct mt_scope totals = from->totals[i];
        uint32_t *const texts[] = {&totals.name, &totals.thread, &totals.group, &totals.file,
                                   &totals.error};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            if ((*texts[t] = text(a, *texts[t])) == UINT32_MAX)
                return -MEMTRACK_ENOMEM;
        rc = mt_profile_scopes_add_totals(into, &totals);
        for (size_t k = totals.first_bucket;
             rc == 0 && k - totals.first_bucket < totals.n_buckets && k < from->n_buckets; k++)
            rc = mt_profile_scopes_add_bucket(into, &from->buckets[k]);
    }
    return rc;
}

static int add_marks(const struct adding *a) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < a->from->info.n_marks; i++) {
        const struct mt_mark *mark = &a->from->info.marks[i];
        uint64_t time_ns = mark->time_ns;
        if (move(a, &time_ns))
            rc = mt_profile_add_mark(a->into, time_ns, mt_profile_text(a->from, mark->name),
                                     mark->kind);
    }
    return rc;
}

static int add_all(const struct adding *a) {
    const struct mt_scopes *from = &a->from->info.scopes;
    struct mt_scopes *into = &a->into->info.scopes;
    into->events_seen += from->events_seen;
    into->has_cpu |= from->has_cpu;
    if (from->event_sample > into->event_sample)
        into->event_sample = from->event_sample;
    int rc = add_totals(a);
    if (rc == 0)
        rc = add_scopes(a);
    return rc == 0 ? add_counters(a) : rc;
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
    if (!said->profile || add_all(&a) != 0 || add_marks(&a) != 0)
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

int mt_said_append(const struct mt_said *said, uint64_t begin_ns, uint32_t pid,
                   struct mt_profile *into) {
    const struct adding a = {
        .from = said->profile, .into = into, .shift_ns = -(int64_t)begin_ns, .pid = pid};
    return said->profile ? add_all(&a) : 0;
}

int mt_said_append_marks(const struct mt_said *said, struct mt_profile *into) {
    const struct adding a = {.from = said->profile, .into = into};
    return said->profile ? add_marks(&a) : 0;
}

void mt_said_free(struct mt_said *said) {
    mt_profile_free(said->profile);
    said->profile = NULL;
}
