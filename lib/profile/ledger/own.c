/* SPDX-License-Identifier: MIT */
/*
 * Counters, sizes of caches, and keys of the process.
 *
 *   tally ──► info.scopes.tallies, and a last point of its course where events end before it
 *   metadata ──► info.metadata
 *
 * Not every change of a figure is an event, and the ring keeps the latest events alone; the last
 * value is always known, and without it a course would end too early.
 */
#include "profile/ledger/own.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Tells whether the events of a figure do not end with its value of now. */
static bool is_behind(const struct mt_scopes *scopes, size_t n,
                      const struct mt_scope_tally *tally) {
    while (n > 0)
        if (scopes->counters[--n].name == tally->name)
            return scopes->counters[n].time_ns < tally->time_ns ||
                   scopes->counters[n].value != tally->value;
    return true;
}

/* Puts the points in the order of their times. They are nearly so: a thread may have lost its
 * processor between the clock and the ring, and last values come behind. */
static void sort_points(struct mt_scopes *scopes) {
    for (size_t i = 1; i < scopes->n_counters; i++) {
        const struct mt_counter point = scopes->counters[i];
        size_t at = i;
        while (at > 0 && scopes->counters[at - 1].time_ns > point.time_ns)
            at--;
        memmove(&scopes->counters[at + 1], &scopes->counters[at],
                (i - at) * sizeof *scopes->counters);
        scopes->counters[at] = point;
    }
}

static int take_tally(struct mt_ledger_labels *names, const struct mt_tally *from) {
    struct mt_profile *profile = names->paths->profile;
    const struct mt_scope_tally tally = {
        .name = mt_ledger_labels_text(names, from->name),
        .kind = from->kind,
        .value = from->value,
        .lowest = from->lowest,
        .highest = from->highest,
        .changes = from->changes,
        .time_ns = from->time_ns,
    };
    if (tally.name == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    struct mt_scopes *scopes = &profile->info.scopes;
    int rc = mt_profile_scopes_add_tally(scopes, &tally);
    const struct mt_counter last = {tally.time_ns, tally.value, tally.name, profile->info.pid};
    if (rc == 0 && is_behind(scopes, scopes->n_counters, &tally))
        rc = mt_profile_scopes_add_counter(scopes, &last);
    return rc;
}

static int take_tallies(struct mt_ledger *ledger, struct mt_ledger_labels *names) {
    size_t n = 0;
    struct mt_tally *tallies = mt_ledger_load_items(ledger, MT_EXTENT_TALLIES, &n);
    int rc = tallies ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 1; i < n && rc == 0; i++)
        if (tallies[i].name && tallies[i].changes)
            rc = take_tally(names, &tallies[i]);
    sort_points(&names->paths->profile->info.scopes);
    free(tallies);
    return rc;
}

static int take_key(struct mt_profile *profile, const struct mt_metadata *from) {
    const struct mt_scope_key metadata = {
        mt_profile_intern_n(profile, from->key, from->key_bytes),
        mt_profile_intern_n(profile, from->value, from->value_bytes)};
    if (metadata.key == UINT32_MAX || metadata.value == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    return mt_profile_add_metadata(profile, &metadata);
}

/* Reads one until it is the same before and after. One that is written over all the time, or was
 * when the process ended, is left out. */
static bool read_key(struct mt_ledger *ledger, size_t i, struct mt_metadata *out) {
    enum { TRIES = 16 };
    struct mt_metadata again;
    for (int tries = 0; tries < TRIES; tries++) {
        if (mt_ledger_read_items(ledger, MT_EXTENT_METADATA, i, 1, out) == 0)
            return false;
        mt_ledger_read_items(ledger, MT_EXTENT_METADATA, i, 1, &again);
        if (out->sequence != 0 && (out->sequence & 1) == 0 && out->sequence == again.sequence)
            return out->key_bytes < sizeof out->key && out->value_bytes < sizeof out->value;
    }
    return false;
}

static int take_metadata(struct mt_ledger *ledger, struct mt_profile *profile) {
    struct mt_metadata metadata;
    size_t n = mt_ledger_info(ledger)->n_metadata;
    int rc = 0;
    for (size_t i = 1; i < n && rc == 0; i++)
        if (read_key(ledger, i, &metadata))
            rc = take_key(profile, &metadata);
    return rc;
}

int mt_ledger_own_take(struct mt_ledger *ledger, struct mt_ledger_labels *names) {
    int rc = take_tallies(ledger, names);
    return rc == 0 ? take_metadata(ledger, names->paths->profile) : rc;
}
