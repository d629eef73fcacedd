/* SPDX-License-Identifier: MIT */
/* Short texts without libc: what is cut, and where a number ends. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void writing(void **state) {
    (void)state;
    char out[8] = "";
    const char *end = out + sizeof out - 1;
    assert_ptr_equal(mt_text_put_number(out, end, 0), out + 1);
    assert_string_equal(out, "0");
    mt_text_put_number(mt_text_put(out, end, "n="), end, 42);
    assert_string_equal(out, "n=42");
    assert_ptr_equal(mt_text_put_number(out, end, UINT64_MAX), end);
    assert_string_equal(out, "1844674");
}

static void comparing(void **state) {
    (void)state;
    const char *text = "libmemtrack.so";
    assert_ptr_equal(mt_text_behind(text, "lib"), text + 3);
    assert_null(mt_text_behind(text, "libx"));
    assert_null(mt_text_behind("li", "lib"));
    assert_int_equal(mt_text_bytes(text), 14);
    assert_true(mt_text_begins(text, ""));
    assert_string_equal(mt_text_value("key=a=b", "key"), "a=b");
    assert_null(mt_text_value("keys=a", "key"));
    assert_true(mt_text_is("ab", "ab"));
    assert_false(mt_text_is("abc", "ab"));
    assert_false(mt_text_is("a", "ab"));
    assert_true(mt_text_same("a\0b", "a\0b", 3));
    assert_false(mt_text_same("a\0b", "a\0c", 3));
}

static void names_in_paths(void **state) {
    (void)state;
    assert_string_equal(mt_text_name_in("/a/b.so"), "b.so");
    assert_string_equal(mt_text_name_in("b.so"), "b.so");
    assert_string_equal(mt_text_name_in("a/"), "");
}

static void reading(void **state) {
    (void)state;
    const char *most = "18446744073709551615x", *hex = "7fff-", *none = "g", *two = "  -12 34";
    assert_true(mt_text_read_number(&most, 10) == UINT64_MAX);
    assert_string_equal(most, "x");
    assert_int_equal(mt_text_read_number(&hex, 16), 0x7fff);
    assert_string_equal(hex, "-");
    assert_int_equal(mt_text_read_number(&none, 16), 0);
    assert_string_equal(none, "g");
    assert_int_equal(mt_text_read_signed(&two), -12);
    assert_int_equal(mt_text_read_signed(&two), 34);
}

/* Of all characters only these are digits. */
static void digits(void **state) {
    (void)state;
    int n_decimal = 0, n_hexadecimal = 0;
    for (int c = -128; c < 128; c++) {
        n_decimal += mt_text_is_decimal((char)c);
        n_hexadecimal += mt_text_digit((char)c) >= 0;
    }
    assert_int_equal(n_decimal, 10);
    assert_int_equal(n_hexadecimal, 16);
    assert_int_equal(mt_text_digit('9'), 9);
    assert_int_equal(mt_text_digit('f'), 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing), cmocka_unit_test(comparing), cmocka_unit_test(names_in_paths),
        cmocka_unit_test(reading), cmocka_unit_test(digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
