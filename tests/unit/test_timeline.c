/* SPDX-License-Identifier: MIT */
/* Courses, sums, families and layers of profiles built by hand; axes; how well a past moment is
 * known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile-fixture.h"
#include "view/at.h"
#include "view/timeline/breakdown.h"
#include "view/timeline/family.h"
#include "view/timeline/scale.h"
#include "view/timeline/timeline.h"
#include "view/timeline/trend.h"

#define SEC   UINT64_C(1000000000)
#define EPOCH (1700000000 * SEC)

/* Ticks of a second each from its start on; live bytes as given. */
static struct mt_profile *process(uint32_t pid, uint32_t ppid, uint64_t start_s,
                                  const int64_t *live, size_t n) {
    struct mt_profile *p = build_empty();
    p->info.pid = pid;
    p->info.ppid = ppid;
    p->info.start_time_ns = EPOCH + start_s * SEC;
    p->info.duration_ns = n ? (n - 1) * SEC : 0;
    p->info.ticks = calloc(n + 1, sizeof *p->info.ticks);
    p->info.n_ticks = n;
    for (size_t i = 0; i < n; i++)
        p->info.ticks[i] =
            (struct mt_tick){.time_ns = i * SEC, .live_bytes = live[i], .rss_bytes = 100};
    return p;
}
#define PROCESS(pid, ppid, start, ...)                                                             \
    process(pid, ppid, start, (int64_t[]){__VA_ARGS__},                                            \
            sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))

static struct mt_timeline *build(struct mt_profile **profiles, size_t n, bool with_sum) {
    struct mt_timeline *t = NULL;
    struct mt_error error = {0};
    if (mt_timeline_build((const struct mt_profile *const *)profiles, n, with_sum, &t, &error) != 0)
        fail_msg("%s", error.message);
    return t;
}

static void peak_between_ticks(void **state) {
    (void)state;
    struct mt_profile *p = PROCESS(1, 0, 0, 10, 20, 30, 5);
    p->info.totals.peak_bytes = 99;
    p->info.peak_time_known = true;
    p->info.peak_time_ns = 5 * SEC / 2;
    struct mt_timeline *t = build(&p, 1, false);
    const struct mt_course *c = &t->courses[0];
    assert_int_equal(c->n_points, 5);
    assert_int_equal(c->n_ticks, 4);
    assert_true(c->points[3].is_peak && c->points[3].value[MT_SERIES_LIVE] == 99);
    assert_int_equal(c->points[3].value[MT_SERIES_RSS], 100); /* of the tick before */
    assert_true(c->finest_ns == SEC && c->coarsest_ns == SEC);
    double columns[3];
    mt_timeline_columns(c, MT_SERIES_LIVE, 0, 3 * SEC, columns, 3);
    assert_true(columns[0] == 10 && columns[1] == 20 && columns[2] == 99);
    mt_timeline_columns(c, MT_SERIES_PSS, 0, 3 * SEC, columns, 3);
    assert_true(columns[0] == -1 && columns[2] == -1); /* never read */
    mt_timeline_free(t);
    mt_profile_free(p);
}

/* PSS and swap are known where they were read: nothing is drawn on from there, neither between nor
 * to the end. */
static void sparse_readings(void **state) {
    (void)state;
    struct mt_profile *list[] = {PROCESS(1, 0, 0, 10, 10, 10, 10, 10, 10),
                                 PROCESS(2, 1, 1, 5, 5, 5)};
    list[0]->info.ticks[1].pss_bytes = 70; /* with no swap, which is a figure, too */
    list[0]->info.ticks[3].pss_bytes = 60;
    list[0]->info.ticks[3].swap_bytes = 7;
    list[0]->info.ticks[5].rss_bytes = 0; /* of the ledger, after the end */
    list[1]->info.ticks[0].pss_bytes = 30;
    for (size_t i = 0; i < 5; i++)
        list[0]->info.ticks[i].anon_bytes = 40 + i;
    struct mt_timeline *t = build(list, 2, true);
    const struct mt_course *c = &t->courses[0];
    static const double pss[] = {-1, 70, -1, 60, -1}, swap[] = {-1, 0, -1, 7, -1};
    double columns[5];
    mt_timeline_columns(c, MT_SERIES_PSS, 0, 5 * SEC, columns, 5);
    assert_memory_equal(columns, pss, sizeof pss);
    mt_timeline_columns(c, MT_SERIES_SWAP, 0, 5 * SEC, columns, 5);
    assert_memory_equal(columns, swap, sizeof swap);
    assert_true(c->has[MT_SERIES_SWAP] && c->highest[MT_SERIES_PSS] == 70 &&
                c->highest[MT_SERIES_ANON] == 44);
    assert_false(c->points[2].is_read[MT_SERIES_PSS] || c->points[5].is_read[MT_SERIES_RSS] ||
                 c->points[5].is_read[MT_SERIES_ANON]);
    mt_timeline_columns(&t->sum, MT_SERIES_PSS, 0, 5 * SEC, columns, 5);
    assert_true(columns[0] == -1 && columns[1] == 100 && columns[2] == -1 && columns[3] == 60 &&
                columns[4] == -1); /* the second has ended */
    mt_timeline_free(t);
    mt_profile_free(list[0]);
    mt_profile_free(list[1]);
}

static void sum_of_processes(void **state) {
    (void)state;
    struct mt_profile *list[] = {PROCESS(20, 10, 1, 5, 5, 5), PROCESS(10, 1, 0, 1, 2, 3, 4, 5, 6)};
    struct mt_timeline *t = build(list, 2, true);
    assert_int_equal(t->courses[0].profile->info.pid, 10);
    assert_int_equal(t->courses[1].parent, 0);
    static const uint64_t sums[] = {1, 2 + 5, 3 + 5, 4,
                                    5, 0}; /* the child ends with second 3, the parent with 5 */
    static const uint32_t running[] = {1, 2, 2, 1, 1, 0};
    assert_int_equal(t->sum.n_points, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(t->sum.points[i].time_ns, i * SEC);
        assert_int_equal(t->sum.points[i].value[MT_SERIES_LIVE], sums[i]);
        assert_int_equal(t->sum.points[i].value[MT_SERIES_RSS], 100 * running[i]);
        assert_int_equal(t->sum.points[i].n_processes, running[i]);
    }
    assert_int_equal(t->sum.peak_bytes, 9); /* 4 + 5, the instant before the child ended */
    assert_int_equal(t->sum.peak_ns, 3 * SEC);
    mt_timeline_free(t);
    mt_profile_free(list[0]);
    mt_profile_free(list[1]);
}

/* 300 processes of 200 ticks at odd times: no more points than anybody can use, and the peak is not
 * lost with them. */
static void sums_stay_bounded(void **state) {
    (void)state;
    enum { PROCESSES = 300, TICKS = 200 };
    struct mt_profile *list[PROCESSES];
    int64_t live[TICKS];
    for (size_t i = 0; i < PROCESSES; i++) {
        for (size_t k = 0; k < TICKS; k++)
            live[k] = i == 7 && k == 77 ? 1 << 30 : 1;
        list[i] = process((uint32_t)i + 2, 1, 0, live, TICKS);
        for (size_t k = 0; k < TICKS; k++)
            list[i]->info.ticks[k].time_ns += i * 1000003;
    }
    list[7]->info.ticks[78].time_ns = list[7]->info.ticks[77].time_ns + 1000; /* a short peak */
    struct mt_timeline *t = build(list, PROCESSES, true);
    assert_true(t->sum.n_points > 1000 && t->sum.n_points <= 8001);
    assert_int_equal(t->sum.peak_bytes, (1 << 30) + PROCESSES - 1);
    bool has_peak = false;
    for (size_t i = 0; i < t->sum.n_points; i++)
        has_peak |= t->sum.points[i].value[MT_SERIES_LIVE] == t->sum.peak_bytes;
    assert_true(has_peak);
    mt_timeline_free(t);
    for (size_t i = 0; i < PROCESSES; i++)
        mt_profile_free(list[i]);
}

static void families(void **state) {
    (void)state;
    struct mt_profile *list[] = {
        PROCESS(10, 1, 100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), /* the run: 100 to 109 s */
        PROCESS(11, 10, 102, 1, 1),                        /* its child */
        PROCESS(12, 11, 103, 1, 1),                        /* its grandchild, the newest but one */
        PROCESS(11, 10, 103, 1, 1, 1),                     /* what the child executed */
        PROCESS(10, 1, 50, 1, 1),                          /* an earlier run with the same pid */
        PROCESS(13, 10, 51, 1),  /* and its child: the pid fits, the time does not */
        PROCESS(14, 99, 104, 1), /* of somebody else; the newest of all */
    };
    bool is_member[7];
    mt_timeline_family((const struct mt_profile *const *)list, 6, is_member);
    static const bool expected[] = {true, true, true, true, false, false};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(is_member[i], expected[i]);
    mt_timeline_family((const struct mt_profile *const *)list, 7, is_member);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(is_member[i], i == 6);
    list[0]->info.ppid = 12; /* a circle of parents */
    list[2]->info.start_time_ns = list[0]->info.start_time_ns;
    list[1]->info.start_time_ns = list[0]->info.start_time_ns;
    mt_timeline_family((const struct mt_profile *const *)list, 4, is_member);
    assert_true(is_member[0] && is_member[1] && is_member[2]);
    for (size_t i = 0; i < 7; i++)
        mt_profile_free(list[i]);
}

static void one_profile_of_a_recording(void **state) {
    (void)state;
    struct mt_profile *list[] = {
        PROCESS(10, 1, 100, 1, 1),       /* a snapshot */
        PROCESS(10, 1, 100, 1, 1, 1, 1), /* at the end */
        PROCESS(11, 10, 100, 1, 1),      /* its child */
        PROCESS(10, 1, 100, 1, 1, 1),    /* another snapshot */
        PROCESS(10, 1, 101, 1, 1),       /* what it executed */
        PROCESS(10, 1, 100, 1, 1, 1, 1), /* a copy */
    };
    static const bool expected[] = {true, false, false, true, false, true};
    bool is_earlier[6];
    assert_int_equal(
        mt_timeline_family_earlier((const struct mt_profile *const *)list, 6, is_earlier), 3);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(is_earlier[i], expected[i]);
    list[0]->info.is_memtrack = list[1]->info.is_memtrack =
        false; /* what another tool calls a pid */
    assert_int_equal(
        mt_timeline_family_earlier((const struct mt_profile *const *)list, 2, is_earlier), 0);
    for (size_t i = 0; i < 6; i++)
        mt_profile_free(list[i]);
}

static void no_time_axis(void **state) {
    (void)state;
    struct mt_profile *p = build_empty();
    struct mt_timeline *t;
    struct mt_error error = {0};
    assert_int_equal(mt_timeline_build((const struct mt_profile *const *)&p, 1, true, &t, &error),
                     -MEMTRACK_EUSAGE);
    assert_null(t);
    mt_profile_free(p);
}

/* Whatever a profile says: no crash, points in order, figures in range. */
static void numbers_out_of_range(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (size_t round = 0; round < 300; round++) {
        struct mt_profile *list[3];
        for (size_t i = 0; i < 3; i++) {
            int64_t live[20] = {0};
            list[i] = process(build_random(&seed, 4), build_random(&seed, 4), 0, live, 20);
            uint64_t *words = (uint64_t *)list[i]->info.ticks;
            for (size_t w = 0; w < 20 * sizeof(struct mt_tick) / sizeof *words; w++)
                words[w] = build_random(&seed, 3) ? UINT64_MAX >> build_random(&seed, 64) : 0;
            list[i]->info.start_time_ns = UINT64_MAX >> build_random(&seed, 64);
            list[i]->info.duration_ns = UINT64_MAX >> build_random(&seed, 64);
            list[i]->info.totals.peak_bytes = UINT64_MAX >> build_random(&seed, 64);
            list[i]->info.peak_time_known = round % 2;
            list[i]->info.peak_time_ns = UINT64_MAX >> build_random(&seed, 64);
        }
        struct mt_timeline *t = build(list, 3, true);
        const struct mt_course *courses[] = {&t->courses[0], &t->courses[1], &t->courses[2],
                                             &t->sum};
        for (size_t c = 0; c < 4; c++) {
            double columns[17];
            mt_timeline_columns(courses[c], MT_SERIES_LIVE, 0, t->duration_ns, columns, 17);
            for (size_t i = 1; i < courses[c]->n_points; i++)
                assert_true(courses[c]->points[i].time_ns >= courses[c]->points[i - 1].time_ns);
            for (size_t i = 0; i < 17; i++)
                assert_true(columns[i] >= -1 && columns[i] < 1e20);
        }
        mt_timeline_free(t);
        for (size_t i = 0; i < 3; i++)
            mt_profile_free(list[i]);
    }
}

/* ---- compositions ---------------------------------------------------------------------------- */

static struct mt_profile *layered(void) {
    struct mt_profile *p = PROCESS(1, 0, 0, 100, 200, 300, 400);
    static const struct mt_tick_change list[] = {
        {1, 0, 100, 1}, {1, 1, 10, 1}, {3, 0, 50, 1}, {2, 1, 500, 1}, {3, 2, 7, 1}};
    for (int64_t i = 0; i < 3; i++) {
        uint32_t path = build_frame(p, 0, "f", "file.c", i + 1);
        build_sample(p, 1, 1, &path);
    }
    p->info.changes = memcpy(malloc(sizeof list), list, sizeof list);
    p->info.n_changes = sizeof list / sizeof *list;
    return p;
}

static void layers_over_time(void **state) {
    (void)state;
    struct mt_profile *p = layered();
    const struct mt_view_options options = {.by = MT_BY_LINE};
    struct mt_breakdown *s;
    assert_int_equal(mt_breakdown_build(p, &options, 1, 100, &s, NULL), 0);
    assert_int_equal(s->n_layers, 2);
    assert_string_equal(s->keys[0], "file.c:2"); /* 500 at its most */
    assert_null(s->keys[1]);
    assert_int_equal(s->n_moments, 4);
    static const int64_t first[] = {0, 10, 500, 500}, rest[] = {0, 100, 100, 57};
    for (size_t m = 0; m < 4; m++) {
        assert_int_equal(s->time_ns[m], m * SEC);
        assert_int_equal(s->live_bytes[m], first[m]);
        assert_int_equal(s->live_bytes[4 + m], rest[m]);
    }
    mt_breakdown_free(s);
    assert_int_equal(mt_breakdown_build(p, &options, 9, 2, &s, NULL),
                     0); /* more layers than there are, two moments */
    assert_int_equal(s->n_layers, 4);
    assert_true(s->n_moments <= 4);
    mt_breakdown_free(s);
    p->info.n_changes = 0;
    assert_int_equal(mt_breakdown_build(p, &options, 1, 100, &s, NULL), -MEMTRACK_EUSAGE);
    mt_profile_free(p);
}

static void how_well_a_moment_is_known(void **state) {
    (void)state;
    struct mt_profile *p = layered();
    uint64_t from, to;
    struct mt_at at = {.kind = MT_AT_TIME, .time_ns = SEC + 1};
    assert_true(mt_at_resolution(p, &at, &from, &to));
    assert_true(from == SEC && to == 2 * SEC);
    at.time_ns = 0;
    assert_false(mt_at_resolution(p, &at, &from, &to));
    at.time_ns = 3 * SEC;
    assert_true(mt_at_resolution(p, &at, &from, &to));
    assert_true(from == 3 * SEC && to == UINT64_MAX);
    at.kind = MT_AT_END;
    assert_false(mt_at_resolution(p, &at, &from, &to));
    mt_profile_free(p);
}

/* ---- axes ------------------------------------------------------------------------------------ */

static void axes(void **state) {
    (void)state;
    char text[MT_FORMAT_BYTES];
    static const uint64_t values[] = {0,
                                      1,
                                      7,
                                      1000,
                                      999999999,
                                      SEC,
                                      90 * SEC,
                                      3600 * SEC,
                                      86400 * SEC,
                                      7 * 86400 * SEC,
                                      UINT64_MAX / 2,
                                      UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t n = 1; n < 20; n++) {
            assert_true(mt_scale_time(values[i], n) > 0 &&
                        values[i] / mt_scale_time(values[i], n) <= n);
            assert_true(mt_scale_bytes(values[i], n) > 0);
            assert_true(values[i] / mt_scale_bytes(values[i], n) <= n || n < 4);
        }
    assert_string_equal(mt_scale_label_time(text, 250000000, 50000000), "250 ms");
    assert_string_equal(mt_scale_label_time(text, 1500000000, 500000000), "1.5 s");
    assert_string_equal(mt_scale_label_time(text, 150 * SEC, 30 * SEC), "2:30 min");
    assert_string_equal(mt_scale_label_time(text, 5400 * SEC, 1800 * SEC), "1:30 h");
    assert_string_equal(mt_scale_label_time(text, 3 * 86400 * SEC, 86400 * SEC), "3 d");
    assert_string_equal(mt_scale_label_bytes(text, 512 << 20), "512 MiB");
    assert_string_equal(mt_scale_label_bytes(text, 1536), "1.5 KiB");
    assert_int_equal(mt_scale_bytes(100 << 20, 4), 32 << 20);
}

static void slope(void **state) {
    (void)state;
    struct mt_profile *p = PROCESS(1, 0, 0, 0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000);
    struct mt_timeline *t = build(&p, 1, false);
    double per_second = 0;
    assert_true(mt_trend_of(&t->courses[0], MT_SERIES_LIVE, &per_second));
    assert_true(per_second > 950 && per_second < 1050);
    assert_false(mt_trend_of(&t->courses[0], MT_SERIES_PSS, &per_second)); /* never read */
    mt_timeline_free(t);
    mt_profile_free(p);
}

/* The sum is what was seen at its ticks, not made of the members again. */
static void watched_tree(void **state) {
    (void)state;
    static const uint64_t rss[] = {10, 50, 30};
    struct mt_profile *p = PROCESS(1, 0, 0, 0, 0, 0);
    struct mt_error error;
    struct mt_timeline *t;
    p->info.watched = true;
    for (size_t i = 0; i < 3; i++)
        p->info.ticks[i].rss_bytes = rss[i];
    for (uint32_t i = 0; i < 2; i++) {
        struct mt_profile_info *info = &mt_profile_add_member(p)->info;
        info->is_memtrack = info->watched = true;
        info->pid = 1 + i;
        info->ppid = i;
        info->start_time_ns = p->info.start_time_ns + i * SEC;
        info->duration_ns = (i ? 1 : 2) * SEC;
        info->ticks = calloc(1, sizeof *info->ticks);
        info->ticks[info->n_ticks++].rss_bytes = 10 + 30 * i;
        info->peak_rss_bytes = 60 + i;
    }
    assert_int_equal(mt_profile_add_mark(p, SEC, "moment", MT_MARK_OUTSIDE), 0);
    assert_int_equal(mt_timeline_build((const struct mt_profile *const *)&p, 1, false, &t, &error),
                     0);
    assert_int_equal(t->n_courses, 2);
    assert_true(t->courses[0].main == MT_SERIES_RSS && !t->courses[0].has[MT_SERIES_LIVE]);
    assert_int_equal(t->courses[1].parent, 0);
    assert_int_equal(t->courses[1].highest[MT_SERIES_RSS], 61);
    assert_true(t->sum.peak_bytes == 50 && t->sum.peak_ns == SEC);
    assert_int_equal(t->sum.points[0].n_processes, 1);
    assert_int_equal(t->sum.points[1].n_processes, 2);
    assert_true(t->n_marks == 1 && t->marks[0].course == 0);
    mt_timeline_free(t);
    assert_int_equal(mt_timeline_build_aligned((const struct mt_profile *const *)&p, 1, &t, &error),
                     0);
    assert_true(t->n_courses == 1 && t->courses[0].start_ns == 0 && t->is_aligned);
    mt_timeline_free(t);
    mt_profile_free(p);
}

/* Heaps are compared with heaps; where one is not known, all are shown by their RSS. */
static void courses_beside_each_other(void **state) {
    (void)state;
    struct mt_profile *p[] = {PROCESS(1, 0, 0, 500, 700), PROCESS(2, 0, 9, 300, 200)};
    struct mt_timeline *t;
    struct mt_error error;
    p[1]->info.ticks[1].rss_bytes = 4000;
    for (int watched = 0; watched < 2; watched++) {
        p[0]->info.watched = watched;
        assert_int_equal(
            mt_timeline_build_aligned((const struct mt_profile *const *)p, 2, &t, &error), 0);
        assert_int_equal(t->beside, watched ? MT_SERIES_RSS : MT_SERIES_LIVE);
        assert_int_equal(t->courses[0].beside_peak_bytes, watched ? 100 : 700);
        assert_int_equal(t->courses[1].beside_peak_bytes, watched ? 4000 : 300);
        const struct mt_course *low = &t->courses[!watched], *high = &t->courses[watched];
        assert_true(mt_timeline_compare_peaks(&high, &low) < 0);
        assert_int_equal(t->courses[1].peak_bytes, 300); /* its heap is known all the same */
        mt_timeline_free(t);
    }
    mt_profile_free(p[0]);
    mt_profile_free(p[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(courses_beside_each_other),
        cmocka_unit_test(peak_between_ticks),
        cmocka_unit_test(sparse_readings),
        cmocka_unit_test(sum_of_processes),
        cmocka_unit_test(sums_stay_bounded),
        cmocka_unit_test(families),
        cmocka_unit_test(one_profile_of_a_recording),
        cmocka_unit_test(no_time_axis),
        cmocka_unit_test(numbers_out_of_range),
        cmocka_unit_test(layers_over_time),
        cmocka_unit_test(how_well_a_moment_is_known),
        cmocka_unit_test(axes),
        cmocka_unit_test(slope),
        cmocka_unit_test(watched_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
