/* SPDX-License-Identifier: MIT */
/*
 * Scopes, to and from Scopes messages. Totals with long histograms and events with many keys differ
 * in size by orders of magnitude, so a message ends when it has enough of either; what it points to
 * is made for one message at a time, in one block: pointers, messages, columns.
 *
 *   totals …  │ totals …  │ events … │ events … │ counters …        each box is a message
 */
#include <stdlib.h>
#include <string.h>

#include "profile/pprof/pprof-local.h"

enum { MOST_ITEMS = 1024, MOST_PARTS = 1 << 14 };
enum { NEGATIVE = 1 << 12, BUCKETS = 1 << MT_BUCKET_BITS, VALUE_SHIFT = 13 };

/* ---- writing --------------------------------------------------------------------------------- */

/* Returns how many items from the first one on go into one message: at least one. */
static size_t run_of_totals(const struct mt_scopes *scopes, size_t first, size_t *n_buckets) {
    size_t n = 0;
    *n_buckets = 0;
    while (first + n < scopes->n_totals && n < MOST_ITEMS && *n_buckets < MOST_PARTS)
        *n_buckets += scopes->totals[first + n++].n_buckets;
    return n;
}

static size_t run_of_events(const struct mt_scopes *scopes, size_t first, size_t *n_keys) {
    size_t n = 0;
    *n_keys = 0;
    while (first + n < scopes->n_events && n < MOST_ITEMS && *n_keys < MOST_PARTS)
        *n_keys += scopes->events[first + n++].n_keys;
    return n;
}

_Static_assert(sizeof(struct mt_scope_squares) == 2 * sizeof(uint64_t),
               "the squares are pairs of numbers");

static void fill_spread(const struct mt_scope *from, Pprof__ScopeTotals *to) {
    if (!from->has_spread)
        return;
    to->n_min = MT_N_SCOPE_VALUES;
    to->n_squares = (size_t)2 * MT_N_SCOPE_VALUES;
    to->min = (int64_t *)(uintptr_t)from->min; /* packing only reads */
    to->squares = (uint64_t *)(uintptr_t)from->squares;
}

static void fill_totals(const struct mt_profile *profile, const struct mt_scope *from,
                        Pprof__ScopeTotals *to, uint64_t *counts, uint32_t *buckets) {
    pprof__scope_totals__init(to);
    to->name = mt_pprof_text(profile, from->name);
    to->thread = mt_pprof_text(profile, from->thread);
    to->n_threads = from->n_threads;
    to->is_process = from->is_process;
    to->count = from->count;
    to->errors = from->errors;
    to->misuses = from->misuses;
    to->recursive = from->recursive;
    to->unmeasured = from->unmeasured;
    to->idle = from->idle;
    to->group = mt_pprof_text(profile, from->group);
    to->file = mt_pprof_text(profile, from->file);
    to->line = from->line;
    to->error = mt_pprof_text(profile, from->error);
    to->error_ns = from->error_ns;
    to->latest_before_bytes = from->latest_before_bytes;
    to->latest_after_bytes = from->latest_after_bytes;
    to->latest_ns = from->latest_ns;
    fill_spread(from, to);
    to->n_sum = to->n_max = to->n_own = MT_N_SCOPE_VALUES;
    to->sum = (int64_t *)(uintptr_t)from->sum; /* packing only reads */
    to->max = (int64_t *)(uintptr_t)from->max;
    to->own = (int64_t *)(uintptr_t)from->own;
    to->n_bucket = to->n_bucket_count = from->n_buckets;
    to->bucket_count = counts;
    to->bucket = buckets;
    for (size_t i = 0; i < from->n_buckets; i++) {
        const struct mt_scope_bucket *b = &profile->info.scopes.buckets[from->first_bucket + i];
        counts[i] = b->count;
        buckets[i] = (uint32_t)b->value << VALUE_SHIFT | (b->is_negative ? NEGATIVE : 0) |
                     (b->bucket & (BUCKETS - 1));
    }
}

static int write_totals(const struct mt_profile *profile, size_t first, size_t n, size_t n_buckets,
                        mt_pprof_emit *emit, void *context) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    Pprof__Scopes message = PPROF__SCOPES__INIT;
    Pprof__ScopeTotals **list = malloc(n * (sizeof *list + sizeof **list) +
                                       n_buckets * (sizeof(uint64_t) + sizeof(uint32_t)) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    Pprof__ScopeTotals *totals = (Pprof__ScopeTotals *)(list + n);
    uint64_t *counts = (uint64_t *)(totals + n);
    uint32_t *buckets = (uint32_t *)(counts + n_buckets);
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope *from = &scopes->totals[first + i];
        list[i] = &totals[i];
        fill_totals(profile, from, list[i], counts, buckets);
        counts += from->n_buckets;
        buckets += from->n_buckets;
    }
    message.n_totals = n;
    message.totals = list;
    int status = emit(context, MT_PPROF_SCOPES, &message.base);
    free(list);
    return status;
}

static void fill_event(const struct mt_profile *profile, const struct mt_scope_event *from,
                       Pprof__ScopeEvent *to, ProtobufCBinaryData *keys,
                       ProtobufCBinaryData *values) {
    pprof__scope_event__init(to);
    to->serial = from->serial;
    to->time_ns = from->time_ns;
    to->duration_ns = from->duration_ns;
    to->net_bytes = from->net_bytes;
    to->peak_bytes = from->peak_bytes;
    to->name = mt_pprof_text(profile, from->name);
    to->tid = from->tid;
    to->n_key = to->n_value = from->n_keys;
    to->key = keys;
    to->value = values;
    for (size_t i = 0; i < from->n_keys; i++) {
        const struct mt_scope_key *key = &profile->info.scopes.keys[from->first_key + i];
        keys[i] = mt_pprof_text(profile, key->key);
        values[i] = mt_pprof_text(profile, key->value);
    }
}

static int write_events(const struct mt_profile *profile, size_t first, size_t n, size_t n_keys,
                        mt_pprof_emit *emit, void *context) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    Pprof__Scopes message = PPROF__SCOPES__INIT;
    Pprof__ScopeEvent **list =
        malloc(n * (sizeof *list + sizeof **list) + 2 * n_keys * sizeof(ProtobufCBinaryData) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    Pprof__ScopeEvent *events = (Pprof__ScopeEvent *)(list + n);
    ProtobufCBinaryData *keys = (ProtobufCBinaryData *)(events + n), *values = keys + n_keys;
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_event *from = &scopes->events[first + i];
        list[i] = &events[i];
        fill_event(profile, from, list[i], keys, values);
        keys += from->n_keys;
        values += from->n_keys;
    }
    message.n_event = n;
    message.event = list;
    int status = emit(context, MT_PPROF_SCOPES, &message.base);
    free(list);
    return status;
}

static int write_counters(const struct mt_profile *profile, size_t first, size_t n,
                          mt_pprof_emit *emit, void *context) {
    Pprof__Scopes message = PPROF__SCOPES__INIT;
    Pprof__Counter **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct mt_counter *from = &profile->info.scopes.counters[first + i];
        list[i] = (Pprof__Counter *)(list + n) + i;
        pprof__counter__init(list[i]);
        list[i]->time_ns = from->time_ns;
        list[i]->value = from->value;
        list[i]->name = mt_pprof_text(profile, from->name);
        list[i]->tid = from->tid;
    }
    message.n_counter = n;
    message.counter = list;
    int status = emit(context, MT_PPROF_SCOPES, &message.base);
    free(list);
    return status;
}

static int write_tallies(const struct mt_profile *profile, size_t first, size_t n,
                         mt_pprof_emit *emit, void *context) {
    Pprof__Scopes message = PPROF__SCOPES__INIT;
    Pprof__Tally **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_tally *from = &profile->info.scopes.tallies[first + i];
        list[i] = (Pprof__Tally *)(list + n) + i;
        pprof__tally__init(list[i]);
        list[i]->name = mt_pprof_text(profile, from->name);
        list[i]->kind = from->kind;
        list[i]->value = from->value;
        list[i]->lowest = from->lowest;
        list[i]->highest = from->highest;
        list[i]->changes = from->changes;
        list[i]->time_ns = from->time_ns;
    }
    message.n_tally = n;
    message.tally = list;
    int status = emit(context, MT_PPROF_SCOPES, &message.base);
    free(list);
    return status;
}

static int write_open(const struct mt_profile *profile, size_t first, size_t n, mt_pprof_emit *emit,
                      void *context) {
    Pprof__Scopes message = PPROF__SCOPES__INIT;
    Pprof__OpenScope **list = malloc(n * (sizeof *list + sizeof **list) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_open *from = &profile->info.scopes.open[first + i];
        list[i] = (Pprof__OpenScope *)(list + n) + i;
        pprof__open_scope__init(list[i]);
        list[i]->name = mt_pprof_text(profile, from->name);
        list[i]->thread = mt_pprof_text(profile, from->thread);
        list[i]->is_process = from->is_process;
        list[i]->time_ns = from->time_ns;
        list[i]->net_bytes = from->net_bytes;
        list[i]->peak_bytes = from->peak_bytes;
        list[i]->allocated_bytes = from->allocated_bytes;
        list[i]->allocated_blocks = from->allocated_blocks;
    }
    message.n_open = n;
    message.open = list;
    int status = emit(context, MT_PPROF_SCOPES, &message.base);
    free(list);
    return status;
}

int mt_pprof_scopes_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    if (mt_profile_scopes_is_empty(scopes))
        return 0;
    Pprof__Scopes head = PPROF__SCOPES__INIT;
    head.events_seen = scopes->events_seen;
    head.event_sample = scopes->event_sample;
    head.has_cpu = scopes->has_cpu;
    int status = emit(context, MT_PPROF_SCOPES, &head.base);
    size_t n, parts;
    for (size_t i = 0; status == 0 && i < scopes->n_totals; i += n) {
        n = run_of_totals(scopes, i, &parts);
        status = write_totals(profile, i, n, parts, emit, context);
    }
    for (size_t i = 0; status == 0 && i < scopes->n_events; i += n) {
        n = run_of_events(scopes, i, &parts);
        status = write_events(profile, i, n, parts, emit, context);
    }
    for (size_t i = 0; status == 0 && i < scopes->n_counters; i += n) {
        n = scopes->n_counters - i < MOST_ITEMS ? scopes->n_counters - i : MOST_ITEMS;
        status = write_counters(profile, i, n, emit, context);
    }
    for (size_t i = 0; status == 0 && i < scopes->n_tallies; i += n) {
        n = scopes->n_tallies - i < MOST_ITEMS ? scopes->n_tallies - i : MOST_ITEMS;
        status = write_tallies(profile, i, n, emit, context);
    }
    for (size_t i = 0; status == 0 && i < scopes->n_open; i += n) {
        n = scopes->n_open - i < MOST_ITEMS ? scopes->n_open - i : MOST_ITEMS;
        status = write_open(profile, i, n, emit, context);
    }
    return status == 0 ? mt_pprof_calls_write(profile, emit, context) : status;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Values that a newer version has added are left out, and those that an older one did not have
 * are 0. */
static void read_values(int64_t *to, const int64_t *from, size_t n) {
    for (size_t i = 0; i < MT_N_SCOPE_VALUES; i++)
        to[i] = i < n ? from[i] : 0;
}

static int read_buckets(struct mt_scopes *scopes, const Pprof__ScopeTotals *from) {
    int status = from->n_bucket == from->n_bucket_count ? 0 : -MEMTRACK_EFORMAT;
    for (size_t i = 0; status == 0 && i < from->n_bucket; i++) {
        struct mt_scope_bucket bucket = {
            .count = from->bucket_count[i],
            .bucket = (uint16_t)(from->bucket[i] & (BUCKETS - 1)),
            .is_negative = (from->bucket[i] & NEGATIVE) != 0,
            .value = (uint8_t)(from->bucket[i] >> VALUE_SHIFT < MT_N_SCOPE_VALUES
                                   ? from->bucket[i] >> VALUE_SHIFT
                                   : MT_N_SCOPE_VALUES),
        };
        if (bucket.value < MT_N_SCOPE_VALUES)
            status = mt_profile_scopes_add_bucket(scopes, &bucket);
    }
    return status;
}

static void read_spread(struct mt_scope *to, const Pprof__ScopeTotals *from) {
    to->has_spread = from->n_min == MT_N_SCOPE_VALUES && from->n_squares == sizeof to->squares / 8;
    if (!to->has_spread)
        return;
    memcpy(to->min, from->min, sizeof to->min);
    memcpy(to->squares, from->squares, sizeof to->squares);
}

static int read_totals(struct mt_profile *profile, const Pprof__ScopeTotals *from) {
    int status = 0;
    struct mt_scope totals = {
        .name = mt_pprof_text_take(profile, from->name, &status),
        .thread = mt_pprof_text_take(profile, from->thread, &status),
        .n_threads = from->n_threads,
        .is_process = from->is_process,
        .count = from->count,
        .errors = from->errors,
        .misuses = from->misuses,
        .recursive = from->recursive,
        .unmeasured = from->unmeasured,
        .idle = from->idle,
        .group = mt_pprof_text_take(profile, from->group, &status),
        .file = mt_pprof_text_take(profile, from->file, &status),
        .line = from->line,
        .error = mt_pprof_text_take(profile, from->error, &status),
        .error_ns = from->error_ns,
        .latest_before_bytes = from->latest_before_bytes,
        .latest_after_bytes = from->latest_after_bytes,
        .latest_ns = from->latest_ns,
    };
    read_spread(&totals, from);
    read_values(totals.sum, from->sum, from->n_sum);
    read_values(totals.max, from->max, from->n_max);
    read_values(totals.own, from->own, from->n_own);
    if (status == 0)
        status = mt_profile_scopes_add_totals(&profile->info.scopes, &totals);
    return status == 0 ? read_buckets(&profile->info.scopes, from) : status;
}

static int read_event(struct mt_profile *profile, const Pprof__ScopeEvent *from) {
    int status = 0;
    struct mt_scope_event event = {
        .serial = from->serial,
        .time_ns = from->time_ns,
        .duration_ns = from->duration_ns,
        .net_bytes = from->net_bytes,
        .peak_bytes = from->peak_bytes,
        .name = mt_pprof_text_take(profile, from->name, &status),
        .tid = from->tid,
    };
    if (from->n_key != from->n_value)
        return -MEMTRACK_EFORMAT;
    if (status == 0)
        status = mt_profile_scopes_add_event(&profile->info.scopes, &event);
    for (size_t i = 0; status == 0 && i < from->n_key; i++) {
        struct mt_scope_key key = {mt_pprof_text_take(profile, from->key[i], &status),
                                   mt_pprof_text_take(profile, from->value[i], &status)};
        if (status == 0)
            status = mt_profile_scopes_add_key(&profile->info.scopes, &key);
    }
    return status;
}

static int read_open(struct mt_profile *profile, const Pprof__OpenScope *from) {
    int status = 0;
    struct mt_scope_open open = {
        .name = mt_pprof_text_take(profile, from->name, &status),
        .thread = mt_pprof_text_take(profile, from->thread, &status),
        .is_process = from->is_process,
        .time_ns = from->time_ns,
        .net_bytes = from->net_bytes,
        .peak_bytes = from->peak_bytes,
        .allocated_bytes = from->allocated_bytes,
        .allocated_blocks = from->allocated_blocks,
    };
    return status == 0 ? mt_profile_scopes_add_open(&profile->info.scopes, &open) : status;
}

static int read_tally(struct mt_profile *profile, const Pprof__Tally *from) {
    int status = 0;
    struct mt_scope_tally tally = {
        .name = mt_pprof_text_take(profile, from->name, &status),
        .kind = from->kind,
        .value = from->value,
        .lowest = from->lowest,
        .highest = from->highest,
        .changes = from->changes,
        .time_ns = from->time_ns,
    };
    return status == 0 ? mt_profile_scopes_add_tally(&profile->info.scopes, &tally) : status;
}

int mt_pprof_scopes_read(struct mt_profile *profile, const Pprof__Scopes *message) {
    struct mt_scopes *scopes = &profile->info.scopes;
    int status = 0;
    if (message->events_seen > scopes->events_seen)
        scopes->events_seen = message->events_seen;
    if (message->event_sample > scopes->event_sample)
        scopes->event_sample = message->event_sample;
    scopes->has_cpu |= message->has_cpu;
    for (size_t i = 0; status == 0 && i < message->n_totals; i++)
        status = read_totals(profile, message->totals[i]);
    for (size_t i = 0; status == 0 && i < message->n_event; i++)
        status = read_event(profile, message->event[i]);
    for (size_t i = 0; status == 0 && i < message->n_counter; i++) {
        const Pprof__Counter *from = message->counter[i];
        struct mt_counter counter = {.time_ns = from->time_ns,
                                     .value = from->value,
                                     .name = mt_pprof_text_take(profile, from->name, &status),
                                     .tid = from->tid};
        if (status == 0)
            status = mt_profile_scopes_add_counter(scopes, &counter);
    }
    for (size_t i = 0; status == 0 && i < message->n_tally; i++)
        status = read_tally(profile, message->tally[i]);
    for (size_t i = 0; status == 0 && i < message->n_open; i++)
        status = read_open(profile, message->open[i]);
    if (status == 0 && message->calls)
        status = mt_pprof_calls_read(profile, message->calls);
    return status;
}
