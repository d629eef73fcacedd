/* SPDX-License-Identifier: MIT */
/* mt_error_set: fills, cuts, keeps errno, and works without anything to fill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

static void fills_message_and_hint(void **state) {
    (void)state;
    struct mt_error error;
    assert_int_equal(mt_error_set(&error, MEMTRACK_EIO, "try again", "%s: %d", "x.pb.gz", 5),
                     -MEMTRACK_EIO);
    assert_string_equal(error.message, "x.pb.gz: 5");
    assert_string_equal(error.hint, "try again");
}

static void a_missing_hint_is_empty(void **state) {
    (void)state;
    struct mt_error error = {.hint = "from before"};
    mt_error_set(&error, MEMTRACK_EFORMAT, NULL, "why");
    assert_string_equal(error.hint, "");
}

static void nothing_to_fill(void **state) {
    (void)state;
    assert_int_equal(mt_error_set(NULL, MEMTRACK_ENOMEM, "hint", "%s", "message"),
                     -MEMTRACK_ENOMEM);
}

static void long_texts_are_cut(void **state) {
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct {
        struct mt_error error;
        char guard[8];
    } room;
    memcpy(room.guard, "GUARDED", 8);
    assert_int_equal(mt_error_set(&room.error, MEMTRACK_EUSAGE, text, "%s", text),
                     -MEMTRACK_EUSAGE);
    assert_int_equal(strlen(room.error.message), sizeof room.error.message - 1);
    assert_int_equal(strlen(room.error.hint), sizeof room.error.hint - 1);
    assert_string_equal(room.guard, "GUARDED");
}

static void errno_is_kept(void **state) {
    (void)state;
    struct mt_error error;
    errno = ENOSPC;
    mt_error_set(&error, MEMTRACK_EIO, "", "%s", strerror(errno));
    assert_int_equal(errno, ENOSPC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_message_and_hint), cmocka_unit_test(a_missing_hint_is_empty),
        cmocka_unit_test(nothing_to_fill),        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(errno_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
