/* SPDX-License-Identifier: MIT */
/*
 * Scopes of a ledger.
 *
 *   scope totals ──► info.scopes.totals, each with the used words of its histogram
 *   event ring ──order by number──► marks, counters, scopes that ended ◄──serial── keys
 *   open scopes, banks ──► info.scopes.open: what has been measured so far
 *
 * The ring is read twice: the number of an event is 0 while it is written, and another one
 * afterwards, so an event with the same number both times is whole. What a key says belongs to the
 * scope of its serial, which ends after it; keys of scopes that have not ended are left out.
 *
 * Rejected: following the numbers while the ring is read (the writer may be faster, and a second
 * reading settles it).
 */
#include "profile/ledger/scopes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/search.h"
#include "ledger/estimate.h"
#include "ledger/statistics.h"
#include "profile/ledger/calls.h"
#include "profile/ledger/sampling.h"
#include "profile/ledger/threads.h"

/* These bounds are for one scope. Sums of many are not bounded: recursive functions that ran for
 * hours have large ones. */
#define MOST (INT64_MAX / 4096)

/* A histogram has at most a word for each bucket, sign and value, and the writer doubles its table.
 * A hostile one could name the same table for each of its scopes. */
enum { MAX_HISTOGRAM_WORDS = 2 * 2 * MT_N_SCOPE_VALUES << MT_BUCKET_BITS, MAX_WORDS = 1 << 25 };

enum { MAX_KEYS = 256 /* of one scope */ };

struct taking {
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    struct mt_ledger_labels *names;
    const struct mt_ledger_threads *threads;
    size_t histogram_words; /* read so far, over all names */
    double scale;           /* of what the present one has allocated, when sampled; else 1 */
};

static int64_t bounded(int64_t value) {
    return value > MOST ? MOST : value < -MOST ? -MOST : value;
}

static uint64_t bounded_count(uint64_t count) {
    return count > (uint64_t)MOST ? (uint64_t)MOST : count;
}

/* ---- totals ---------------------------------------------------------------------------------- */

/*
 * When sampling, a thread's live bytes are estimates, and so are net and peak. What it has
 * allocated is the sum of the blocks that were recorded, and one of these stands for 1 / p blocks
 * of the scope's mean size. What was freed is what was allocated and is not left.
 */
static double scale_of(const struct taking *t, const struct mt_scope_totals *totals) {
    int64_t bytes = totals->value[MT_SCOPE_ALLOCATED_BYTES].sum,
            blocks = totals->value[MT_SCOPE_ALLOCATED_BLOCKS].sum;
    return bytes > 0 && blocks > 0 ? mt_ledger_sampling_scale(t->profile->info.sample_bytes,
                                                              (uint64_t)bytes, (uint64_t)blocks)
                                   : 1;
}

#define MOST_ESTIMATE 4.6e18 /* fits into an int64_t */

static int64_t scaled(int64_t value, double scale) {
    double estimate = round((double)value * scale);
    return fabs(estimate) < MOST_ESTIMATE ? (int64_t)estimate : value;
}

static void scale_values(int64_t value[MT_N_SCOPE_VALUES], double scale) {
    int64_t freed;
    if (scale == 1)
        return;
    value[MT_SCOPE_ALLOCATED_BYTES] = scaled(value[MT_SCOPE_ALLOCATED_BYTES], scale);
    value[MT_SCOPE_ALLOCATED_BLOCKS] = scaled(value[MT_SCOPE_ALLOCATED_BLOCKS], scale);
    if (__builtin_sub_overflow(value[MT_SCOPE_ALLOCATED_BYTES], value[MT_SCOPE_NET_BYTES],
                               &freed) ||
        freed < 0)
        freed = 0;
    value[MT_SCOPE_FREED_BYTES] = freed;
}

static bool is_counted(uint32_t value) {
    return value == MT_SCOPE_ALLOCATED_BYTES || value == MT_SCOPE_ALLOCATED_BLOCKS ||
           value == MT_SCOPE_FREED_BYTES;
}

static int take_words(struct taking *t, const uint64_t *words, size_t n) {
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct mt_scope_bucket bucket = {
            .count = words[i] & ((UINT64_C(1) << MT_BUCKET_COUNT_BITS) - 1),
            .bucket = (uint16_t)(words[i] >> MT_BUCKET_SHIFT & ((1u << MT_BUCKET_BITS) - 1)),
            .value = (uint8_t)(words[i] >> MT_BUCKET_VALUE_SHIFT),
            .is_negative = (words[i] & MT_BUCKET_NEGATIVE) != 0,
        };
        if (t->scale != 1 && is_counted(bucket.value))
            bucket.bucket = (uint16_t)memtrack_histogram_bucket(
                (uint64_t)scaled((int64_t)memtrack_histogram_begin(bucket.bucket), t->scale));
        if (bucket.count && bucket.value < MT_N_SCOPE_VALUES)
            rc = mt_profile_scopes_add_bucket(&t->profile->info.scopes, &bucket);
    }
    return rc;
}

static int take_histogram(struct taking *t, const struct mt_scope_totals *totals) {
    size_t n = totals->capacity;
    if (totals->histogram == 0 || n == 0)
        return 0;
    if (n > MAX_HISTOGRAM_WORDS)
        n = MAX_HISTOGRAM_WORDS;
    if (n > MAX_WORDS - t->histogram_words)
        n = MAX_WORDS - t->histogram_words;
    t->histogram_words += n;
    uint64_t *words = malloc(n * sizeof *words + 1);
    if (!words)
        return -MEMTRACK_ENOMEM;
    size_t bytes = mt_ledger_read_address(t->ledger, totals->histogram, words, n * sizeof *words);
    int rc = take_words(t, words, bytes / sizeof *words);
    free(words);
    return rc;
}

/* ---- spread ---- */

/* Estimates the sum of the squares of n values that are scaled by the same factor, from their
 * deviation, which scales as they do, and their mean. */
static struct mt_scope_squares scaled_squares(uint64_t n, int64_t old_sum, int64_t new_sum,
                                              const struct mt_scope_squares *old) {
    double factor = old_sum != 0 ? (double)new_sum / (double)old_sum : 1;
    double deviation = factor * memtrack_histogram_deviation(n, old_sum, old->low, old->high);
    double mean = n != 0 ? (double)new_sum / (double)n : 0;
    double squares = (double)n * (deviation * deviation + mean * mean);
    __extension__ typedef unsigned __int128 wide;
    wide sum = squares > 0 && squares < 1.7e38 ? (wide)squares : 0;
    return (struct mt_scope_squares){(uint64_t)sum, (uint64_t)(sum >> 64)};
}

static void scale_spread(struct mt_scope *scope, const int64_t old_sum[MT_N_SCOPE_VALUES],
                         double scale) {
    for (uint32_t v = 0; scale != 1 && v < MT_N_SCOPE_VALUES; v++) {
        if (!is_counted(v))
            continue;
        scope->max[v] = bounded(scaled(scope->max[v], scale));
        scope->min[v] = bounded(scaled(scope->min[v], scale));
        scope->squares[v] = scaled_squares(scope->count - scope->recursive, old_sum[v],
                                           scope->sum[v], &scope->squares[v]);
    }
}

/* ---- a record ---- */

static mt_string error_of(struct taking *t, const struct mt_scope_totals *totals) {
    char text[MT_ERROR_BYTES];
    if (totals->errors == 0 || totals->error_text == 0)
        return 0;
    size_t bytes = mt_ledger_read_address(t->ledger, totals->error_text, text, sizeof text);
    return mt_profile_intern_n(t->profile, text, strnlen(text, bytes));
}

static int take_totals(struct taking *t, const struct mt_scope_totals *totals) {
    uint64_t count = bounded_count(totals->count);
    struct mt_scope scope = {
        .name = mt_ledger_labels_text(t->names, totals->name),
        .thread = mt_ledger_threads_of_bank(t->threads, totals->bank),
        .group = mt_ledger_labels_text(t->names, totals->group),
        .file = mt_ledger_labels_text(t->names, totals->file),
        .line = totals->line,
        .error = error_of(t, totals),
        .error_ns = totals->error_ns,
        .n_threads = totals->n_threads,
        .is_process = totals->is_process != 0,
        .has_spread = true,
        .count = count,
        .recursive = totals->recursive < count ? totals->recursive : count,
        .unmeasured = totals->unmeasured < count ? totals->unmeasured : count,
        .errors = bounded_count(totals->errors),
        .misuses = bounded_count(totals->misuses),
        .idle = bounded_count(totals->idle),
        .latest_before_bytes = bounded(totals->latest_before_bytes),
        .latest_after_bytes = bounded(totals->latest_after_bytes),
        .latest_ns = totals->latest_ns,
    };
    int64_t sum[MT_N_SCOPE_VALUES];
    if (scope.name == UINT32_MAX || scope.group == UINT32_MAX || scope.file == UINT32_MAX ||
        scope.error == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        const struct mt_scope_sums *from = &totals->value[v];
        scope.sum[v] = sum[v] = from->sum;
        scope.max[v] = bounded(from->max);
        scope.min[v] = bounded(from->min);
        scope.own[v] = from->own;
        scope.squares[v] = (struct mt_scope_squares){from->square_low, from->square_high};
    }
    t->scale = scale_of(t, totals);
    scale_values(scope.sum, t->scale);
    scale_values(scope.own, t->scale);
    scale_spread(&scope, sum, t->scale);
    int rc = mt_profile_scopes_add_totals(&t->profile->info.scopes, &scope);
    return rc == 0 ? take_histogram(t, totals) : rc;
}

/* The epoch from which on records of a group are of now: see struct mt_scope_totals. */
static uint64_t epoch_of_group(struct taking *t, mt_name_id group) {
    uint64_t all = mt_ledger_info(t->ledger)->scopes_clear_epoch;
    struct mt_name name;
    if (mt_ledger_read_items(t->ledger, MT_EXTENT_NAMES, group, 1, &name) == 0)
        return all;
    return name.reset_epoch > all ? name.reset_epoch : all;
}

/* Reads the record, and after it the same once more: only then are a table and its size known to
 * belong together. Two that are the same are one that nobody has changed meanwhile. */
static bool read_totals(struct taking *t, size_t i, struct mt_scope_totals *totals) {
    struct mt_scope_totals again;
    for (int tries = 0; tries < 4; tries++) {
        if (mt_ledger_read_items(t->ledger, MT_EXTENT_SCOPES, i, 1, totals) == 0)
            return false;
        mt_ledger_read_items(t->ledger, MT_EXTENT_SCOPES, i, 1, &again);
        /* Both are copies of the same bytes: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (memcmp(&again, totals, sizeof again) == 0)
            break;
        if (again.histogram != totals->histogram)
            totals->capacity = 0;
    }
    return totals->name && totals->count && totals->epoch >= epoch_of_group(t, totals->group);
}

static int take_all_totals(struct taking *t) {
    size_t n = mt_ledger_info(t->ledger)->n_scopes;
    struct mt_scope_totals totals;
    int rc = 0;
    for (size_t i = 1; i < n && rc == 0; i++)
        if (read_totals(t, i, &totals)) {
            mt_estimate_totals(&totals);
            rc = take_totals(t, &totals);
        }
    return rc;
}

/* ---- events ---------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b) {
    const struct mt_event *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Sorts by scope; keys of one scope stay in the order in which they were set. */
static int compare_keys(const void *a, const void *b) {
    const struct mt_event *x = a, *y = b;
    return x->scope != y->scope ? (x->scope < y->scope ? -1 : 1) : compare_numbers(a, b);
}

static bool is_among(const struct mt_event *const *list, size_t n, mt_name_id name) {
    while (n > 0)
        if (list[--n]->name == name)
            return true;
    return false;
}

/* Puts the last value of each key to the front of keys, the one that was set last first. */
static size_t latest_values(const struct mt_event *keys, size_t n, uint64_t serial,
                            const struct mt_event *latest[MAX_KEYS]) {
    size_t end = 0, n_latest = 0;
    while (end < n && keys[end].scope == serial)
        end++;
    while (end-- > 0 && n_latest < MAX_KEYS)
        if (!is_among(latest, n_latest, keys[end].name))
            latest[n_latest++] = &keys[end];
    return n_latest;
}

static int take_keys(struct taking *t, uint64_t serial, const struct mt_event *keys, size_t n) {
    size_t low = MT_PARTITION_POINT(i, n, keys[i].scope < serial);
    const struct mt_event *latest[MAX_KEYS];
    size_t n_latest = latest_values(keys + low, n - low, serial, latest);
    int rc = 0;
    while (n_latest > 0 && rc == 0) {
        const struct mt_event *set = latest[--n_latest];
        struct mt_scope_key key = {mt_ledger_labels_text(t->names, set->name),
                                   mt_ledger_labels_text(t->names, set->text)};
        if (key.key == UINT32_MAX || key.value == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        rc = mt_profile_scopes_add_key(&t->profile->info.scopes, &key);
    }
    return rc;
}

static int take_event(struct taking *t, const struct mt_event *event, const struct mt_event *keys,
                      size_t n_keys) {
    mt_string name = mt_ledger_labels_text(t->names, event->name);
    if (name == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    if (event->kind == MT_EVENT_MARK)
        return mt_profile_add_mark(t->profile, event->time_ns, mt_profile_text(t->profile, name),
                                   MT_MARK_PROGRAM);
    if (event->kind == MT_EVENT_COUNTER) {
        struct mt_counter counter = {event->time_ns, event->value, name, event->tid};
        return mt_profile_scopes_add_counter(&t->profile->info.scopes, &counter);
    }
    struct mt_scope_event scope = {
        .serial = event->scope,
        .time_ns = event->time_ns,
        .duration_ns = event->duration_ns,
        .net_bytes = bounded(event->value),
        .peak_bytes = bounded(event->peak_bytes),
        .name = name,
        .tid = event->tid,
    };
    int rc = mt_profile_scopes_add_event(&t->profile->info.scopes, &scope);
    return rc == 0 ? take_keys(t, event->scope, keys, n_keys) : rc;
}

/* Marks and counters are of the time axis, which goes on when all is cleared. */
static bool is_of_timeline(uint32_t kind) {
    return kind == MT_EVENT_MARK || kind == MT_EVENT_COUNTER;
}

/* Moves the events that are whole, and not cleared, to the front, in order, and behind them the keys by scope.
 * Returns how many events there are. */
static size_t order_events(struct mt_event *events, const struct mt_event *again, size_t n,
                           uint64_t cleared, size_t *n_keys) {
    size_t n_whole = 0, n_others = 0;
    for (size_t i = 0; i < n; i++)
        if (events[i].number && events[i].number == again[i].number &&
            events[i].kind >= MT_EVENT_SCOPE && events[i].kind <= MT_EVENT_COUNTER &&
            (events[i].number > cleared || is_of_timeline(events[i].kind)))
            events[n_whole++] = events[i];
    for (size_t i = 0; i < n_whole; i++)
        if (events[i].kind != MT_EVENT_SET) {
            struct mt_event other = events[i];
            events[i] = events[n_others];
            events[n_others++] = other;
        }
    *n_keys = n_whole - n_others;
    qsort(events, n_others, sizeof *events, compare_numbers);
    qsort(events + n_others, *n_keys, sizeof *events, compare_keys);
    return n_others;
}

static int take_events(struct taking *t) {
    size_t n = 0, n_again = 0, n_keys = 0;
    if (mt_ledger_info(t->ledger)->events_seen == 0)
        return 0;
    struct mt_event *events = mt_ledger_load_items(t->ledger, MT_EXTENT_EVENTS, &n);
    struct mt_event *again = mt_ledger_load_items(t->ledger, MT_EXTENT_EVENTS, &n_again);
    int rc = events && again ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        n = order_events(events, again, n < n_again ? n : n_again,
                         mt_ledger_info(t->ledger)->cleared_events, &n_keys);
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = take_event(t, &events[i], events + n, n_keys);
    }
    free(events);
    free(again);
    return rc;
}

/* ---- open scopes ----------------------------------------------------------------------------- */

static uint64_t bank_of(const struct mt_open_scope *open) {
    return open->serial >> MT_SCOPE_SERIAL_BITS;
}

/* Sorts by thread, the outermost first. */
static int compare_serials(const void *a, const void *b) {
    const struct mt_open_scope *x = a, *y = b;
    return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* Moves those that were open both times to the front. */
static size_t keep_open(struct mt_open_scope *items, const struct mt_open_scope *again, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (items[i].serial && items[i].serial == again[i].serial && items[i].name)
            items[kept++] = items[i];
    return kept;
}

/* Reads those of the thread with this bank, or of the process (bank 0). high is the most live
 * bytes that no scope has been told of. */
static struct mt_counters counters_now(struct taking *t, uint64_t bank_id, int64_t *high) {
    struct mt_counters sum = {0};
    struct mt_bank bank;
    uint64_t epoch = mt_ledger_info(t->ledger)->control.clear_epoch;
    size_t first = bank_id ? (size_t)bank_id : 1, end = bank_id ? first + 1 : t->threads->n_banks;
    *high = INT64_MIN;
    for (size_t i = first; i < end; i++)
        if (mt_ledger_read_items(t->ledger, MT_EXTENT_BANKS, i, 1, &bank) == 1 &&
            (bank_id || bank.clear_epoch == epoch)) {
            mt_counters_add(&sum, &bank.counters, 1);
            if (end - first == 1 && bank.scope_high != INT64_MAX)
                *high = bank.scope_high;
        }
    if (*high < sum.live_bytes)
        *high = sum.live_bytes;
    return sum;
}

static int64_t change(int64_t now, int64_t then) {
    return bounded((int64_t)((uint64_t)now - (uint64_t)then));
}

/* high is the highest live bytes since it began that are known from the scopes inside of it. */
static int take_one_open(struct taking *t, const struct mt_open_scope *from,
                         const struct mt_counters *now, int64_t high) {
    uint64_t start = mt_ledger_info(t->ledger)->start_own_ns;
    struct mt_scope_open open = {
        .name = mt_ledger_labels_text(t->names, from->name),
        .thread = mt_ledger_threads_of_bank(t->threads, bank_of(from)),
        .is_process = bank_of(from) == 0,
        .time_ns = from->begin_ns > start ? from->begin_ns - start : 0,
        .net_bytes = change(now->live_bytes, from->begin.live_bytes),
        .peak_bytes = change(high, from->begin.live_bytes),
        .allocated_bytes = bounded_count(now->allocated_bytes - from->begin.allocated_bytes),
        .allocated_blocks = bounded_count(now->allocated_blocks - from->begin.allocated_blocks),
    };
    if (open.name == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    if (from->is_attached && bounded(from->taken[MT_SCOPE_PEAK_BYTES]) > open.peak_bytes)
        open.peak_bytes = bounded(from->taken[MT_SCOPE_PEAK_BYTES]);
    if (open.peak_bytes < 0)
        open.peak_bytes = 0;
    double scale = mt_ledger_sampling_scale(t->profile->info.sample_bytes, open.allocated_bytes,
                                            open.allocated_blocks);
    open.allocated_bytes = (uint64_t)scaled((int64_t)open.allocated_bytes, scale);
    open.allocated_blocks = (uint64_t)scaled((int64_t)open.allocated_blocks, scale);
    return mt_profile_scopes_add_open(&t->profile->info.scopes, &open);
}

/* Handles those of one thread: what an inner scope has seen, those around it have seen, too. */
static int take_stack(struct taking *t, struct mt_open_scope *items, size_t n) {
    int64_t last_high, high;
    struct mt_counters now = counters_now(t, bank_of(items), &last_high);
    high = last_high;
    for (size_t i = n; i-- > 0;) {
        if (bank_of(items) == 0)
            high = last_high; /* those of the process are not inside of each other */
        if (items[i].high_bytes < high)
            items[i].high_bytes = high;
        high = items[i].high_bytes;
    }
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        if (items[i].begin_ns) /* others are about to begin, or are only counted */
            rc = take_one_open(t, &items[i], &now, items[i].high_bytes);
    return rc;
}

static int take_open(struct taking *t) {
    size_t n = 0, n_again = 0;
    if (mt_ledger_info(t->ledger)->n_open == 0)
        return 0;
    struct mt_open_scope *items = mt_ledger_load_items(t->ledger, MT_EXTENT_OPEN, &n);
    struct mt_open_scope *again = mt_ledger_load_items(t->ledger, MT_EXTENT_OPEN, &n_again);
    int rc = items && again ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        n = keep_open(items, again, n < n_again ? n : n_again);
        qsort(items, n, sizeof *items, compare_serials);
    }
    for (size_t first = 0, end; first < n && rc == 0; first = end) {
        for (end = first + 1; end < n && bank_of(&items[end]) == bank_of(&items[first]);)
            end++;
        rc = take_stack(t, items + first, end - first);
    }
    free(items);
    free(again);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

int mt_ledger_scopes_take(struct mt_ledger *ledger, struct mt_ledger_labels *names,
                          const struct mt_ledger_threads *threads) {
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    struct taking t = {
        .ledger = ledger,
        .profile = names->paths->profile,
        .names = names,
        .threads = threads,
    };
    struct mt_scopes *scopes = &t.profile->info.scopes;
    scopes->events_seen = info->events_seen;
    scopes->event_sample = info->event_sample;
    scopes->has_cpu = (info->flags & MT_FLAG_SCOPE_CPU) != 0;
    int rc = take_all_totals(&t);
    if (rc == 0)
        rc = take_events(&t);
    if (rc == 0)
        rc = take_open(&t);
    return rc == 0 ? mt_ledger_calls_take(ledger, names, epoch_of_group(&t, 0)) : rc;
}
