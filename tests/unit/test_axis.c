/* SPDX-License-Identifier: MIT */
/* A week of ticks and changes in bounded memory: what stays, how coarse it is at which age, and
 * that it is true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "watch/axis.h"
#include "watch/coarsen.h"
#include "watch/composition.h"
#include "watch/said.h"

#define MS   UINT64_C(1000000)
#define SEC  (1000 * MS)
#define HOUR (3600 * SEC)
#define DAY  (24 * HOUR)
#define WEEK (7 * DAY)

enum { MAX_TICKS = 4000 };

/* Calls back at the times at which a run would be looked at. */
static uint64_t next_tick(uint64_t time_ns) {
    return time_ns + mt_coarsen_interval(time_ns, 10 * MS, SEC);
}

static bool is_spike(uint64_t time_ns) { /* 20 s on the second day */
    return time_ns >= DAY + HOUR && time_ns < DAY + HOUR + 20 * SEC;
}

static void week_of_ticks(void **state) {
    (void)state;
    struct mt_axis axis;
    mt_axis_init(&axis, MAX_TICKS);
    size_t n_taken = 0, most = 0;
    size_t n_readings = 0;
    for (uint64_t t = 0; t < WEEK; t = next_tick(t), n_taken++) {
        struct mt_tick tick = {.time_ns = t,
                               .live_bytes = is_spike(t) ? INT64_C(1) << 40 : (int64_t)(t / SEC)};
        if (n_taken % 50 == 0) {
            tick.pss_bytes = n_taken == 100000 ? UINT64_C(1) << 41 : 1000;
            tick.swap_bytes = tick.pss_bytes / 2;
        }
        assert_int_equal(mt_axis_add(&axis, &tick), 0);
        most = axis.n > most ? axis.n : most;
    }
    assert_true(n_taken > 600000);
    assert_true(most <= MAX_TICKS && axis.n > MAX_TICKS / 2);
    bool has_spike = false, has_reading = false; /* the highest of PSS, which few ticks have */
    uint64_t now = mt_axis_last_ns(&axis);
    for (size_t i = 0; i < axis.n; i++) {
        const struct mt_tick *tick = &axis.ticks[i];
        has_spike |= tick->live_bytes == INT64_C(1) << 40;
        has_reading |= tick->pss_bytes == UINT64_C(1) << 41;
        assert_int_equal(tick->swap_bytes, tick->pss_bytes / 2);
        n_readings += tick->pss_bytes != 0;
        assert_true(is_spike(tick->time_ns) ||
                    tick->live_bytes == (int64_t)(tick->time_ns / SEC)); /* a real tick */
        if (i == 0)
            continue;
        uint64_t gap = tick->time_ns - axis.ticks[i - 1].time_ns,
                 age = now - axis.ticks[i - 1].time_ns;
        assert_true(tick->time_ns > axis.ticks[i - 1].time_ns);
        assert_true(gap <= WEEK / 300); /* nothing of the week is coarser than half an hour, */
        assert_true(gap <= 3 * SEC + age * 2 / 100); /* nor than 2 % of its age */
    }
    assert_true(has_spike && has_reading && n_readings > MAX_TICKS / 4);
    assert_true(axis.ticks[0].time_ns < HOUR && now > WEEK - 2 * SEC);
    mt_axis_free(&axis);
}

static void short_runs_keep_every_tick(void **state) {
    (void)state;
    struct mt_axis axis;
    mt_axis_init(&axis, MAX_TICKS);
    for (uint64_t i = 0; i < MAX_TICKS; i++)
        assert_int_equal(
            mt_axis_add(&axis, &(struct mt_tick){.time_ns = (i + 1) * 10 * MS, .live_bytes = 1}),
            0);
    assert_int_equal(axis.n, MAX_TICKS);
    assert_int_equal(mt_axis_add(&axis, &(struct mt_tick){.time_ns = 5 * MS, .live_bytes = 7}), 0);
    assert_int_equal(axis.n, MAX_TICKS); /* not later than the last one: in its place */
    assert_int_equal(axis.ticks[MAX_TICKS - 1].live_bytes, 7);
    mt_axis_free(&axis);
}

static void coarsening_at_its_limits(void **state) {
    (void)state;
    uint64_t times[100];
    uint32_t group[100];
    for (size_t i = 0; i < 100; i++)
        times[i] = 42;
    assert_true(mt_coarsen(times, 100, 10, group) <= 10); /* all at once */
    for (size_t i = 0; i < 100; i++)
        times[i] = i % 2 ? 0 : UINT64_MAX - i;
    assert_true(mt_coarsen(times, 100, 10, group) <= 10); /* back and forth */
    for (size_t i = 0; i < 100; i++)
        assert_true(group[i] < 10 && (i == 0 || group[i] >= group[i - 1]));
    for (size_t i = 0; i < 100; i++)
        times[i] = i * (UINT64_MAX / 100);
    assert_true(mt_coarsen(times, 100, 2, group) <= 2);
    assert_int_equal(mt_coarsen(times, 1, 2, group), 1);
    assert_int_equal(mt_coarsen_interval(UINT64_MAX, 10 * MS, SEC), SEC);
    assert_int_equal(mt_coarsen_interval(0, 5 * SEC, SEC), 5 * SEC);
}

/* ---- compositions ---------------------------------------------------------------------------- */

static int64_t sum_at(const struct mt_profile_info *info, uint32_t tick, int64_t *live,
                      size_t n_samples) {
    memset(live, 0, n_samples * sizeof *live);
    for (size_t i = 0; i < info->n_changes && info->changes[i].tick <= tick; i++)
        live[info->changes[i].sample] = info->changes[i].live_bytes;
    int64_t sum = 0;
    for (size_t i = 0; i < n_samples; i++)
        sum += live[i];
    return sum;
}

/*
 * Eight call paths that change all week: path i holds (ten minutes that have passed) * i MiB. Each
 * moment that is kept must be one that there was, path by path, and the moments must not be further
 * apart than the bound allows.
 */
static void week_of_compositions(void **state) {
    (void)state;
    enum { RECORDS = 8, MOST_CHANGES = 4000 };
    struct fixture f;
    struct mt_ledger *ledger;
    struct mt_ledger_map map;
    struct mt_profile *p = NULL;
    fixture_setup(&f);
    for (uint8_t i = 0; i < RECORDS; i++)
        fixture_site(&f, fixture_node(&f, 0, 0x401000 + i * 64u, 1), 0, 16);
    fixture_write(&f);
    assert_int_equal(mt_ledger_open(f.path, &ledger, NULL), 0);
    struct mt_site *buffer = malloc(MT_SITES_PER_CHUNK * sizeof *buffer);
    struct mt_composition *c = mt_composition_new(RECORDS + 1, MOST_CHANGES);
    struct mt_axis axis;
    mt_axis_init(&axis, MAX_TICKS);
    uint64_t written = UINT64_MAX;
    for (uint64_t t = 0; t < WEEK; t += 5 * SEC) {
        uint64_t step = t / (600 * SEC);
        for (uint32_t i = 1; i <= RECORDS && step != written; i++)
            fixture_hold(&f.sites[i], step * i << 20);
        if (step != written)
            fixture_write(&f);
        written = step;
        assert_int_equal(
            mt_axis_add(&axis,
                        &(struct mt_tick){.time_ns = t, .live_bytes = (int64_t)step * (36 << 20)}),
            0);
        mt_composition_pass(c, ledger, t, buffer);
    }
    assert_int_equal(mt_ledger_convert_mapped(ledger, &p, &map, NULL), 0);
    mt_axis_give(&axis, 5 * SEC, p);
    assert_int_equal(mt_composition_apply(c, p, &map), 0);
    const struct mt_profile_info *info = &p->info;
    assert_true(info->n_changes > MOST_CHANGES / 8 && info->n_changes <= MOST_CHANGES);
    int64_t *live = calloc(p->n_samples, sizeof *live);
    uint64_t last_ns = 0;
    for (size_t i = 0; i < info->n_changes; i++) {
        if (i && info->changes[i].tick == info->changes[i - 1].tick)
            continue;
        uint64_t time_ns = info->ticks[info->changes[i].tick].time_ns;
        int64_t sum = sum_at(info, info->changes[i].tick, live, p->n_samples);
        assert_int_equal(sum % (36 << 20),
                         0); /* all eight of one step: none from before, none from after */
        uint64_t step = (uint64_t)sum / (36 << 20);
        assert_true(step * 600 * SEC <= time_ns && time_ns - step * 600 * SEC <= WEEK / 40);
        assert_true(time_ns - last_ns <= WEEK / 40);
        last_ns = time_ns;
    }
    assert_true(last_ns > WEEK - HOUR);
    free(live);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
    mt_composition_free(c);
    free(buffer);
    mt_ledger_close(ledger);
    fixture_teardown(&f);
}

/* The sum of many processes has room for as many scopes as one of them: the rest is counted. */
static void too_much_is_said(void **state) {
    (void)state;
    enum { SCOPES = 200 * 1000, MOST = 1 << 18 };
    struct mt_profile *sum = mt_profile_new();
    struct mt_said said = {.profile = mt_profile_new()};
    const struct mt_scope_event event = {.name = mt_profile_intern(said.profile, "work")};
    const struct mt_counter counter = {.name = event.name, .value = 1};
    for (size_t i = 0; i < SCOPES; i++)
        assert_int_equal(mt_profile_scopes_add_event(&said.profile->info.scopes, &event), 0);
    assert_int_equal(mt_profile_scopes_add_counter(&said.profile->info.scopes, &counter), 0);
    assert_int_equal(mt_said_append(&said, 0, 1, sum), 0);
    assert_int_equal(said.n_dropped, 0);
    assert_int_equal(mt_said_append(&said, 0, 2, sum), 0);
    assert_int_equal(said.n_dropped, 1);
    assert_int_equal(sum->info.scopes.n_events, MOST);
    assert_int_equal(sum->info.scopes.n_counters, 2);
    assert_int_equal(sum->info.scopes.events_seen, said.profile->info.scopes.events_seen * 2);
    mt_said_free(&said);
    mt_profile_free(sum);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(week_of_ticks),
        cmocka_unit_test(short_runs_keep_every_tick),
        cmocka_unit_test(coarsening_at_its_limits),
        cmocka_unit_test(week_of_compositions),
        cmocka_unit_test(too_much_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
