/* SPDX-License-Identifier: MIT */
/*
 * Flat arrays that double as they grow, as in the rest of the profile: buckets and keys of all
 * owners share one array each, and an owner has the run of them that was added after it.
 */
#include "profile/scopes.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"

/* Makes room for one more element behind the n that there are: indexes have 32 bits. */
static int reserve(void *array, size_t *capacity, size_t n, size_t element_bytes) {
    if (n >= UINT32_MAX - 1)
        return -MEMTRACK_ELIMIT;
    return mt_array_reserve(array, capacity, n + 1, element_bytes) ? 0 : -MEMTRACK_ENOMEM;
}

#define RESERVE(scopes, array)                                                                     \
    reserve(&(scopes)->array, &(scopes)->capacity.array, (scopes)->n_##array,                      \
            sizeof *(scopes)->array)

int mt_profile_scopes_add_totals(struct mt_scopes *scopes, const struct mt_scope *totals) {
    int rc = RESERVE(scopes, totals);
    if (rc != 0)
        return rc;
    struct mt_scope *added = &scopes->totals[scopes->n_totals++];
    *added = *totals;
    added->first_bucket = (uint32_t)scopes->n_buckets;
    added->n_buckets = 0;
    return 0;
}

int mt_profile_scopes_add_bucket(struct mt_scopes *scopes, const struct mt_scope_bucket *bucket) {
    int rc = RESERVE(scopes, buckets);
    if (rc != 0)
        return rc;
    scopes->buckets[scopes->n_buckets++] = *bucket;
    scopes->totals[scopes->n_totals - 1].n_buckets++;
    return 0;
}

int mt_profile_scopes_add_event(struct mt_scopes *scopes, const struct mt_scope_event *event) {
    int rc = RESERVE(scopes, events);
    if (rc != 0)
        return rc;
    struct mt_scope_event *added = &scopes->events[scopes->n_events++];
    *added = *event;
    added->first_key = (uint32_t)scopes->n_keys;
    added->n_keys = 0;
    return 0;
}

int mt_profile_scopes_add_key(struct mt_scopes *scopes, const struct mt_scope_key *key) {
    int rc = RESERVE(scopes, keys);
    if (rc != 0)
        return rc;
    scopes->keys[scopes->n_keys++] = *key;
    scopes->events[scopes->n_events - 1].n_keys++;
    return 0;
}

int mt_profile_scopes_add_counter(struct mt_scopes *scopes, const struct mt_counter *counter) {
    int rc = RESERVE(scopes, counters);
    if (rc == 0)
        scopes->counters[scopes->n_counters++] = *counter;
    return rc;
}

int mt_profile_scopes_add_tally(struct mt_scopes *scopes, const struct mt_scope_tally *tally) {
    int rc = RESERVE(scopes, tallies);
    if (rc == 0)
        scopes->tallies[scopes->n_tallies++] = *tally;
    return rc;
}

int mt_profile_scopes_add_open(struct mt_scopes *scopes, const struct mt_scope_open *open) {
    int rc = RESERVE(scopes, open);
    if (rc == 0)
        scopes->open[scopes->n_open++] = *open;
    return rc;
}

int mt_profile_scopes_add_function(struct mt_scopes *scopes,
                                   const struct mt_scope_function *function) {
    int rc = RESERVE(scopes, functions);
    if (rc == 0)
        scopes->functions[scopes->n_functions++] = *function;
    return rc;
}

int mt_profile_scopes_add_call(struct mt_scopes *scopes, const struct mt_scope_call *call) {
    int rc = RESERVE(scopes, calls);
    if (rc == 0)
        scopes->calls[scopes->n_calls++] = *call;
    return rc;
}

bool mt_profile_scopes_is_empty(const struct mt_scopes *scopes) {
    return scopes->n_totals == 0 && scopes->n_events == 0 && scopes->n_counters == 0 &&
           scopes->n_tallies == 0 && scopes->n_open == 0 && scopes->events_seen == 0;
}

bool mt_profile_scopes_are_estimates(const struct mt_scopes *scopes) {
    for (size_t i = 0; i < scopes->n_totals; i++)
        if (scopes->totals[i].unmeasured)
            return true;
    return false;
}

void mt_profile_scopes_free(struct mt_scopes *scopes) {
    free(scopes->totals);
    free(scopes->buckets);
    free(scopes->events);
    free(scopes->keys);
    free(scopes->counters);
    free(scopes->tallies);
    free(scopes->open);
    free(scopes->functions);
    free(scopes->calls);
    *scopes = (struct mt_scopes){0};
}
