/* SPDX-License-Identifier: MIT */
/*
 * cmocka: a failure leaves the test by longjmp, out of the loop's condition or out of a cleanup; as
 * C++, out of one that an exception runs. This file is compiled as C and as C++.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif
#include <memtrack/expect.h>

#include "cases.h"
#ifdef __cplusplus
#include "cases.hpp"
#else
#define CASES_OF_CPLUSPLUS(X)
#endif

#define DEFINE(name)                                                                               \
    static void test_##name(void **state) {                                                        \
        (void)state;                                                                               \
        name();                                                                                    \
    }
#define ENTRY(name) cmocka_unit_test(test_##name),

CASES(DEFINE)
CASES_OF_CPLUSPLUS(DEFINE)

/* Leaves by the framework's own longjmp: the block is not looked at, and what comes after it is
 * right. */
static void fails_inside(void **state) {
    (void)state;
    MEMTRACK_EXPECT_MAX(10) {
        use(1000);
        assert_int_equal(kept == NULL, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fails_inside),
                                       CASES(ENTRY) CASES_OF_CPLUSPLUS(ENTRY)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
