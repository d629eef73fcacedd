/* SPDX-License-Identifier: MIT */
/* Buckets are in order, hold what they say and are no wider than 1/32 of it; squares are
 * numbers of 128 bits; and percentiles from the counts of all buckets, as a process that is
 * not recorded has them, are those from the sorted weights of a recording (ledger/statistics.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/statistics.h"
#include "memtrack/histogram.h"

enum { VALUES = 3000 };

static uint64_t state = 1;

static uint64_t next(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 20;
}

static void assert_bucket(uint64_t magnitude) {
    uint32_t bucket = memtrack_histogram_bucket(magnitude);
    assert_true(bucket < MEMTRACK_HISTOGRAM_BUCKETS_);
    uint64_t begin = memtrack_histogram_begin(bucket), end = memtrack_histogram_begin(bucket + 1);
    assert_true(begin <= magnitude && magnitude < end);
    assert_true(end - begin <= 1 + begin / 32);
    assert_int_equal(bucket, memtrack_histogram_bucket(begin));
    uint64_t middle = (uint64_t)memtrack_histogram_middle(bucket);
    if (bucket < memtrack_histogram_bucket(INT64_MAX))
        assert_true(begin <= middle && middle - begin <= end - 1 - middle &&
                    end - 1 - middle <= middle - begin + 1);
}

static void test_buckets(void **unused) {
    (void)unused;
    for (unsigned shift = 0; shift < 63; shift++)
        for (int i = -2; i < 3; i++)
            if (i >= 0 || shift > 1)
                assert_bucket((UINT64_C(1) << shift) + (uint64_t)i);
    for (int i = 0; i < VALUES; i++)
        assert_bucket(next() >> i % 44);
    assert_bucket(INT64_MAX);
}

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 wide_signed;

/* Adds the square as the recorder does. */
static void add_square(wide *squares, int64_t value) {
    *squares += (wide)((wide_signed)value * value);
}

static void test_squares(void **unused) {
    (void)unused;
    for (unsigned shift = 0; shift < 44; shift++) {
        wide squares = 0;
        uint64_t low = 0, high = 0;
        for (int i = 0; i < 100; i++) {
            int64_t value = (int64_t)(next() >> shift) * (i % 3 == 0 && shift % 2 ? -1 : 1);
            add_square(&squares, value);
            memtrack_histogram_square(&low, &high, value);
        }
        assert_int_equal((uint64_t)squares, low);
        assert_int_equal((uint64_t)(squares >> 64), high);
    }
}

/* The counts of all buckets say what the sorted weights of those in use do. */
static void test_percentiles(void **unused) {
    (void)unused;
    static uint64_t counts[MEMTRACK_HISTOGRAM_BUCKETS_];
    static struct mt_weight weights[MEMTRACK_HISTOGRAM_BUCKETS_];
    for (size_t n = 1; n < VALUES; n += n / 3 + 1) {
        size_t n_weights = 0;
        memset(counts, 0, sizeof counts);
        for (size_t i = 0; i < n; i++)
            counts[memtrack_histogram_bucket(next() >> i % 44)]++;
        for (uint32_t b = 0; b < MEMTRACK_HISTOGRAM_BUCKETS_; b++)
            if (counts[b] != 0)
                weights[n_weights++] = (struct mt_weight){mt_weight_value(b, false), counts[b]};
        for (uint64_t percent = 1; percent <= 100; percent++)
            assert_int_equal(mt_weights_percentile(weights, n_weights, n, percent),
                             memtrack_histogram_percentile(
                                 counts, 0, MEMTRACK_HISTOGRAM_BUCKETS_ - 1, n, percent));
    }
    memset(counts, 0, sizeof counts);
    assert_int_equal(
        0, memtrack_histogram_percentile(counts, 0, MEMTRACK_HISTOGRAM_BUCKETS_ - 1, 0, 50));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_squares),
        cmocka_unit_test(test_percentiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
