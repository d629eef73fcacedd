/* SPDX-License-Identifier: MIT */
/* Arrays that grow: nothing is lost on the way, and what cannot be had changes nothing. */
#include "base/array.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void keeps_what_is_in_it(void **state) {
    uint32_t *items = NULL;
    (void)state;
    for (size_t n = 0; n < 1000; n++) {
        assert_true(mt_array_grow(&items, n, sizeof *items));
        assert_true(malloc_usable_size(items) >= (n + 1) * sizeof *items);
        items[n] = (uint32_t)n;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    free(items);
}

static void has_room_again_after_items_were_taken(void **state) {
    uint64_t *items = NULL;
    size_t n = 0;
    (void)state;
    for (size_t most = 1; most < 200; most += 7) {
        for (; n < most; n++) {
            assert_true(mt_array_grow(&items, n, sizeof *items));
            assert_true(malloc_usable_size(items) >= (n + 1) * sizeof *items);
            items[n] = n;
        }
        n /= most % 3 ? 2 : 5;
        for (size_t i = 0; i < n; i++)
            assert_int_equal(items[i], i);
    }
    free(items);
}

static void reserves_at_least_as_much_and_doubles(void **state) {
    char *items = NULL;
    size_t capacity = 0, n_moves = 0;
    (void)state;
    for (size_t n = 1; n <= 100000; n++) {
        size_t before = capacity;
        assert_true(mt_array_reserve(&items, &capacity, n, 3));
        assert_true(capacity >= n && malloc_usable_size(items) >= capacity * 3);
        n_moves += capacity != before;
    }
    assert_true(n_moves < 20);
    assert_true(mt_array_reserve(&items, &capacity, 1000000, 3));
    assert_int_equal(capacity, 1000000);
    free(items);
}

static void changes_nothing_when_there_is_no_memory(void **state) {
    char *items = NULL;
    size_t capacity = 0;
    volatile size_t huge = SIZE_MAX; /* not for the compiler to warn of */
    (void)state;
    assert_true(mt_array_reserve(&items, &capacity, 10, 1));
    char *before = items;
    items[9] = 'x';
    assert_false(mt_array_reserve(&items, &capacity, huge / 2, 1));
    assert_false(mt_array_reserve(&items, &capacity, huge / 8, 16)); /* would wrap around */
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, 10);
    assert_int_equal(items[9], 'x');
    free(items);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_in_it),
        cmocka_unit_test(has_room_again_after_items_were_taken),
        cmocka_unit_test(reserves_at_least_as_much_and_doubles),
        cmocka_unit_test(changes_nothing_when_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
