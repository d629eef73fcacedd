/* SPDX-License-Identifier: MIT */
/* cmocka: a failure leaves the test by longjmp, out of the loop's condition or out of a cleanup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <memtrack/expect.h>

#include "cases.h"

#define DEFINE(name)                                                                                                   \
    static void test_##name(void **state) {                                                                            \
        (void)state;                                                                                                   \
        name();                                                                                                        \
    }
#define ENTRY(function) {.name = #function, .test_func = test_##function},

CASES(DEFINE)

/* Leaves by the framework's own longjmp: the block is not looked at, and what comes after it is right. */
static void fails_inside(void **state) {
    (void)state;
    MEMTRACK_EXPECT_MAX(10) {
        use(1000);
        assert_int_equal(kept == NULL, 1); /* FAILS */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {{.name = "fails_inside", .test_func = fails_inside}, CASES(ENTRY)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
