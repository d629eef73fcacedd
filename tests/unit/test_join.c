/* SPDX-License-Identifier: MIT */
/* What processes did over time and measured of themselves, as one: the sum at every tick of any of
 * them, the composition at every moment between two of them, and scopes with their threads. The
 * expected numbers are added up here, by hand. */
#include "memtrack/histogram.h"
#include "profile-fixture.h"
#include "profile/join/join.h"
#include "view/at.h"
#include "view/scopes/rows.h"

#define MS    UINT64_C(1000000)
#define EPOCH UINT64_C(1000000000)
#define MOST  (2 * (INT64_C(1) << 50)) /* of two processes */

/* A process that began so many ms after the first one. Its one call path holds bytes[i] from its
 * i-th tick on, a tick each 10 ms, and it ends with the last one. */
static struct mt_profile *process_of(uint32_t pid, uint64_t begin_ms, const int64_t *bytes,
                                     size_t n) {
    struct mt_profile *p = mt_profile_new();
    assert_non_null(p);
    const struct mt_location location = {.address = 0x1000};
    int64_t index = mt_profile_add_location(p, &location);
    uint32_t frame = (uint32_t)index;
    struct mt_sample sample = {.value = {[MT_VALUE_LIVE_BYTES] = bytes[n - 1],
                                         [MT_VALUE_LIVE_BLOCKS] = 1,
                                         [MT_VALUE_PEAK_BYTES] = 100}};
    assert_int_equal(0, mt_profile_add_sample(p, &sample, &frame, 1));
    struct mt_profile_info *info = &p->info;
    info->is_memtrack = true;
    info->pid = pid;
    info->start_time_ns = EPOCH + begin_ms * MS;
    info->duration_ns = (n - 1) * 10 * MS;
    info->ticks = calloc(n, sizeof *info->ticks);
    info->changes = calloc(n, sizeof *info->changes);
    assert_non_null(info->ticks);
    assert_non_null(info->changes);
    for (size_t i = 0; i < n; i++) {
        info->ticks[i] = (struct mt_tick){.time_ns = i * 10 * MS,
                                          .live_bytes = bytes[i],
                                          .total_blocks = 10 * (i + 1),
                                          .rss_bytes = 1000 * pid,
                                          .anon_bytes = i == 0 ? 300 * pid : 0,
                                          .pss_bytes = i == 1 ? 500 * pid : 0,
                                          .swap_bytes = i == 1 ? 70 * pid : 0,
                                          .uss_bytes = i == 1 ? 40 * pid : 0};
        info->changes[i] = (struct mt_tick_change){
            .tick = (uint32_t)i, .live_bytes = bytes[i], .live_blocks = bytes[i] / 10};
    }
    info->n_ticks = info->n_changes = n;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        p->has_value[v] = true;
    return p;
}

static struct mt_profile *join_all(struct mt_profile **profiles, size_t n,
                                   struct mt_merge_keep keep) {
    struct mt_merge *merge = mt_join_new(&keep);
    assert_non_null(merge);
    for (size_t i = 0; i < n; i++) {
        char label[32];
        snprintf(label, sizeof label, "%u app", profiles[i]->info.pid);
        assert_int_equal(0, mt_merge_add(merge, profiles[i], label, profiles[i]->info.pid == 1));
        mt_profile_free(profiles[i]);
    }
    struct mt_profile *joined = mt_merge_finish(merge);
    assert_non_null(joined);
    return joined;
}

static int64_t live_at(const struct mt_profile *p, uint64_t ms) {
    const struct mt_at moment = {.kind = MT_AT_TIME, .time_ns = ms * MS};
    int64_t bytes[8] = {0}, blocks[8] = {0}, sum = 0;
    struct mt_error error = {{0}, {0}};
    assert_in_range(p->n_samples, 1, 8);
    assert_int_equal(0, mt_at_live(p, &moment, bytes, blocks, &error));
    for (size_t i = 0; i < p->n_samples; i++) {
        assert_int_equal(bytes[i] / 10, blocks[i]);
        sum += bytes[i];
    }
    return sum;
}

static int64_t tick_at(const struct mt_profile *p, uint64_t ms) {
    int64_t bytes = -1;
    for (size_t i = 0; i < p->info.n_ticks && p->info.ticks[i].time_ns <= ms * MS; i++)
        bytes = p->info.ticks[i].live_bytes;
    return bytes;
}

/* Of the first process from 0 to 40 ms, of the second from 15 to 25 ms, of the third from 22 ms on:
 * whatever the order in which they are added, and whether their samples stay apart. */
static void moments_add_up(void **state) {
    static const int64_t first[] = {10, 40, 20, 50, 30}, second[] = {100, 200},
                         third[] = {1000, 3000};
    static const struct {
        uint64_t ms;
        int64_t bytes;
    } moments[] = {{0, 10},    {9, 10},    {10, 40},   {14, 40},   {15, 140}, {20, 120}, {22, 1120},
                   {25, 1220}, {26, 1020}, {30, 1050}, {32, 3050}, {33, 50},  {40, 30}};
    (void)state;
    for (int order = 0; order < 4; order++) {
        struct mt_profile *list[] = {process_of(1, 0, first, 5), process_of(2, 15, second, 2),
                                     process_of(3, 22, third, 2)};
        if (order & 1) {
            struct mt_profile *swapped = list[0];
            list[0] = list[2];
            list[2] = swapped;
        }
        struct mt_profile *p =
            join_all(list, 3, (struct mt_merge_keep){.times = true, .processes = order & 2});
        assert_int_equal(order & 2 ? 3 : 1, p->n_samples);
        assert_int_equal(EPOCH, p->info.start_time_ns);
        assert_int_equal(40 * MS, p->info.duration_ns);
        assert_int_equal(0, p->info.n_notes);
        for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
            assert_int_equal(moments[i].bytes, live_at(p, moments[i].ms));
            assert_int_equal(moments[i].bytes, tick_at(p, moments[i].ms));
        }
        mt_profile_free(p);
    }
}

/* What was not read at a tick is as it was read last, and goes with the process; PSS, USS and swap stand
 * where one of them was asked. What was allocated stays allocated. */
static void usage_adds_up(void **state) {
    static const int64_t first[] = {10, 10, 10, 10}, second[] = {5, 5};
    struct mt_profile *list[] = {process_of(1, 0, first, 4), process_of(2, 15, second, 2)};
    (void)state;
    list[1]->info.ticks[1].rss_bytes = 0; /* the last one comes from the ledger */
    list[0]->info.tick_interval_ns = 2 * MS;
    list[1]->info.tick_interval_ns = 3 * MS;
    struct mt_profile *p = join_all(list, 2, (struct mt_merge_keep){.times = true});
    static const struct {
        uint64_t time_ns, total, rss, anon, pss, swap, uss;
    } expected[] = {
        {0, 10, 1000, 300, 0, 0, 0},
        {10 * MS, 20, 1000, 300, 500, 70, 40},
        {15 * MS, 30, 3000, 900, 0, 0, 0},
        {20 * MS, 40, 3000, 900, 0, 0, 0},
        {25 * MS, 50, 3000, 900, 1500, 210, 120},
        {25 * MS + 1, 50, 1000, 300, 0, 0, 0},
        {30 * MS, 60, 1000, 300, 0, 0, 0},
    };
    assert_int_equal(sizeof expected / sizeof *expected, p->info.n_ticks);
    for (size_t i = 0; i < p->info.n_ticks; i++) {
        const struct mt_tick *tick = &p->info.ticks[i];
        assert_int_equal(expected[i].time_ns, tick->time_ns);
        assert_int_equal(expected[i].total, tick->total_blocks);
        assert_int_equal(expected[i].rss, tick->rss_bytes);
        assert_int_equal(expected[i].anon, tick->anon_bytes);
        assert_int_equal(expected[i].pss, tick->pss_bytes);
        assert_int_equal(expected[i].swap, tick->swap_bytes);
        assert_int_equal(expected[i].uss, tick->uss_bytes);
    }
    assert_int_equal(3 * MS, p->info.tick_interval_ns);
    mt_profile_free(p);
}

/* What runs holds what it held when it was read last. */
static void what_runs_has_no_end(void **state) {
    static const int64_t first[] = {10, 10, 10, 10}, second[] = {5, 50};
    struct mt_profile *list[] = {process_of(1, 0, first, 4), process_of(2, 5, second, 2)};
    (void)state;
    list[1]->info.running = true;
    struct mt_profile *p = join_all(list, 2, (struct mt_merge_keep){.times = true});
    assert_int_equal(60, live_at(p, 30));
    assert_int_equal(60, tick_at(p, 30));
    mt_profile_free(p);
}

/* In a file they may; of those of one tick the last one counts. */
static void changes_come_in_any_order(void **state) {
    static const int64_t first[] = {10, 40, 20, 50};
    struct mt_profile *list[] = {process_of(1, 0, first, 4)};
    struct mt_tick_change *changes = list[0]->info.changes;
    (void)state;
    changes[3] = changes[1];
    changes[1] = (struct mt_tick_change){.tick = 1, .live_bytes = 990, .live_blocks = 99};
    struct mt_tick_change last = changes[2];
    changes[2] = changes[0];
    changes[0] = last;
    struct mt_profile *p = join_all(list, 1, (struct mt_merge_keep){.times = true});
    assert_int_equal(10, live_at(p, 5));
    assert_int_equal(40, live_at(p, 15));
    assert_int_equal(20, live_at(p, 25));
    mt_profile_free(p);
}

/* Marks are on the clock of the whole, in its order. */
static void marks_are_in_order(void **state) {
    static const int64_t bytes[] = {10, 10};
    struct mt_profile *list[] = {process_of(1, 0, bytes, 2), process_of(2, 5, bytes, 2)};
    (void)state;
    assert_int_equal(0, mt_profile_add_mark(list[0], 9 * MS, "later", MT_MARK_PROGRAM));
    assert_int_equal(0, mt_profile_add_mark(list[1], 1 * MS, "earlier", MT_MARK_PROGRAM));
    struct mt_profile *p = join_all(list, 2, (struct mt_merge_keep){.times = true});
    assert_int_equal(2, p->info.n_marks);
    assert_string_equal("earlier", mt_profile_text(p, p->info.marks[0].name));
    assert_int_equal(6 * MS, p->info.marks[0].time_ns);
    assert_string_equal("later", mt_profile_text(p, p->info.marks[1].name));
    assert_int_equal(9 * MS, p->info.marks[1].time_ns);
    mt_profile_free(p);
}

/* A process without a composition is missing at past moments, and that is said. One that never held
 * anything is not. */
static void what_is_missing_is_counted(void **state) {
    static const int64_t first[] = {10, 10}, second[] = {5, 5}, none[] = {0, 0};
    struct mt_profile *list[] = {process_of(1, 0, first, 2), process_of(2, 0, second, 2),
                                 process_of(3, 0, none, 2)};
    (void)state;
    list[1]->info.n_changes = list[2]->info.n_changes = 0;
    struct mt_profile *p = join_all(list, 3, (struct mt_merge_keep){.times = true});
    assert_int_equal(1, p->info.n_notes);
    assert_non_null(strstr(mt_profile_text(p, p->info.notes[0]), "1 of 3 processes"));
    assert_int_equal(10, live_at(p, 5));
    assert_int_equal(15, tick_at(p, 5));
    mt_profile_free(p);
}

/* Of more ticks than are kept the highest stay, and the composition at each of them is its own. */
static void many_ticks_are_thinned(void **state) {
    enum { N = 30000 };
    int64_t *bytes = calloc(N, sizeof *bytes);
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < N; i++)
        bytes[i] = (int64_t)(i * 7919 % 1000) * 10;
    bytes[12345] = 123450;
    struct mt_profile *list[] = {process_of(1, 0, bytes, N)};
    struct mt_profile *p = join_all(list, 1, (struct mt_merge_keep){.times = true});
    int64_t highest = 0;
    assert_in_range(p->info.n_ticks, 1000, 8000);
    for (size_t i = 0; i < p->info.n_ticks; i += 97) {
        uint64_t ms = p->info.ticks[i].time_ns / MS;
        assert_int_equal(bytes[ms / 10], p->info.ticks[i].live_bytes);
        assert_int_equal(bytes[ms / 10], live_at(p, ms));
    }
    for (size_t i = 0; i < p->info.n_ticks; i++)
        highest = p->info.ticks[i].live_bytes > highest ? p->info.ticks[i].live_bytes : highest;
    assert_int_equal(123450, highest);
    assert_int_equal(bytes[N - 1], p->info.ticks[p->info.n_ticks - 1].live_bytes);
    mt_profile_free(p);
    free(bytes);
}

/* A profile may hold any number: more than 2^50 bytes are taken for that many. */
static void hostile_numbers_stay_in_memory(void **state) {
    static const int64_t bytes[] = {1, INT64_MIN, INT64_MAX};
    struct mt_profile *list[] = {process_of(1, 0, bytes, 3), process_of(2, 0, bytes, 3)};
    (void)state;
    list[0]->info.start_time_ns = UINT64_MAX;
    list[0]->info.duration_ns = UINT64_MAX;
    list[0]->info.ticks[1].time_ns = UINT64_MAX;
    list[0]->info.changes[1].tick = 77;
    list[0]->info.changes[2].sample = 77;
    list[1]->info.changes[0].tick = 2;
    list[1]->info.changes[2].tick = 0;
    struct mt_profile *p = join_all(list, 2, (struct mt_merge_keep){.times = true, .scopes = true});
    for (size_t i = 1; i < p->info.n_ticks; i++)
        assert_true(p->info.ticks[i].time_ns > p->info.ticks[i - 1].time_ns);
    for (size_t i = 0; i < p->info.n_ticks; i++)
        assert_in_range(p->info.ticks[i].live_bytes + MOST, 0, 2 * MOST);
    for (size_t i = 0; i < p->info.n_changes; i++) {
        assert_true(p->info.changes[i].tick < p->info.n_ticks &&
                    p->info.changes[i].sample < p->n_samples);
        assert_in_range(p->info.changes[i].live_bytes + MOST, 0, 2 * MOST);
    }
    mt_profile_free(p);
}

/* ---- scopes ---------------------------------------------------------------------------------- */

static void add_scope(struct mt_profile *p, const char *thread, uint64_t count, int64_t bytes) {
    struct mt_scope totals = {.name = mt_profile_intern(p, "request"),
                              .thread = mt_profile_intern(p, thread),
                              .count = count};
    const struct mt_scope_bucket bucket = {.count = count,
                                           .bucket =
                                               (uint16_t)memtrack_histogram_bucket((uint64_t)bytes),
                                           .value = MT_SCOPE_ALLOCATED_BYTES};
    totals.sum[MT_SCOPE_ALLOCATED_BYTES] = bytes * (int64_t)count;
    totals.max[MT_SCOPE_ALLOCATED_BYTES] = bytes;
    assert_int_equal(0, mt_profile_scopes_add_totals(&p->info.scopes, &totals));
    assert_int_equal(0, mt_profile_scopes_add_bucket(&p->info.scopes, &bucket));
}

static void add_event(struct mt_profile *p, uint64_t ms, const char *value) {
    const struct mt_scope_event event = {.serial = 1,
                                         .time_ns = ms * MS,
                                         .duration_ns = MS,
                                         .name = mt_profile_intern(p, "request")};
    const struct mt_scope_key key = {mt_profile_intern(p, "key"), mt_profile_intern(p, value)};
    assert_int_equal(0, mt_profile_scopes_add_event(&p->info.scopes, &event));
    assert_int_equal(0, mt_profile_scopes_add_key(&p->info.scopes, &key));
}

static struct mt_profile *with_scopes(struct mt_merge_keep keep) {
    static const int64_t bytes[] = {10, 10};
    struct mt_profile *list[] = {process_of(1, 0, bytes, 2), process_of(2, 5, bytes, 2)};
    const struct mt_counter counter = {.value = 7, .name = mt_profile_intern(list[1], "queue")};
    const struct mt_profile_thread thread = {.tid = 2, .name = mt_profile_intern(list[1], "other")};
    mt_profile_intern(list[1], "so that indexes differ");
    add_scope(list[0], "1 app", 3, 8);
    add_scope(list[1], "2 app", 5, 64);
    add_scope(list[1], "9 worker", 1, 64);
    add_event(list[0], 7, "first");
    add_event(list[1], 1, "second"); /* at 6 ms of the whole */
    assert_int_equal(0, mt_profile_scopes_add_counter(&list[1]->info.scopes, &counter));
    list[1]->info.threads = malloc(sizeof thread);
    assert_non_null(list[1]->info.threads);
    list[1]->info.threads[0] = thread;
    list[1]->info.n_threads = 1;
    return join_all(list, 2, keep);
}

static void scopes_of_a_name_are_one_row(void **state) {
    struct mt_profile *p = with_scopes((struct mt_merge_keep){.scopes = true});
    struct mt_scopes_rows *rows;
    struct mt_error error = {{0}, {0}};
    (void)state;
    assert_int_equal(0, mt_scopes_rows_build(p, MT_SCOPE_BY_COUNT, &rows, &error));
    assert_int_equal(1, rows->n);
    assert_int_equal(9, rows->items[0].count);
    assert_int_equal(3, rows->items[0].n_threads);
    assert_int_equal(3 * 8 + 6 * 64, rows->items[0].value[MT_SCOPE_ALLOCATED_BYTES].sum);
    assert_int_equal(64, rows->items[0].value[MT_SCOPE_ALLOCATED_BYTES].p50);
    mt_scopes_rows_free(rows);
    const struct mt_scopes *scopes = &p->info.scopes;
    assert_int_equal(2, scopes->n_events);
    assert_int_equal(6 * MS, scopes->events[0].time_ns);
    assert_string_equal("second",
                        mt_profile_text(p, scopes->keys[scopes->events[0].first_key].value));
    assert_string_equal("first",
                        mt_profile_text(p, scopes->keys[scopes->events[1].first_key].value));
    for (size_t i = 0; i < 2; i++)
        assert_string_equal("key", mt_profile_text(p, scopes->keys[i].key));
    assert_true(scopes->events[0].serial != scopes->events[1].serial);
    assert_int_equal(5 * MS, scopes->counters[0].time_ns);
    assert_string_equal("queue (process 2)", mt_profile_text(p, scopes->counters[0].name));
    assert_int_equal(1, p->info.n_threads);
    assert_string_equal("other", mt_profile_text(p, p->info.threads[0].name));
    mt_profile_free(p);
}

static void scopes_apart_have_a_row_each(void **state) {
    struct mt_profile *p =
        with_scopes((struct mt_merge_keep){.scopes = true, .scopes_apart = true});
    struct mt_scopes_rows *rows;
    struct mt_error error = {{0}, {0}};
    (void)state;
    assert_int_equal(0, mt_scopes_rows_build(p, MT_SCOPE_BY_COUNT, &rows, &error));
    assert_int_equal(2, rows->n);
    assert_int_equal(6, rows->items[0].count);
    assert_string_equal("request (2 app)", mt_profile_text(p, rows->items[0].name));
    assert_int_equal(3, rows->items[1].count);
    assert_string_equal("request (1 app)", mt_profile_text(p, rows->items[1].name));
    mt_scopes_rows_free(rows);
    mt_profile_free(p);
}

/* A function that is a scope, and has no name yet. */
static void add_function(struct mt_profile *p) {
    const struct mt_location unused = {.address = 0x3000}, location = {.address = 0x2000};
    mt_profile_add_location(p, &unused);
    uint32_t index = (uint32_t)mt_profile_add_location(p, &location);
    const struct mt_scope_function function = {mt_profile_intern(p, "0x2000"), index};
    struct mt_scope_function nowhere = function;
    nowhere.location = 77;
    assert_int_equal(0, mt_profile_scopes_add_function(&p->info.scopes, &function));
    assert_int_equal(0, mt_profile_scopes_add_function(&p->info.scopes, &nowhere));
}

/* What else there is of scopes: in a profile whose texts are others than those of the first. */
static struct mt_profile *with_everything(void) {
    static const int64_t bytes[] = {10, 10};
    struct mt_profile *p = process_of(2, 5, bytes, 2);
    mt_profile_intern(p, "so that indexes differ");
    struct mt_scope totals = {.name = mt_profile_intern(p, "step"),
                              .thread = mt_profile_intern(p, "8 worker"),
                              .group = mt_profile_intern(p, "a group"),
                              .file = mt_profile_intern(p, "a.c"),
                              .error = mt_profile_intern(p, "no disk"),
                              .line = 12,
                              .count = 2};
    const struct mt_scope_open open = {.name = mt_profile_intern(p, "request"),
                                       .thread = mt_profile_intern(p, "9 worker"),
                                       .time_ns = 2 * MS};
    const struct mt_scope_tally tally = {
        .name = mt_profile_intern(p, "cache"), .value = 70, .time_ns = 3 * MS};
    struct mt_scopes *scopes = &p->info.scopes;
    assert_int_equal(0, mt_profile_scopes_add_totals(scopes, &totals));
    assert_int_equal(0, mt_profile_scopes_add_open(scopes, &open));
    assert_int_equal(0, mt_profile_scopes_add_tally(scopes, &tally));
    add_function(p);
    scopes->events_seen = 20;
    scopes->has_cpu = true;
    scopes->event_sample = 4;
    return p;
}

static void everything_of_scopes_goes_along(void **state) {
    static const int64_t bytes[] = {10, 10};
    struct mt_profile *list[] = {process_of(1, 0, bytes, 2), with_everything()};
    const struct mt_counter later = {9 * MS, 1, mt_profile_intern(list[0], "queue"), 1},
                            earlier = {1 * MS, 2, mt_profile_intern(list[1], "queue"), 2};
    const struct mt_location other = {.address = 0x4000};
    (void)state;
    mt_profile_add_location(list[0], &other);
    assert_int_equal(0, mt_profile_scopes_add_counter(&list[0]->info.scopes, &later));
    assert_int_equal(0, mt_profile_scopes_add_counter(&list[1]->info.scopes, &earlier));
    list[0]->info.scopes.events_seen = 3;
    struct mt_profile *p = join_all(list, 2, (struct mt_merge_keep){.scopes = true});
    const struct mt_scopes *scopes = &p->info.scopes;
    const struct mt_scope *totals = scopes->totals;
    assert_string_equal("step", mt_profile_text(p, totals->name));
    assert_string_equal("8 worker", mt_profile_text(p, totals->thread));
    assert_string_equal("a group", mt_profile_text(p, totals->group));
    assert_string_equal("a.c", mt_profile_text(p, totals->file));
    assert_string_equal("no disk", mt_profile_text(p, totals->error));
    assert_string_equal("request", mt_profile_text(p, scopes->open->name));
    assert_string_equal("9 worker", mt_profile_text(p, scopes->open->thread));
    assert_int_equal(7 * MS, scopes->open->time_ns);
    assert_string_equal("cache (process 2)", mt_profile_text(p, scopes->tallies->name));
    assert_int_equal(8 * MS, scopes->tallies->time_ns);
    assert_int_equal(1, scopes->n_functions); /* that of no place is left out */
    assert_string_equal("0x2000", mt_profile_text(p, scopes->functions->name));
    assert_int_equal(0x2000, p->locations[scopes->functions->location].address);
    assert_int_equal(2, scopes->counters[0].value);
    assert_int_equal(1, scopes->counters[1].value);
    assert_int_equal(23, scopes->events_seen);
    assert_int_equal(4, scopes->event_sample);
    assert_true(scopes->has_cpu);
    mt_profile_free(p);
}

/* What says that its buckets or keys are where none are is left out. */
static void hostile_scopes_stay_in_memory(void **state) {
    static const int64_t bytes[] = {10, 10};
    struct mt_profile *list[] = {process_of(1, 0, bytes, 2)};
    (void)state;
    add_scope(list[0], "1 app", 3, 8);
    add_event(list[0], 7, "value");
    list[0]->info.scopes.totals[0].n_buckets = 2;
    list[0]->info.scopes.events[0].n_keys = 2;
    struct mt_profile *p = join_all(list, 1, (struct mt_merge_keep){.scopes = true});
    assert_int_equal(0, p->info.scopes.n_totals);
    assert_int_equal(0, p->info.scopes.n_events);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_add_up),
        cmocka_unit_test(usage_adds_up),
        cmocka_unit_test(what_runs_has_no_end),
        cmocka_unit_test(changes_come_in_any_order),
        cmocka_unit_test(marks_are_in_order),
        cmocka_unit_test(what_is_missing_is_counted),
        cmocka_unit_test(many_ticks_are_thinned),
        cmocka_unit_test(hostile_numbers_stay_in_memory),
        cmocka_unit_test(scopes_of_a_name_are_one_row),
        cmocka_unit_test(scopes_apart_have_a_row_each),
        cmocka_unit_test(everything_of_scopes_goes_along),
        cmocka_unit_test(hostile_scopes_stay_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
