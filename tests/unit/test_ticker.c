/* SPDX-License-Identifier: MIT */
/* The time axis stays within its bounds and keeps what matters: the highest tick, the peak's time,
 * past compositions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <argp.h>
#include <cmocka.h>

#include "ledger-fixture.h"
#include "run/triggers.h"
#include "watch/composition.h"
#include "watch/ticker.h"

#define MS UINT64_C(1000000)

struct ticker_test {
    struct fixture f;
    int directory;
    struct mt_ticker ticker;
    struct mt_site *buffer;
};

static int setup(void **state) {
    struct ticker_test *s = calloc(1, sizeof *s);
    fixture_setup(&s->f);
    snprintf(s->f.path, sizeof s->f.path, "%s/4000000.2.0.ledger", s->f.directory);
    s->f.header->start_monotonic_ns = 1000 * MS;
    s->directory = open(s->f.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->buffer = malloc(MT_SITES_PER_CHUNK * sizeof *s->buffer);
    mt_ticker_init(&s->ticker, s->directory, s->f.directory, 4000000, 10 * MS, false);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct ticker_test *s = *state;
    mt_ticker_free(&s->ticker);
    close(s->directory);
    free(s->buffer);
    fixture_teardown(&s->f);
    free(s);
    return 0;
}

static struct mt_profile *convert(struct ticker_test *s, struct mt_ticker_track *track,
                                  uint64_t end_ns, struct mt_ledger_map *map) {
    struct mt_ledger *ledger;
    struct mt_profile *profile = NULL;
    fixture_write(&s->f);
    mt_ticker_end_track(&s->ticker, track, end_ns);
    assert_int_equal(mt_ledger_open(s->f.path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_convert_mapped(ledger, &profile, map, NULL), 0);
    assert_int_equal(mt_ticker_apply(track, mt_ledger_info(ledger), profile, map), 0);
    mt_ledger_close(ledger);
    return profile;
}

static void names_of_ledgers(void **state) {
    (void)state;
    struct mt_ledger_filename name;
    char text[64];
    assert_true(mt_ledger_filename_parse("12.345.6.ledger", &name));
    assert_int_equal(name.pid, 12);
    assert_int_equal(name.start_ticks, 345);
    assert_int_equal(name.counter, 6);
    mt_ledger_filename_format(&name, text, sizeof text);
    assert_string_equal(text, "12.345.6.ledger");
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "x",
                                      "1.2.ledger",
                                      "1.2.3.ledger.gz",
                                      "1.2.3",
                                      "-1.2.3.ledger",
                                      "1.2.3.ledgerx",
                                      " 1.2.3.ledger",
                                      "99999999999.2.3.ledger"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mt_ledger_filename_parse(bad[i], &name));
}

/* 20,000 ticks with one spike: at most 4,000 stay, in order, and the spike is among them. */
static void long_runs_stay_bounded(void **state) {
    struct ticker_test *s = *state;
    fixture_write(&s->f);
    uint64_t now = 1000 * MS;
    for (int i = 0; i < 20000; i++) {
        bool spike = i >= 7777 && i < 7790; /* longer than the interval has become by then */
        s->f.banks[1].counters.live_bytes = spike ? 1000000 : i;
        s->f.banks[1].counters.allocated_blocks = (uint64_t)i;
        if (i % 100 == 0 || i == 7777 || i == 7790)
            fixture_write(&s->f);
        now += 10 * MS;
        mt_ticker_tick(&s->ticker, now);
    }
    assert_int_equal(s->ticker.n_tracks, 1);
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], now, &map);
    const struct mt_profile_info *info = &p->info;
    assert_true(info->n_ticks > 2000 && info->n_ticks <= 4000);
    bool has_spike = false;
    for (size_t i = 0; i < info->n_ticks; i++) {
        has_spike |= info->ticks[i].live_bytes == 1000000;
        assert_true(i == 0 || info->ticks[i].time_ns > info->ticks[i - 1].time_ns);
    }
    assert_true(has_spike);
    assert_int_equal(info->tick_interval_ns, 10 * MS);
    assert_int_equal(info->duration_ns, 200000 * MS);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

/* It was there when it told something, though its end was noticed by a look that began before. */
static void the_end_is_behind_all_that_happened(void **state) {
    struct ticker_test *s = *state;
    fixture_write(&s->f);
    mt_ticker_tick(&s->ticker, 1010 * MS);
    struct mt_ticker_track *track = s->ticker.tracks[0];
    mt_ticker_end_track(&s->ticker, track, 1020 * MS);
    struct mt_ledger *ledger;
    struct mt_profile *p = NULL;
    struct mt_ledger_map map;
    assert_int_equal(mt_ledger_open(s->f.path, &ledger, NULL), 0);
    assert_int_equal(mt_ledger_convert_mapped(ledger, &p, &map, NULL), 0);
    const struct mt_scope_event events[] = {{.time_ns = 30 * MS, .duration_ns = 5 * MS},
                                            {.time_ns = 1, .duration_ns = UINT64_MAX - 1},
                                            {.time_ns = UINT64_MAX, .duration_ns = 1}};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_int_equal(mt_profile_scopes_add_event(&p->info.scopes, &events[i]), 0);
    assert_int_equal(mt_profile_add_mark(p, 33 * MS, "late", MT_MARK_PROGRAM), 0);
    assert_int_equal(mt_profile_add_mark(p, UINT64_MAX, "never", MT_MARK_PROGRAM), 0);
    assert_int_equal(mt_ticker_apply(track, mt_ledger_info(ledger), p, &map), 0);
    assert_int_equal(p->info.duration_ns, 35 * MS);
    assert_int_equal(p->info.ticks[p->info.n_ticks - 1].time_ns, 35 * MS);
    mt_ledger_convert_map_free(&map);
    mt_ledger_close(ledger);
    mt_profile_free(p);
}

static void time_of_the_peak(void **state) {
    struct ticker_test *s = *state;
    for (uint64_t i = 1; i <= 10; i++) {
        s->f.header->control.epoch =
            i < 6 ? i : 6; /* rises for the last time between the ticks 5 and 6 */
        fixture_write(&s->f);
        mt_ticker_tick(&s->ticker, (1000 + 10 * i) * MS);
    }
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], 1105 * MS, &map);
    assert_true(p->info.peak_time_known);
    assert_int_equal(p->info.peak_time_ns, 55 * MS);
    assert_int_equal(p->info.peak_time_error_ns, 5 * MS);
    assert_int_equal(p->info.duration_ns, 105 * MS);
    assert_int_equal(p->info.ticks[p->info.n_ticks - 1].time_ns, 105 * MS);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

/* A process that ended before the first tick: the peak lies somewhere in its life. */
static void run_without_a_tick(void **state) {
    struct ticker_test *s = *state;
    s->f.header->control.epoch = 3;
    fixture_write(&s->f);
    mt_ticker_look(&s->ticker, 1008 * MS);
    assert_int_equal(s->ticker.n_tracks, 1);
    assert_int_equal(s->ticker.tracks[0]->state, MT_TICKER_ENDED);
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], 0, &map);
    assert_int_equal(p->info.duration_ns, 8 * MS);
    assert_int_equal(p->info.n_ticks, 1);
    assert_int_equal(p->info.peak_time_ns, 4 * MS);
    assert_int_equal(p->info.peak_time_error_ns, 4 * MS);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

/* The next program of the same process ends the track of the one before. */
static void exec_ends_the_predecessor(void **state) {
    struct ticker_test *s = *state;
    char next[128];
    fixture_write(&s->f);
    mt_ticker_tick(&s->ticker, 1010 * MS);
    assert_int_equal(mt_ticker_running(&s->ticker), 1);
    snprintf(next, sizeof next, "%s/4000000.2.1.ledger", s->f.directory);
    assert_int_equal(link(s->f.path, next), 0);
    mt_ticker_tick(&s->ticker, 1020 * MS);
    unlink(next);
    assert_int_equal(s->ticker.n_tracks, 2);
    assert_int_equal(s->ticker.tracks[0]->state, MT_TICKER_ENDED);
    assert_int_equal(s->ticker.tracks[0]->end_ns, 1020 * MS);
    assert_int_equal(s->ticker.tracks[1]->state, MT_TICKER_RUNNING);
}

/* How many marks a condition leaves on the axis of a process whose number means nothing here. */
static size_t marks_of(struct ticker_test *s, const char *condition) {
    char program[] = "memtrack run", option[] = "--do=true", when[64],
         *arguments[] = {program, when, option, NULL};
    snprintf(when, sizeof when, "--when=%s", condition);
    struct mt_triggers *triggers = mt_trigger_new();
    assert_int_equal(argp_parse(&mt_run_triggers_argp, 3, arguments, 0, NULL, triggers), 0);
    struct mt_run_triggers_output output = {
        .program = "memtrack run", .pattern = "x", .quiet = true};
    mt_run_triggers_set_output(triggers, &output);
    fixture_write(&s->f);
    for (uint64_t i = 1; i <= 2; i++) {
        mt_ticker_tick(&s->ticker, (1000 + 10 * i) * MS);
        mt_trigger_judge(triggers, &s->ticker);
    }
    mt_trigger_collect(triggers, true);
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], 1105 * MS, &map);
    size_t n = p->info.n_marks;
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
    mt_trigger_free(triggers);
    return n;
}

static void what_is_known_fires(void **state) {
    assert_int_equal(marks_of(*state, "live<1G"), 1);
}

/* Its RSS could be anybody's, so it is not below any bound either. */
static void what_is_not_known_does_not(void **state) {
    assert_int_equal(marks_of(*state, "rss<1G"), 0);
}

/* ---- composition ----------------------------------------------------------------------------- */

/* What the changes say about a sample at a tick. */
static int64_t live_at(const struct mt_profile_info *info, uint32_t sample, uint32_t tick) {
    int64_t live = 0;
    for (size_t i = 0; i < info->n_changes && info->changes[i].tick <= tick; i++)
        if (info->changes[i].sample == sample)
            live = info->changes[i].live_bytes;
    return live;
}

static void past_moments_are_exact_while_there_is_room(void **state) {
    struct ticker_test *s = *state;
    mt_node_id a = fixture_node(&s->f, 0, 0x401000, 1), b = fixture_node(&s->f, 0, 0x402000, 1);
    struct mt_site *first = fixture_site(&s->f, a, 0, 16), *second = fixture_site(&s->f, b, 0, 64);
    struct mt_site *freed =
        fixture_site(&s->f, a, 0, 16); /* the other thread's record of the first */
    freed->bank = 2;
    for (uint64_t i = 1; i <= 20; i++) {
        fixture_allocate(first, 1, 16);
        if (i % 2 == 0)
            fixture_free(freed, 1, 16);
        if (i == 10)
            fixture_allocate(second, 1, 64);
        s->f.banks[1].counters.allocated_blocks =
            i + second->counters.allocated_blocks; /* what tells that there is something to see */
        fixture_write(&s->f);
        for (size_t t = 0; t < s->ticker.n_tracks; t++)
            s->ticker.tracks[t]->next_pass_ns =
                0; /* the clock here is not the one that passes are timed by */
        mt_ticker_tick(&s->ticker, (1000 + 10 * i) * MS);
    }
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], 1210 * MS, &map);
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->info.n_ticks, 21);
    for (uint32_t tick = 0; tick < 20; tick++) {
        int64_t i = tick + 1;
        assert_int_equal(p->info.ticks[tick].time_ns, (uint64_t)i * 10 * MS);
        assert_int_equal(live_at(&p->info, 0, tick), 16 * (i - i / 2));
        assert_int_equal(live_at(&p->info, 1, tick), i < 10 ? 0 : 64);
    }
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
}

/* More changes than may be kept: the large ones stay true, and the bound holds. */
/* A composition of a ledger that is written anew for each pass, and the profile of both. */
struct composed {
    struct mt_composition *composition;
    struct mt_ledger *ledger;
    struct mt_ledger_map map;
    struct mt_profile *profile;
};

static struct composed compose(const struct ticker_test *s, size_t records, size_t most) {
    struct composed d = {.composition = mt_composition_new(records, most)};
    fixture_write(&s->f);
    assert_int_equal(mt_ledger_open(s->f.path, &d.ledger, NULL), 0);
    return d;
}

/* After as many passes, one each 10 ms. */
static struct mt_profile *apply(struct composed *d, size_t passes) {
    assert_int_equal(mt_ledger_convert_mapped(d->ledger, &d->profile, &d->map, NULL), 0);
    struct mt_profile *p = d->profile;
    p->info.n_ticks = passes;
    p->info.ticks = calloc(passes, sizeof *p->info.ticks);
    for (uint64_t i = 0; i < passes; i++)
        p->info.ticks[i].time_ns = (i + 1) * 10 * MS;
    assert_int_equal(mt_composition_apply(d->composition, p, &d->map), 0);
    return p;
}

static void drop(struct composed *d) {
    mt_ledger_convert_map_free(&d->map);
    mt_profile_free(d->profile);
    mt_ledger_close(d->ledger);
    mt_composition_free(d->composition);
}

static void composition_stays_bounded(void **state) {
    struct ticker_test *s = *state;
    enum { RECORDS = 1000, PASSES = 300, MOST = 2000 };
    mt_node_id node = fixture_node(&s->f, 0, 0x401000, 1);
    for (uint32_t i = 0; i < RECORDS; i++)
        fixture_site(&s->f, node, 1, 16)->size_class = (uint8_t)(i % 60);
    s->f.sites[5].size_class = 61;
    struct composed d = compose(s, RECORDS + 1, MOST);
    for (uint64_t pass = 1; pass <= PASSES; pass++) {
        for (uint32_t i = 1; i <= RECORDS; i++)
            fixture_hold(&s->f.sites[i], 16 + (pass + i) % 7);
        fixture_hold(&s->f.sites[5], pass << 20);
        fixture_write(&s->f);
        mt_composition_pass(d.composition, d.ledger, pass * 10 * MS, s->buffer);
    }
    struct mt_profile *p = apply(&d, PASSES);
    assert_true(p->info.n_changes > 0 && p->info.n_changes <= MOST);
    size_t n_large = 0;
    for (size_t i = 0; i < p->info.n_changes; i++) {
        const struct mt_tick_change *change = &p->info.changes[i];
        assert_true(i == 0 || change->tick >= p->info.changes[i - 1].tick);
        if (change->sample != d.map.sample_of_record[5])
            continue;
        n_large++;
        assert_int_equal(change->live_bytes, (int64_t)(change->tick + 1) << 20);
    }
    assert_true(n_large >= 10);
    drop(&d);
}

/* A figure that swings all night does not fill a disk. */
static void a_condition_fires_so_often_and_no_more(void **state) {
    struct ticker_test *s = *state;
    char program[] = "memtrack run", when[] = "--when=live>1000", again[] = "--again=0s",
         option[] = "--do=true";
    char *arguments[] = {program, when, again, option, NULL};
    struct mt_triggers *triggers = mt_trigger_new();
    struct mt_run_triggers_output output = {
        .program = "memtrack run", .pattern = "x", .quiet = true};
    assert_int_equal(argp_parse(&mt_run_triggers_argp, 4, arguments, 0, NULL, triggers), 0);
    mt_run_triggers_set_output(triggers, &output);
    for (uint64_t i = 0; i < 220; i++) {
        s->f.banks[1].counters.live_bytes = i % 2 ? 2000 : 0;
        fixture_write(&s->f);
        mt_ticker_tick(&s->ticker, (1010 + 1000 * i) * MS);
        mt_trigger_judge(triggers, &s->ticker);
        mt_trigger_collect(triggers, i % 2);
    }
    struct mt_ledger_map map;
    struct mt_profile *p = convert(s, s->ticker.tracks[0], 300000 * MS, &map);
    assert_int_equal(p->info.n_marks, 100);
    mt_ledger_convert_map_free(&map);
    mt_profile_free(p);
    mt_trigger_free(triggers);
}

/* Of passes that are put together the last one's state stays, and its time. */
static void merged_passes_are_the_last_of_them(void **state) {
    struct ticker_test *s = *state;
    enum { PASSES = 10000 };
    fixture_site(&s->f, fixture_node(&s->f, 0, 0x401000, 1), 1, 16);
    struct composed d = compose(s, 10, 100000);
    int fd = open(s->f.path, O_WRONLY | O_CLOEXEC);
    off_t at = (off_t)((char *)&s->f.sites[1].counters.live_bytes - s->f.image);
    for (uint64_t pass = 1; pass <= PASSES; pass++) {
        uint64_t bytes = pass * 1000;
        assert_int_equal(pwrite(fd, &bytes, sizeof bytes, at), sizeof bytes);
        mt_composition_pass(d.composition, d.ledger, pass * 10 * MS, s->buffer);
    }
    close(fd);
    struct mt_profile *p = apply(&d, PASSES);
    assert_true(p->info.n_changes > 100 && p->info.n_changes < PASSES);
    for (size_t i = 0; i < p->info.n_changes; i++)
        assert_int_equal(p->info.changes[i].live_bytes, (p->info.changes[i].tick + 1) * 1000);
    drop(&d);
}

static void composition_follows_the_first_records(void **state) {
    struct ticker_test *s = *state;
    mt_node_id node = fixture_node(&s->f, 0, 0x401000, 1);
    for (uint8_t i = 0; i < 20; i++)
        fixture_site(&s->f, node, 1, 16)->size_class = i;
    struct composed d = compose(s, 11, 100); /* record 0 is never used */
    mt_composition_pass(d.composition, d.ledger, 1, s->buffer);
    assert_int_equal(apply(&d, 1)->info.n_changes, 10);
    drop(&d);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(names_of_ledgers),
        TEST(long_runs_stay_bounded),
        TEST(the_end_is_behind_all_that_happened),
        TEST(time_of_the_peak),
        TEST(run_without_a_tick),
        TEST(a_condition_fires_so_often_and_no_more),
        TEST(what_is_known_fires),
        TEST(what_is_not_known_does_not),
        TEST(merged_passes_are_the_last_of_them),
        TEST(exec_ends_the_predecessor),
        TEST(past_moments_are_exact_while_there_is_room),
        TEST(composition_stays_bounded),
        TEST(composition_follows_the_first_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
