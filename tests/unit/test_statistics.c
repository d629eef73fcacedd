/* SPDX-License-Identifier: MIT */
// libs: -lm
/* The deviation from sums is that of two passes over the values, however large these are. */
#include "profile-fixture.h"

#include "memtrack/histogram.h"
#include "statistics-fixture.h"

static void deviation_is_exact(uint64_t n, int64_t base, int64_t step) {
    __extension__ typedef unsigned __int128 wide;
    __extension__ typedef __int128 wide_signed;
    wide squares = 0;
    int64_t sum = 0, values[100];
    assert_true(n <= 100);
    for (uint64_t i = 0; i < n; i++) {
        values[i] = base + (int64_t)(i * i % 17) * step;
        squares += (wide)((wide_signed)values[i] * values[i]);
        sum += values[i];
    }
    double found =
        memtrack_histogram_deviation(n, sum, (uint64_t)squares, (uint64_t)(squares >> 64));
    for (uint64_t i = 0; i < n; i++)
        values[i] -= base; /* the deviation does not change, and the textbook's way is exact */
    deviates_by(found, values, n);
}

static void deviations_of_large_values_are_exact(void **state) {
    (void)state;
    static const int64_t bases[] = {
        0, 1, -1, 1000, -123456789, (int64_t)1 << 50, -((int64_t)1 << 56)};
    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++)
        for (uint64_t n = 1; n <= 100; n += 9)
            for (int64_t step = 0; step <= 1000000; step = step * 10 + 1)
                deviation_is_exact(n, bases[b], step);
    assert_true(memtrack_histogram_deviation(0, 5, 5, 5) == 0);
    assert_true(memtrack_histogram_deviation(UINT64_MAX, 5, 5, 5) == 0);
    assert_true(memtrack_histogram_deviation(3, INT64_MIN, 0, 0) >= 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(deviations_of_large_values_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
