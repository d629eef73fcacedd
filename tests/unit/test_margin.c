/* SPDX-License-Identifier: MIT */
// libs: -lm
/* The margin of a sampled figure, held against sampling itself: programs whose blocks are known are
 * sampled again and again, and the interval has to hold the true figure in 95 of 100 cases, for
 * rows of a few recorded blocks as well. */
#include <math.h>

#include "profile-fixture.h"
#include "view/margin.h"
#include "view/rows/rows.h"

enum { PERIOD = 1 << 19, TRIALS = 3000, MOST_GROUPS = 3 };

static uint64_t seed = 88172645463325252u;

static double uniform(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

struct group {
    uint64_t bytes, n;
};

/* How many of the blocks contain a point of a Poisson process over the bytes, one in PERIOD on
 * average: by gaps, as the recorder does it. */
static uint64_t recorded(const struct group *group) {
    double all = (double)group->bytes * (double)group->n, at = 0;
    uint64_t n = 0, last = UINT64_MAX;
    while ((at += -log(uniform()) * PERIOD) < all) {
        uint64_t block = (uint64_t)(at / (double)group->bytes);
        n += block != last;
        last = block;
    }
    return n;
}

/* As a ledger becomes samples: the blocks that were recorded, scaled. */
static void sample(struct mt_sample *s, const struct group *group, uint64_t n) {
    double scale = 1 / (1 - exp(-(double)group->bytes / PERIOD));
    *s = (struct mt_sample){.n_frames = 0};
    s->value[MT_VALUE_TOTAL_BLOCKS] = s->value[MT_VALUE_LIVE_BLOCKS] =
        (int64_t)round((double)n * scale);
    s->value[MT_VALUE_TOTAL_BYTES] = s->value[MT_VALUE_LIVE_BYTES] =
        (int64_t)round((double)n * (double)group->bytes * scale);
}

static void covers_95_of_100(void **state) {
    (void)state;
    static const struct group programs[][MOST_GROUPS] = {
        {{64, 8192 * 3}},                        /* 3 recorded blocks on average */
        {{64, 8192 * 10}},                       /* 10 */
        {{64, 8192 * 100}},                      /* 100: 500 KB in some lines of a large program */
        {{4096, 4000}},                          /* of a page */
        {{PERIOD / 4, 40}},                      /* recorded with 22 % each */
        {{PERIOD, 5}},                           /* with 63 % */
        {{2 * PERIOD, 3}},                       /* with 86 % */
        {{64, 80000}, {4096, 900}, {PERIOD, 2}}, /* a line that allocates all kinds */
    };
    struct mt_profile *p = build_empty();
    p->info.sample_bytes = PERIOD;
    for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
        double truth = 0, blocks = 0;
        size_t seen = 0, holds = 0, holds_blocks = 0, most = 0;
        for (size_t g = 0; g < MOST_GROUPS; g++) {
            truth += (double)programs[k][g].bytes * (double)programs[k][g].n;
            blocks += (double)programs[k][g].n;
        }
        for (size_t trial = 0; trial < TRIALS; trial++) {
            double variance[MT_N_VALUES] = {0}, bytes = 0, n = 0;
            for (size_t g = 0; g < MOST_GROUPS && programs[k][g].n; g++) {
                struct mt_sample s;
                sample(&s, &programs[k][g], recorded(&programs[k][g]));
                mt_margin_add(p, &s, s.value, variance);
                bytes += (double)s.value[MT_VALUE_LIVE_BYTES];
                n += (double)s.value[MT_VALUE_LIVE_BLOCKS];
            }
            if (bytes == 0) /* no row is shown */
                continue;
            seen++;
            double margin = (double)mt_margin_of(bytes, variance[MT_VALUE_LIVE_BYTES]);
            holds += fabs(bytes - truth) <= margin + 1;
            holds_blocks +=
                fabs(n - blocks) <= (double)mt_margin_of(n, variance[MT_VALUE_LIVE_BLOCKS]) + 1;
            most += margin > 4 * truth; /* an interval that holds everything says nothing */
        }
        double share = (double)holds / (double)seen,
               of_blocks = (double)holds_blocks / (double)seen;
        if (share < 0.93 || of_blocks < 0.90 || most > seen / 20)
            fail_msg("program %zu: bytes %.3f, blocks %.3f of %zu; too wide %zu", k, share,
                     of_blocks, seen, most);
    }
    mt_profile_free(p);
}

/* For many recorded blocks it is 1.96 standard deviations, and a figure that is exact has none. */
static void is_that_of_the_textbook(void **state) {
    (void)state;
    assert_int_equal(mt_margin_of(1e9, 0), 0);
    double sigma = 1e6, margin = (double)mt_margin_of(1e9, sigma * sigma);
    assert_true(margin > 1.9599 * sigma && margin < 1.97 * sigma);
    struct mt_profile *p = build_empty();
    struct mt_sample s = {.n_frames = 0};
    double variance[MT_N_VALUES] = {0};
    s.value[MT_VALUE_TOTAL_BLOCKS] = s.value[MT_VALUE_LIVE_BLOCKS] = 100;
    s.value[MT_VALUE_TOTAL_BYTES] = s.value[MT_VALUE_LIVE_BYTES] = 6400;
    mt_margin_add(p, &s, s.value, variance);
    for (int v = 0; v < MT_N_VALUES; v++)
        assert_true(variance[v] == 0); /* every block was recorded */
    p->info.sample_bytes = 64;
    mt_margin_add(p, &s, s.value, variance); /* blocks as large as the period: p = 1 - 1/e */
    double odds = 1 / (exp(1) - 1);
    assert_true(fabs(variance[MT_VALUE_LIVE_BYTES] - 6400 * 64 * odds) < 1);
    assert_true(fabs(variance[MT_VALUE_LIVE_BLOCKS] - 100 * odds) < 0.01);
    assert_true(mt_margin_most_of_bytes(6400, 64) >=
                variance[MT_VALUE_LIVE_BYTES]); /* the bound of scopes */
    mt_profile_free(p);
}

static void rows_add_up(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0x1000);
    const uint32_t one = build_frame(p, app, "one", "a.c", 1),
                   other = build_frame(p, app, "other", "a.c", 2);
    build_sample(p, 1000, 1, &one);
    build_sample(p, 3000, 1, &other);
    build_sample(p, 500, 1, &one);
    p->info.sample_bytes = PERIOD;
    mt_profile_sum_totals(p);
    struct mt_view_options view = {.by = MT_BY_LINE, .sort = MT_VALUE_LIVE_BYTES};
    struct mt_rows *rows;
    assert_int_equal(mt_rows_build(p, &view, &rows, NULL), 0);
    double sum = 0;
    for (size_t i = 0; i < mt_rows_count(rows); i++)
        sum += mt_rows_at(rows, i)->variance[MT_VALUE_LIVE_BYTES];
    assert_true(sum > 0 &&
                fabs(sum - mt_rows_all(rows)->variance[MT_VALUE_LIVE_BYTES]) < 1e-6 * sum);
    assert_int_equal(mt_rows_margin(rows, mt_rows_all(rows), MT_VALUE_LIVE_BYTES),
                     mt_margin_of_total(p, MT_VALUE_LIVE_BYTES));
    double of_all = mt_rows_all(rows)->variance[MT_VALUE_LIVE_BYTES];
    mt_rows_free(rows);
    view.cumulative = true;
    view.by = MT_BY_MODULE; /* which is on every path */
    assert_int_equal(mt_rows_build(p, &view, &rows, NULL), 0);
    assert_int_equal(mt_rows_count(rows), 1);
    assert_true(fabs(mt_rows_at(rows, 0)->variance[MT_VALUE_LIVE_BYTES] - of_all) < 1e-6 * of_all);
    mt_rows_free(rows);
    mt_profile_free(p);
}

static void texts(void **state) {
    (void)state;
    char text[MT_MARGIN_BYTES];
    assert_string_equal(mt_margin_text(text, 1000, 124, false), " +-12%");
    assert_string_equal(mt_margin_text(text, 1000, 1400, true), " ±140%");
    assert_string_equal(mt_margin_text(text, -1000, 51, true), " ±5.1%");
    assert_string_equal(mt_margin_text(text, 1000000, 1, true), " ±<0.1%");
    assert_string_equal(mt_margin_text(text, 1000, 0, true), "");
    assert_string_equal(mt_margin_text(text, 0, 10, true), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_95_of_100),
        cmocka_unit_test(is_that_of_the_textbook),
        cmocka_unit_test(rows_add_up),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
