/* SPDX-License-Identifier: MIT */
/* Libraries that are loaded when they are used. */
#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    double (*fmin)(double, double);
    double (*fmax)(double, double);
} math;

static const char *const names[] = {"fmin", "fmax"};

static struct mt_library libm(const char *soname, const char *package) {
    return (struct mt_library){soname, package, names, 2, &math};
}

static void functions_are_filled_in(void **state) {
    const struct mt_library library = libm("libm.so.6", "libc6");
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(0, mt_library_load(&library, NULL));
        assert_true(math.fmin(1, 2) < 1.5 && math.fmax(1, 2) > 1.5);
    }
}

static void a_missing_library_is_named(void **state) {
    const struct mt_library known = libm("libnowhere.so.7", "libnowhere7"),
                            unknown = libm("libnowhere.so.7", "");
    struct mt_error error = {{0}, {0}};
    (void)state;
    assert_int_equal(-MEMTRACK_EIO, mt_library_load(&known, &error));
    assert_string_equal("libnowhere.so.7 cannot be loaded: cannot open shared object file: No such "
                        "file or directory",
                        error.message);
    assert_string_equal("Install it: in Debian it is in the package libnowhere7.", error.hint);
    assert_int_equal(-MEMTRACK_EIO, mt_library_load(&unknown, &error));
    assert_string_equal("Install the package that has it.", error.hint);
    assert_int_equal(-MEMTRACK_EIO, mt_library_load(&known, NULL));
}

static void a_missing_function_is_named(void **state) {
    static const char *const wrong[] = {"fmin", "no_function_of_this_name"};
    struct mt_library library = libm("libm.so.6", "libc6");
    struct mt_error error = {{0}, {0}};
    (void)state;
    library.names = wrong;
    assert_int_equal(-MEMTRACK_EIO, mt_library_load(&library, &error));
    assert_string_equal("libm.so.6 cannot be loaded: it has no function no_function_of_this_name",
                        error.message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_filled_in),
        cmocka_unit_test(a_missing_library_is_named),
        cmocka_unit_test(a_missing_function_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
