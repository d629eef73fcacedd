/* SPDX-License-Identifier: MIT */
/* --when: what is accepted, how a mistake is pointed at, and when a condition fires on series of
 * figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "watch/condition.h"

#define MS  UINT64_C(1000000)
#define SEC UINT64_C(1000000000)
#define MIB (1024.0 * 1024)

static struct mt_condition parse(const char *text) {
    struct mt_condition condition;
    struct mt_error error = {0};
    if (mt_condition_parse(text, &condition, &error) != 0)
        fail_msg("%s: %s", text, error.message);
    return condition;
}

static void what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum mt_quantity quantity;
        double bound;
        bool is_below, is_inclusive, is_percent;
    } list[] = {
        {"live>1G", MT_QUANTITY_LIVE, 1024 * MIB, false, false, false},
        {" live  >=  1.5 GiB ", MT_QUANTITY_LIVE, 1536 * MIB, false, true, false},
        {"peak>512M", MT_QUANTITY_PEAK, 512 * MIB, false, false, false},
        {"rss>80%", MT_QUANTITY_RSS, 80, false, false, true},
        {"rss < 12.5 %", MT_QUANTITY_RSS, 12.5, true, false, true},
        {"swap>0", MT_QUANTITY_SWAP, 0, false, false, false},
        {"pss<=100", MT_QUANTITY_PSS, 100, true, true, false},
        {"growth>1M/s", MT_QUANTITY_GROWTH, MIB, false, false, false},
        {"growth>60M/m", MT_QUANTITY_GROWTH, MIB, false, false, false},
        {"growth>3600M / h", MT_QUANTITY_GROWTH, MIB, false, false, false},
        {"blocks>5M", MT_QUANTITY_BLOCKS, 5e6, false, false, false},
        {"unknown_frees>=1", MT_QUANTITY_UNKNOWN_FREES, 1, false, true, false},
        {"failed>0", MT_QUANTITY_FAILED, 0, false, false, false},
        {"dropped>10", MT_QUANTITY_DROPPED, 10, false, false, false},
        {"time>90s", MT_QUANTITY_TIME, 90e9, false, false, false},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct mt_condition c = parse(list[i].text);
        assert_int_equal(c.quantity, list[i].quantity);
        assert_true(fabs(c.bound - list[i].bound) < 1e-6 * (1 + list[i].bound));
        assert_int_equal(c.is_below, list[i].is_below);
        assert_int_equal(c.is_inclusive, list[i].is_inclusive);
        assert_int_equal(c.is_percent, list[i].is_percent);
    }
    assert_int_equal(parse("growth>1M/s").window_ns, 10 * SEC);
    assert_int_equal(parse("growth( 1m )>1M/s").window_ns, 60 * SEC);
}

static void mistakes_are_pointed_at(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *what;
    } list[] = {
        {"", "at the end", "live, peak"},
        {"heap>1G", "at character 1 (heap>1G)", "live, peak"},
        {"livex>1G", "at character 1 (livex>1G)", "live, peak"},
        {"live", "at the end", ">, >=, < or <="},
        {"live=1G", "at character 5 (=1G)", ">, >=, < or <="},
        {"live>", "at the end", "a size"},
        {"live>>1G", "at character 6 (>1G)", "a size"},
        {"live>1X", "at character 6 (1X)", "a size"},
        {"live>-1", "at character 6 (-1)", "a size"},
        {"live>1G/s", "at character 6 (1G/s)", "a size"},
        {"live>1G and rss>1G", "at character 6", "a size"},
        {"rss>0%", "at character 5 (0%)", "a percentage"},
        {"rss>%", "at character 5 (%)", "a percentage"},
        {"rss>nan%", "at character 5 (nan%)", "a percentage"},
        {"rss>2000%", "at character 5 (2000%)", "a percentage"},
        {"growth>1M", "at character 8 (1M)", "a size per time"},
        {"growth>1M/y", "at character 8 (1M/y)", "a size per time"},
        {"growth>10%", "at character 8 (10%)", "a size per time"},
        {"growth(>1M/s", "at character 8 (>1M/s)", "a window"},
        {"growth(1ms)>1M/s", "at character 8 (1ms)>1M/s)", "a window"},
        {"growth(10)>1M/s", "at character 8 (10)>1M/s)", "a window"},
        {"live(10s)>1M", "at character 5 ((10s)>1M)", "only growth"},
        {"blocks>5%", "at character 8 (5%)", "a number"},
        {"blocks>0x10", "at character 8 (0x10)", "a number"},
        {"blocks>inf", "at character 8 (inf)", "a number"},
        {"blocks>1e999", "at character 8 (1e999)", "a number"},
        {"time>10", "at character 6 (10)", "a duration"},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct mt_condition c;
        struct mt_error error = {0};
        assert_int_equal(mt_condition_parse(list[i].text, &c, &error), -MEMTRACK_EUSAGE);
        if (!strstr(error.message, list[i].place) || !strstr(error.message, list[i].what))
            fail_msg("%s: %s", list[i].text, error.message);
    }
    char endless[5000];
    struct mt_condition c;
    struct mt_error error = {0};
    memset(endless, '9', sizeof endless - 1);
    memcpy(endless, "live>", 5);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(mt_condition_parse(endless, &c, &error), -MEMTRACK_EUSAGE);
}

/* ---- firing ---------------------------------------------------------------------------------- */

struct series {
    struct mt_condition condition;
    struct mt_condition_watch watch;
    struct mt_gauge gauge;
    uint64_t again_ns;
    int n_fired;
};

static struct series begin(const char *text, uint64_t again_ns) {
    struct series s = {.condition = parse(text), .again_ns = again_ns};
    mt_condition_watch_init(&s.watch, &s.condition);
    s.gauge.has_rss = true;
    return s;
}

static bool live(struct series *s, uint64_t time_ns, double bytes) {
    s->gauge.time_ns = time_ns;
    s->gauge.live_bytes = s->gauge.rss_bytes = (uint64_t)bytes;
    bool fires = mt_condition_fires(&s->condition, &s->watch, &s->gauge, s->again_ns);
    s->n_fired += fires;
    return fires;
}

static void once_per_crossing(void **state) {
    (void)state;
    struct series s = begin("live>100", 0);
    assert_false(live(&s, 1, 100));
    assert_true(live(&s, 2, 101));
    assert_false(live(&s, 3, 5000));
    assert_false(live(&s, 4, 101));
    assert_false(live(&s, 5, 96)); /* within 5 % of the bound: still the same crossing */
    assert_false(live(&s, 6, 101));
    assert_false(live(&s, 7, 94));
    assert_true(live(&s, 8, 101));
    struct series below = begin("live<=100", 0);
    assert_false(live(&below, 1, 101));
    assert_true(live(&below, 2, 100));
    assert_false(live(&below, 3, 104));
    assert_false(live(&below, 4, 90));
    assert_false(live(&below, 5, 106));
    assert_true(live(&below, 6, 90));
}

static void not_more_often_than_again(void **state) {
    (void)state;
    struct series s = begin("live>100", 10 * SEC);
    for (uint64_t i = 0; i < 100; i++) /* true for half a second of each second */
        for (uint64_t half = 0; half < 2; half++)
            live(&s, i * SEC + half * 500 * MS, half ? 50 : 200);
    assert_int_equal(s.n_fired, 10);
}

static void unknown_figures_change_nothing(void **state) {
    (void)state;
    struct series s = begin("rss>80%", 0);
    assert_false(live(&s, 1, 900)); /* of nobody knows what */
    s.gauge.limit_bytes = 1000;
    s.gauge.has_rss = false;
    assert_false(live(&s, 2, 900));
    s.gauge.has_rss = true;
    assert_false(live(&s, 3, 800));
    assert_true(live(&s, 4, 801));
    s.gauge.has_rss = false;
    assert_false(live(&s, 5, 0));
    s.gauge.has_rss = true;
    assert_false(live(&s, 6, 900)); /* it was not seen below */
    struct series swap = begin("swap>0", 0);
    swap.gauge.swap_bytes = 5;
    assert_false(live(&swap, 1, 0));
    swap.gauge.has_pss = true;
    assert_true(live(&swap, 2, 0));
}

/* ---- growth ---------------------------------------------------------------------------------- */

static void steady_growth_is_measured(void **state) {
    (void)state;
    struct series s = begin("growth>1M/s", 0);
    uint64_t first = 0;
    for (uint64_t i = 1; i <= 3000 && !first; i++)
        if (live(&s, i * 10 * MS, (double)i * 10 * 2048 * 1.024)) /* 2 MiB/s */
            first = i * 10 * MS;
    assert_true(first >= 9 * SEC &&
                first <= 10 * SEC + 500 * MS); /* when the window is full, not before */
    assert_true(fabs(s.watch.growth.bytes_per_second / (2 * MIB) - 1) < 0.01);
    struct series slow = begin("growth>1M/s", 0);
    for (uint64_t i = 1; i <= 3000; i++)
        live(&slow, i * 10 * MS, (double)i * 10 * 1024 * 0.9);
    assert_int_equal(slow.n_fired, 0);
}

/* 30 s of ticks that do not grow, whatever else they do. */
static int firings_of(double (*figure)(uint64_t tick), uint64_t tick_ns) {
    struct series s = begin("growth>1M/s", 0);
    for (uint64_t i = 1; i * tick_ns <= 30 * SEC; i++)
        live(&s, i * tick_ns, figure(i));
    return s.n_fired;
}

static double with_a_spike(uint64_t tick) {
    return tick % 1000 == 500 ? 4096 * MIB : 100 * MIB;
}
static double with_a_dip(uint64_t tick) {
    return tick % 1000 == 3 ? 0 : 100 * MIB;
}
static double with_a_step(uint64_t tick) {
    return tick < 1500 ? 100 * MIB : 500 * MIB;
}
static double sawtooth(uint64_t tick) { /* 300 MiB up within a second, then back */
    return 100 * MIB + (double)(tick % 100) * 3 * MIB;
}
static double shrinking(uint64_t tick) {
    return 8192 * MIB - (double)tick * MIB;
}
static double bursts(uint64_t tick) { /* 20 MiB every second */
    return (double)(tick / 100) * 20 * MIB;
}
static double coarse(uint64_t tick) { /* a tick a second, 5 MiB/s */
    return (double)tick * 5 * MIB;
}

static void noise_is_not_growth(void **state) {
    (void)state;
    assert_int_equal(firings_of(with_a_spike, 10 * MS), 0);
    assert_int_equal(firings_of(with_a_dip, 10 * MS), 0);
    assert_int_equal(firings_of(with_a_step, 10 * MS), 0);
    assert_int_equal(firings_of(sawtooth, 10 * MS), 0);
    assert_int_equal(firings_of(shrinking, 10 * MS), 0);
    assert_int_equal(firings_of(bursts, 10 * MS), 1);
    assert_int_equal(firings_of(coarse, 1000 * MS), 1);
    assert_int_equal(firings_of(coarse, 4000 * MS),
                     1); /* fewer ticks in the window than a slope needs */
}

static void figures_in_words(void **state) {
    (void)state;
    char text[64];
    struct mt_condition c = parse("live>1G");
    assert_string_equal(mt_condition_format(&c, 1.5 * 1024 * MIB, text, sizeof text), "1.5 GiB");
    c = parse("growth>1M/s");
    assert_string_equal(mt_condition_format(&c, 3 * MIB, text, sizeof text), "3.0 MiB/s");
    c = parse("blocks>1");
    assert_string_equal(mt_condition_format(&c, 1234567, text, sizeof text), "1,234,567");
    c = parse("time>1s");
    assert_string_equal(mt_condition_format(&c, 2e9, text, sizeof text), "2.00 s");
    c = parse("live>1");
    mt_condition_format(&c, 1e300, text, sizeof text); /* whatever it says, it says something */
    assert_true(strlen(text) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted),
        cmocka_unit_test(mistakes_are_pointed_at),
        cmocka_unit_test(once_per_crossing),
        cmocka_unit_test(not_more_often_than_again),
        cmocka_unit_test(unknown_figures_change_nothing),
        cmocka_unit_test(steady_growth_is_measured),
        cmocka_unit_test(noise_is_not_growth),
        cmocka_unit_test(figures_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
