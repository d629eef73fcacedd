/* SPDX-License-Identifier: MIT */
/*
 * What a program measured of its own regions: scopes as totals by name and thread, the latest of
 * them as events with what the program said about each, and the program's own counters. Part of
 * struct mt_profile_info; marks are there already. Everything belongs to the profile.
 */
#ifndef MT_PROFILE_SCOPES_H
#define MT_PROFILE_SCOPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/layout.h"

/* This says that so many scopes had a value that falls into the bucket (memtrack/histogram.h) of its
 * magnitude. */
struct mt_scope_bucket {
    uint64_t count;
    uint16_t bucket;
    uint8_t value; /* enum mt_scope_value */
    bool is_negative;
};

/* Two halves of a number of 128 bits. */
struct mt_scope_squares {
    uint64_t low, high;
};

/* These are all scopes of one name and group that were ended by threads which followed one another
 * in a bank. sum, max, min and squares include inner scopes, own does not. What began inside of one
 * of the same name is in count, recursive and own alone. */
struct mt_scope {
    uint32_t name, thread; /* mt_string; thread: the last of them */
    uint32_t group;        /* mt_string, "": the default group */
    uint32_t file, line;   /* mt_string: where the first of them began; "": not known */
    uint32_t error;        /* mt_string: what the program said of the latest that failed, or "" */
    uint32_t n_threads;    /* 0: 1 */
    bool is_process;       /* it counts all threads, and not only the one that began it */
    bool has_spread;       /* min and squares were measured: older recorders did not */
    uint64_t count, recursive;
    uint64_t unmeasured; /* of count: the others were measured, and the sums are estimates */
    uint64_t errors;     /* scopes that the program has said have failed */
    uint64_t misuses;    /* scopes that were ended by something else than their own end */
    /* Scopes in which nothing was allocated or freed: only their times are in buckets. */
    uint64_t idle;
    int64_t sum[MT_N_SCOPE_VALUES], max[MT_N_SCOPE_VALUES], own[MT_N_SCOPE_VALUES];
    int64_t min[MT_N_SCOPE_VALUES];
    struct mt_scope_squares squares[MT_N_SCOPE_VALUES]; /* sums of the squares */
    /* Of the one that ended last: live bytes of the process at its two ends, and when. */
    int64_t latest_before_bytes, latest_after_bytes;
    uint64_t latest_ns, error_ns; /* on the process's clock; 0: there is none */
    uint32_t first_bucket, n_buckets;
};

struct mt_scope_event {
    uint64_t serial;  /* of the scope, within the process */
    uint64_t time_ns; /* when it began, since the start of the recording */
    uint64_t duration_ns;
    int64_t net_bytes, peak_bytes;
    uint32_t name; /* mt_string */
    uint32_t tid;  /* that ended it */
    uint32_t first_key, n_keys;
};

/* This is a scope that had not ended when the profile was made. */
struct mt_scope_open {
    uint32_t name, thread; /* mt_string */
    bool is_process;
    uint64_t time_ns; /* when it began, since the start of the recording */
    int64_t net_bytes;
    int64_t peak_bytes; /* at least so much: the latest highest may not have been noted yet */
    uint64_t allocated_bytes, allocated_blocks;
};

struct mt_scope_key {
    uint32_t key, value; /* mt_string */
};

struct mt_counter {
    uint64_t time_ns; /* since the start of the recording */
    int64_t value;
    uint32_t name; /* mt_string */
    uint32_t tid;
};

/* This is what a figure of the program's own has come to: the last value of a counter, or the bytes
 * that a cache has. Its course is in the counters. */
struct mt_scope_tally {
    uint32_t name;                  /* mt_string */
    uint32_t kind;                  /* enum mt_tally_kind; any other value from a newer version */
    int64_t value, lowest, highest; /* lowest and highest: of all values */
    uint64_t changes;
    uint64_t time_ns; /* of the latest change, since the start of the recording */
};

/* This is a name that stands for a function until its location has lines: see
 * view/symbols/scopes.h. */
struct mt_scope_function {
    uint32_t name; /* mt_string */
    uint32_t location;
};

/* These are the calls of a function that is a scope by that of its parent: see struct mt_call in
 * ledger/layout.h. All threads are added up. */
struct mt_scope_call {
    uint32_t name;   /* mt_string, as in struct mt_scope_function */
    uint32_t parent; /* number of a call before it, + 1; 0: it is not known what called it */
    bool is_cut;     /* it stands for any call of the function, whatever called that */
    uint64_t count, outermost;
    int64_t sum[MT_N_CALL_VALUES], own[MT_N_CALL_VALUES];
};

struct mt_scopes {
    struct mt_scope *totals;
    size_t n_totals;
    struct mt_scope_bucket *buckets;
    size_t n_buckets;
    struct mt_scope_event *events; /* in the order in which they ended */
    size_t n_events;
    struct mt_scope_key *keys;
    size_t n_keys;
    struct mt_counter *counters; /* in the order in which they were set */
    size_t n_counters;
    struct mt_scope_tally *tallies; /* in the order in which they came to be */
    size_t n_tallies;
    struct mt_scope_open *open; /* for each thread, the outermost first */
    size_t n_open;
    struct mt_scope_function *functions;
    size_t n_functions;
    struct mt_scope_call *calls; /* parents come first */
    size_t n_calls;
    uint64_t events_seen;  /* number of events of all kinds that have been; the latest are kept */
    uint32_t event_sample; /* one scope in so many is an event; 0: none */
    bool has_cpu;          /* MT_SCOPE_CPU_NS was measured */
    struct {
        size_t totals, buckets, events, keys, counters, tallies, open, functions, calls;
    } capacity; /* private */
};

/* Were some scopes only counted, so that sums are estimates? Calls have no such count of their own:
 * functions are scopes. */
bool mt_profile_scopes_are_estimates(const struct mt_scopes *scopes);
#define MT_SCOPES_ESTIMATED "one scope in several was measured, and stands for the others"

/* Frees what it points to, and leaves it empty. */
void mt_profile_scopes_free(struct mt_scopes *scopes);

/* These append a copy. They return 0, -MEMTRACK_ENOMEM, or -MEMTRACK_ELIMIT when indexes no
 * longer fit 32 bits. The buckets of the totals that were added last, and the keys of the event
 * that was added last, are those added after it. */
int mt_profile_scopes_add_totals(struct mt_scopes *scopes, const struct mt_scope *totals);
int mt_profile_scopes_add_bucket(struct mt_scopes *scopes, const struct mt_scope_bucket *bucket);
int mt_profile_scopes_add_event(struct mt_scopes *scopes, const struct mt_scope_event *event);
int mt_profile_scopes_add_key(struct mt_scopes *scopes, const struct mt_scope_key *key);
int mt_profile_scopes_add_counter(struct mt_scopes *scopes, const struct mt_counter *counter);
int mt_profile_scopes_add_tally(struct mt_scopes *scopes, const struct mt_scope_tally *tally);
int mt_profile_scopes_add_open(struct mt_scopes *scopes, const struct mt_scope_open *open);
int mt_profile_scopes_add_function(struct mt_scopes *scopes,
                                   const struct mt_scope_function *function);
int mt_profile_scopes_add_call(struct mt_scopes *scopes, const struct mt_scope_call *call);

/* Returns whether the program has said anything at all. */
bool mt_profile_scopes_is_empty(const struct mt_scopes *scopes);

#endif
