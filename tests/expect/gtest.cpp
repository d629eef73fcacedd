/* SPDX-License-Identifier: MIT */
/* GoogleTest: a test goes on after a failure, unless it is told to throw. */
#include <gtest/gtest.h>

#include <memtrack/expect.h>

#include "cases.hpp"

#define DEFINE(name)                                                                               \
    TEST(Cases, name) {                                                                            \
        name();                                                                                    \
    }

CASES(DEFINE)
CASES_OF_CPLUSPLUS(DEFINE)

TEST(Own, goes_on) {
    // breaks: the peak is 1.2 KiB (1,234 bytes)
    MEMTRACK_EXPECT_MAX(10) {
        use(1234);
    }
    MEMTRACK_EXPECT_MAX(2000) {
        use(1234);
    }
    RecordProperty("went_on", 1);
}

TEST(Own, fails_inside) {
    // breaks: the peak is
    MEMTRACK_EXPECT_MAX(1000) {
        use(1500);
        ASSERT_EQ(kept, nullptr); // what it allocates is counted as well
    }
}

TEST(Own, throws) {
    EXPECT_THROW(
        MEMTRACK_EXPECT_MAX(2000) {
            use(1000);
            throw 1;
        },
        int);
}
