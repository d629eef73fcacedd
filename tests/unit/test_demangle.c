/* SPDX-License-Identifier: MIT */
/* Names of C++ and Rust symbols, and names made to hurt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "view/symbols/demangle.h"

static void demangled_names(void **state) {
    (void)state;
    static const struct {
        const char *symbol, *name; /* NULL: left alone */
    } cases[] = {
        {"_ZN2ns1AC2Ev", "ns::A::A()"},
        {"_ZNSt6vectorIiSaIiEE9push_backEOi",
         "std::vector<int, std::allocator<int> >::push_back(int&&)"},
        {"_Z3foov.cold", "foo() [clone .cold]"},
        {"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"},
        {"_RNvC6_123foo3bar", "123foo::bar"},
        {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
        {"main", NULL},
        {"i", NULL},
        {"Pc", NULL},
        {"", NULL},
        {"_", NULL},
        {"_Z", NULL},
        {"_Zebra", NULL},
        {"_R", NULL},
        {"_start", NULL},
        {"__libc_malloc", NULL},
    };
    char name[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool done = mt_demangle(cases[i].symbol, name, sizeof name);
        if (done != (cases[i].name != NULL) || (done && strcmp(name, cases[i].name) != 0))
            fail_msg("%s became %s", cases[i].symbol, done ? name : "nothing");
    }
    assert_false(mt_demangle("_ZN2ns1AC2Ev", name, 5)); /* no room: no half of a name */
    assert_false(mt_demangle("_ZN2ns1AC2Ev", name, 0));
    assert_true(mt_demangle("_ZN2ns1AC2Ev", name, sizeof "ns::A::A()"));
}

static void names_that_attack(void **state) {
    (void)state;
    static char symbol[1 << 20], name[MT_DEMANGLE_MAX_BYTES];
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    static const char *const repeated[] = {"P", "N", "I", "F", "S_", "M", "K", "DpT_", "1a", "L_Z"};
    for (size_t r = 0; r < sizeof repeated / sizeof *repeated; r++)
        for (size_t bytes = 1000; bytes < sizeof symbol - 100; bytes *= 7) {
            size_t n = (size_t)sprintf(symbol, "%s", "_Z1f");
            while (n < bytes)
                n += (size_t)sprintf(symbol + n, "%s", repeated[r]);
            strcpy(symbol + n, "iE");
            mt_demangle(symbol, name, sizeof name);
            memcpy(symbol, "_R", 2);
            mt_demangle(symbol, name, sizeof name);
        }
    /* each parameter is a pair of the one before: 2^30 names in 400 bytes */
    size_t n = (size_t)sprintf(symbol, "_Z1f1pIiiE");
    for (int i = 0; i < 30; i++) {
        const char digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];
        n += (size_t)sprintf(symbol + n, "S_IS%c_S%c_E", digit, digit);
    }
    assert_false(mt_demangle(symbol, name, sizeof name));
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - begin.tv_sec < 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demangled_names),
        cmocka_unit_test(names_that_attack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
