/* SPDX-License-Identifier: MIT */
/* Medians, and the interval of a difference against published critical values and against counting
 * by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "view/compare/shift.h"

static void assert_near(double expected, double actual) {
    if (fabs(expected - actual) > 1e-9 * fmax(1, fabs(expected)))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static void test_median(void **state) {
    (void)state;
    const double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};
    struct mt_range range;
    assert_int_equal(0, mt_shift_range(odd, 3, &range));
    assert_near(3, range.median);
    assert_near(1, range.min);
    assert_near(5, range.max);
    assert_int_equal(0, mt_shift_range(even, 4, &range));
    assert_near(2.5, range.median);
}

/* Values such that the k-th smallest difference tells which k was chosen: all differences are
 * distinct. */
static size_t chosen_rank(size_t n, double *confidence) {
    double a[30] = {0}, b[30] = {0};
    struct mt_shift shift;
    for (size_t i = 0; i < n; i++) {
        a[i] = (double)i;
        b[i] = (double)(i * n);
    }
    assert_int_equal(0, mt_shift_between(a, n, b, n, &shift));
    *confidence = shift.confidence;
    size_t below = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            below += b[j] - a[i] < shift.low;
    assert_near(-(double)(n - 1) + (double)(below - 1), shift.low);
    return below;
}

/* Two-sided 5 % critical values of U (Mann and Whitney's table): the interval begins one rank
 * above. */
static void test_ranks_of_the_table(void **state) {
    (void)state;
    static const struct {
        size_t n, critical;
    } table[] = {{4, 0}, {5, 2}, {6, 5}, {7, 8}, {8, 13}, {9, 17}, {10, 23}, {15, 64}, {20, 127}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double confidence;
        assert_int_equal(table[i].critical + 1, chosen_rank(table[i].n, &confidence));
        assert_true(confidence >= 0.95 && confidence < 0.98);
    }
}

static void test_few_values_admit_it(void **state) {
    (void)state;
    double confidence;
    assert_int_equal(1, chosen_rank(3, &confidence));
    assert_near(0.9, confidence); /* 2 of 20 orders are as extreme */
    assert_int_equal(1, chosen_rank(2, &confidence));
    assert_near(1 - 2.0 / 6, confidence);
    assert_int_equal(1, chosen_rank(1, &confidence));
    assert_near(0, confidence);
}

/* Where counting ends, the approximation goes on. */
static void test_many_values(void **state) {
    (void)state;
    double counted, approximate;
    size_t last = chosen_rank(25, &counted), next = chosen_rank(26, &approximate);
    assert_int_equal(212, last); /* critical value 211 */
    assert_true(next > last && next < last + 25);
    assert_near(0.95, approximate);
}

static void test_verdicts(void **state) {
    (void)state;
    static const struct {
        double a[4], b[4];
        enum mt_shift_verdict verdict;
        double estimate;
    } cases[] = {
        {{7, 7, 7, 7}, {7, 7, 7, 7}, MT_SHIFT_SAME, 0},
        {{7, 7, 7, 7}, {5, 5, 5, 5}, MT_SHIFT_LESS, -2},
        {{1, 2, 3, 4}, {11, 12, 13, 14}, MT_SHIFT_MORE, 10},
        {{1, 2, 3, 4}, {2, 3, 4, 5}, MT_SHIFT_UNCLEAR, 1},
        {{7, 7, 7, 7}, {7, 7, 7, 9}, MT_SHIFT_UNCLEAR, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_shift shift;
        assert_int_equal(0, mt_shift_between(cases[i].a, 4, cases[i].b, 4, &shift));
        assert_int_equal(cases[i].verdict, mt_shift_judge(&shift));
        assert_near(cases[i].estimate, shift.estimate);
        assert_true(shift.low <= shift.estimate && shift.estimate <= shift.high);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_ranks_of_the_table),
        cmocka_unit_test(test_few_values_admit_it),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
