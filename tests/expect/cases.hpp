/* SPDX-License-Identifier: MIT */
/* What exceptions have to say: they arrive where they would, and what has run is checked. */
#ifndef CASES_HPP
#define CASES_HPP

#include <stdexcept>
#include <string>

#include "cases.h"

#define CASES_OF_CPLUSPLUS(X)                                                                      \
    X(thrown_within)                                                                               \
    X(thrown_above)                                                                                \
    X(while_unwinding)                                                                             \
    X(above_while_unwinding)

static void thrown_within() {
    std::string seen;
    try {
        MEMTRACK_EXPECT_MAX(1000) {
            use(100);
            throw 42; // allocates the exception
        }
    } catch (int number) {
        seen = std::to_string(number);
    }
    MUST(seen == "42");
}

static void thrown_above() {
    bool caught = false;
    try {
        // breaks: the peak is 6.8 KiB (7,000 bytes)
        MEMTRACK_EXPECT_MAX(500) {
            use(7000);
            throw std::runtime_error("thrown above");
        }
    } catch (const std::runtime_error &error) {
        caught = std::string("thrown above") == error.what();
    }
    MUST(caught);
}

struct Budget {
    size_t bytes;
    ~Budget() {
        // breaks: the peak is 8.8 KiB (9,000 bytes)
        MEMTRACK_EXPECT_MAX(1000) {
            use(bytes);
        }
    }
};

static void unwind(size_t bytes) {
    bool caught = false;
    try {
        Budget budget = {bytes};
        throw 1;
    } catch (int) {
        caught = true;
    }
    MUST(caught);
}

static void while_unwinding() {
    unwind(1000);
}

static void above_while_unwinding() {
    unwind(9000);
}

#endif
