/* SPDX-License-Identifier: MIT */
/* Check: each test is a process that ends at its first failure; with CK_FORK=no, it is left by
 * longjmp. */
#include <check.h>

#include <memtrack/expect.h>

#include "cases.h"

#define DEFINE(name)                                                                               \
    START_TEST(test_##name) {                                                                      \
        name();                                                                                    \
    }                                                                                              \
    END_TEST
#define ADD(name) tcase_add_test(cases, test_##name);

CASES(DEFINE)

int main(void) {
    Suite *suite = suite_create("expect");
    TCase *cases = tcase_create("cases");
    SRunner *runner;
    int n_failed;
    CASES(ADD)
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_VERBOSE);
    n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed != 0;
}
