/* SPDX-License-Identifier: MIT */
/* Unit tests of names.c, with cmocka, that know what memory it may need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <memtrack/expect.h>

#include "names.h"

static void add_many(struct names *names, size_t n) {
    char name[32];
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "name %zu", i);
        assert_int_equal(names_add(names, name), i);
    }
}

static void finding_allocates_nothing(void **state) {
    struct names *names = names_new();
    (void)state;
    add_many(names, 1000);
    MEMTRACK_EXPECT_NO_ALLOCATIONS {
        add_many(names, 1000);
    }
    names_free(names);
}

static void a_name_is_small(void **state) {
    size_t n = 1000;
    struct names *names = names_new();
    (void)state;
    MEMTRACK_EXPECT_MAX(n * 48) {
        add_many(names, n);
    }
    names_free(names);
}

static void all_is_freed(void **state) {
    (void)state;
    MEMTRACK_EXPECT_NO_LEAKS {
        struct names *names = names_new();
        add_many(names, 10);
        names_free(names);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding_allocates_nothing),
        cmocka_unit_test(a_name_is_small),
        cmocka_unit_test(all_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
