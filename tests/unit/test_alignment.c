/* SPDX-License-Identifier: MIT */
/* Statements of two builds: insertions, deletions, edits and moves, and what is too large to
 * align. */
#include "view/compare/alignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MALLOC = 1, CALL_STRDUP = 2, CALL_OTHER = 4 };

static struct mt_alignment_point at(int64_t line, uint64_t callee, int64_t blocks) {
    return (struct mt_alignment_point){.position = line,
                                       .start = 1,
                                       .callees = callee,
                                       .inner = callee,
                                       .blocks = blocks,
                                       .bytes = blocks * 16};
}

static void assert_aligned(const struct mt_alignment_point *old, size_t n,
                           const struct mt_alignment_point *new, size_t m,
                           const uint32_t *expected) {
    uint32_t *to = calloc(n + 1, sizeof *to);
    assert_int_equal(mt_alignment_find(old, n, new, m, to), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(to[i], expected[i]);
    free(to);
}

#define NONE MT_ALIGNMENT_NONE

static void unchanged_functions_are_paired_by_place(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 1), at(5, CALL_MALLOC, 2),
                                       at(9, CALL_STRDUP, 3)};
    assert_aligned(old, 3, old, 3, (uint32_t[]){0, 1, 2});
}

static void a_function_that_moved_as_a_whole(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 1), at(5, CALL_MALLOC, 2)},
                              new[] = {old[0], old[1]};
    for (size_t i = 0; i < 2; i++) {
        new[i].position += 40;
        new[i].start += 40;
    }
    assert_aligned(old, 2, new, 2, (uint32_t[]){0, 1});
    for (size_t i = 0; i < 2; i++)
        old[i].start = new[i].start = 0; /* not known: the order is left */
    assert_aligned(old, 2, new, 2, (uint32_t[]){0, 1});
}

/* The new statement takes the number of an old one. */
static void an_inserted_statement_is_alone(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 10), at(4, CALL_MALLOC, 20),
                                       at(5, CALL_MALLOC, 30)};
    struct mt_alignment_point new[] = {at(3, CALL_MALLOC, 10), at(4, CALL_MALLOC, 99),
                                       at(5, CALL_MALLOC, 20), at(6, CALL_MALLOC, 30)};
    assert_aligned(old, 3, new, 4, (uint32_t[]){0, 2, 3});
    struct mt_alignment_point calls[] = {at(3, CALL_STRDUP, 1), at(4, CALL_MALLOC, 1)};
    struct mt_alignment_point more[] = {at(3, CALL_MALLOC, 1), at(4, CALL_STRDUP, 1),
                                        at(5, CALL_MALLOC, 1)};
    assert_aligned(calls, 2, more, 3, (uint32_t[]){1, 2});
}

static void a_removed_statement_is_alone(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 10), at(4, CALL_MALLOC, 99),
                                       at(5, CALL_MALLOC, 20), at(6, CALL_MALLOC, 30)};
    struct mt_alignment_point new[] = {at(3, CALL_MALLOC, 10), at(4, CALL_MALLOC, 20),
                                       at(5, CALL_MALLOC, 30)};
    assert_aligned(old, 4, new, 3, (uint32_t[]){0, NONE, 1, 2});
}

static void another_call_in_its_place_is_another_statement(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 10)}, new[] = {at(4, CALL_OTHER, 11)};
    assert_aligned(old, 1, new, 1, (uint32_t[]){NONE});
    new[0].inner = CALL_OTHER | CALL_MALLOC; /* the same below an inlined helper */
    assert_aligned(old, 1, new, 1, (uint32_t[]){0});
}

static void texts_decide_where_they_are_known(void **state) {
    (void)state;
    struct mt_alignment_point old[] = {at(3, CALL_MALLOC, 5), at(4, CALL_MALLOC, 5)};
    struct mt_alignment_point new[] = {at(3, CALL_MALLOC, 5), at(4, CALL_MALLOC, 5),
                                       at(5, CALL_MALLOC, 5)};
    old[0].text = new[1].text = 1;
    old[1].text = new[2].text = 2;
    new[0].text = 3;
    assert_aligned(old, 2, new, 3, (uint32_t[]){1, 2});
    struct mt_alignment_point one[] = {old[0]}, edited[] = {new[0]};
    assert_aligned(one, 1, edited, 1, (uint32_t[]){0}); /* an edited line is still that line */
}

static void nothing_is_paired_with_nothing(void **state) {
    (void)state;
    struct mt_alignment_point one[] = {at(3, CALL_MALLOC, 5)};
    assert_aligned(one, 1, NULL, 0, (uint32_t[]){NONE});
    assert_aligned(NULL, 0, one, 1, NULL);
}

/* Pairs never cross and never share, whatever the input. */
static void pairs_are_in_order(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 300; round++) {
        struct mt_alignment_point side[2][24];
        size_t n[2];
        for (int s = 0; s < 2; s++) {
            int64_t line = 0;
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            n[s] = seed >> 60;
            for (size_t i = 0; i < n[s]; i++) {
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                line += (int64_t)(seed >> 62);
                side[s][i] = at(line, UINT64_C(1) << (seed >> 33) % 3, (int64_t)(seed >> 40) % 4);
                side[s][i].start = seed >> 50 & 1;
            }
        }
        uint32_t to[24], last = 0;
        assert_int_equal(mt_alignment_find(side[0], n[0], side[1], n[1], to), 0);
        for (size_t i = 0; i < n[0]; i++) {
            if (to[i] == NONE)
                continue;
            assert_true(to[i] + 1 > last && to[i] < n[1]);
            last = to[i] + 1;
        }
    }
}

static void large_functions_are_paired_by_place(void **state) {
    (void)state;
    enum { N = 3000 };
    struct mt_alignment_point *old = calloc(N, sizeof *old), *new = calloc(N, sizeof *new);
    uint32_t *expected = calloc(N, sizeof *expected);
    for (uint32_t i = 0; i < N; i++) {
        old[i] = at(10 + 2 * i, CALL_MALLOC, 1);
        new[i] =
            at(12 + 2 * i, CALL_MALLOC, 1); /* the first line is gone, one was added at the end */
        expected[i] = i ? i - 1 : NONE;
    }
    assert_aligned(old, N, new, N, expected);
    free(old);
    free(new);
    free(expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_functions_are_paired_by_place),
        cmocka_unit_test(a_function_that_moved_as_a_whole),
        cmocka_unit_test(an_inserted_statement_is_alone),
        cmocka_unit_test(a_removed_statement_is_alone),
        cmocka_unit_test(another_call_in_its_place_is_another_statement),
        cmocka_unit_test(texts_decide_where_they_are_known),
        cmocka_unit_test(nothing_is_paired_with_nothing),
        cmocka_unit_test(pairs_are_in_order),
        cmocka_unit_test(large_functions_are_paired_by_place),
    };
    return cmocka_run_group_tests_name("align", tests, NULL, NULL);
}
