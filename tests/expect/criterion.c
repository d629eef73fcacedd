/* SPDX-License-Identifier: MIT */
/* Criterion: each test is a process, and goes on after a failure. */
#include <criterion/criterion.h>

#include <memtrack/expect.h>

#include "cases.h"

#define DEFINE(name)                                                                               \
    Test(cases, name) {                                                                            \
        name();                                                                                    \
    }

CASES(DEFINE)

Test(own, goes_on) {
    /* breaks: the peak is 1.2 KiB (1,234 bytes) */
    MEMTRACK_EXPECT_MAX(10) {
        use(1234);
    }
    fputs("went on\n", stderr);
}
