/* SPDX-License-Identifier: MIT */
/* Looking at a program must survive whatever the program is. The statuses are tested with real
 * programs by cli/test_run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "directory-fixture.h"
#include "launch/target.h"

static char directory[DIRECTORY_BYTES], path[64];
static unsigned char image[1 << 20];
static size_t bytes;

static int setup(void **state) {
    (void)state;
    FILE *self = fopen("/bin/true", "rb");
    bytes = self ? fread(image, 1, sizeof image, self) : 0;
    if (self)
        fclose(self);
    directory_make(directory);
    snprintf(path, sizeof path, "%s/program", directory);
    directory_write(path, "", 0);
    return bytes > 64 ? chmod(path, 0700) : -1;
}

static int teardown(void **state) {
    (void)state;
    return directory_remove(directory);
}

static int look(const unsigned char *content, size_t n) {
    directory_write(path, content, n);
    struct mt_target target;
    struct mt_error error = {{0}, {0}};
    int status = mt_target_inspect(path, &target, &error);
    assert_true(status == 0 ||
                (error.message[0] && status >= MT_EXIT_FAILED && status <= MT_EXIT_NOT_FOUND));
    mt_target_check_allocator(path, &error);
    mt_target_free(&target);
    return status;
}

static void a_program_is_accepted(void **state) {
    (void)state;
    assert_int_equal(look(image, bytes), 0);
}

static void every_truncation(void **state) {
    (void)state;
    for (size_t n = 0; n < bytes; n += n < 1024 ? 7 : 1 + bytes / 50)
        look(image, n);
}

/* Headers and tables with words that are large, negative or just different. */
static void damaged_headers(void **state) {
    (void)state;
    static unsigned char copy[sizeof image];
    uint32_t random = 1;
    for (int round = 0; round < 400; round++) {
        memcpy(copy, image, bytes);
        for (int change = 0; change < 3; change++) {
            random = random * 1664525 + 1013904223;
            size_t at = (random >> 8) % (round % 2 ? 1024 : bytes - 8);
            static const uint32_t words[] = {UINT32_MAX, 0, 0x7fffffff, 0x00010000};
            memcpy(copy + at, &words[random >> 30], sizeof *words);
        }
        look(copy, bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_accepted),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(damaged_headers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
