/* SPDX-License-Identifier: MIT */
/* The sorted intervals against a plain table of which one each unit of a small address space
 * belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "track/mappings/intervals.h"

enum { UNITS = 40000, STEPS = 120000 };

static uint32_t owner[UNITS]; /* 0: none, else 1 + where its interval begins */

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void insert(uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; i++) {
        if (owner[i] != 0)
            return;
    }
    assert_true(
        mt_intervals_insert((struct mt_interval){.begin = begin, .end = end, .serial = begin * 3}));
    for (uint64_t i = begin; i < end; i++)
        owner[i] = (uint32_t)begin + 1;
}

static void erase(uint64_t at) {
    uint32_t own = owner[at];
    if (own == 0)
        return;
    mt_intervals_erase(own - 1);
    for (uint64_t i = own - 1; i < UNITS && owner[i] == own; i++)
        owner[i] = 0;
}

static void look(uint64_t at) {
    const struct mt_interval *found = mt_intervals_after(at);
    uint64_t i = at, end;
    while (i < UNITS && owner[i] == 0)
        i++;
    if (i == UNITS) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(found->begin, owner[i] - 1);
    assert_int_equal(found->serial, found->begin * 3);
    for (end = i; end < UNITS && owner[end] == owner[i]; end++)
        ;
    assert_int_equal(found->end, end);
}

/* Fills up, goes back and forth, and empties: leaves are split, joined and used again. */
static void test_random(void **state) {
    (void)state;
    uint64_t random = 7;
    mt_intervals_start();
    for (int phase = 0; phase < 3; phase++) {
        uint64_t inserts = phase == 0 ? 9 : phase == 1 ? 5 : 1;
        for (int i = 0; i < STEPS; i++) {
            uint64_t at = next_random(&random) % (UNITS - 4);
            if (next_random(&random) % 10 < inserts)
                insert(at, at + 1 + next_random(&random) % 3);
            else
                erase(at);
            look(next_random(&random) % UNITS);
        }
    }
    for (uint64_t i = 0; i < UNITS; i++)
        erase(i);
    assert_null(mt_intervals_after(0));
}

/* More than there is room for: refused, and what is there stays; with room again it goes on. */
static void test_full(void **state) {
    (void)state;
    uint64_t n = 0;
    mt_intervals_start();
    while (mt_intervals_insert((struct mt_interval){.begin = n * 2 + 2, .end = n * 2 + 3}))
        n++;
    assert_true(n >= 1000000);
    assert_int_equal(mt_intervals_after(0)->begin, 2);
    assert_int_equal(mt_intervals_after(n)->begin, n + n % 2);
    assert_null(mt_intervals_after(n * 2 + 1));
    for (uint64_t i = 0; i < n; i++)
        mt_intervals_erase(i * 2 + 2);
    assert_null(mt_intervals_after(0));
    assert_true(mt_intervals_insert((struct mt_interval){.begin = 5, .end = 6}));
    mt_intervals_start();
    assert_null(mt_intervals_after(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
