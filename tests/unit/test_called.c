/* SPDX-License-Identifier: MIT */
/* What a process is called: as it was started, or by the title that it has given itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/called.h"

static void directories_go(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"/usr/bin/make", "make"},
        {"./app", "app"},
        {"app", "app"},
        {"/opt/my app/bin/run", "run"},
        {"dir/", "dir/"},
        {"redis-server unixsocket:/run/r.sock", "redis-server unixsocket:/run/r.sock"},
        {"server: worker", "server: worker"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(mt_called_base(cases[i][0]), cases[i][1]);
}

/* Takes arguments with their last zero, and compares what the command is then. */
static void assert_taken(const char *arguments, size_t bytes, const char *name, size_t n,
                         const char *const *words) {
    struct mt_profile *profile = mt_profile_new();
    assert_non_null(profile);
    profile->info.is_memtrack = true;
    profile->info.exe = mt_profile_intern(profile, "/usr/bin/true-name");
    assert_int_equal(mt_called_take(profile, arguments, bytes), 0);
    assert_int_equal(profile->info.n_command, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(mt_profile_text(profile, profile->info.command[i]), words[i]);
    assert_string_equal(mt_called_name(profile), name);
    mt_profile_free(profile);
}
#define TAKEN(arguments, name, ...)                                                                \
    assert_taken(arguments, sizeof(arguments), name,                                               \
                 sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                           \
                 (const char *const[]){__VA_ARGS__})

static void arguments_are_taken(void **state) {
    (void)state;
    TAKEN("/bin/app\0-v\0two words", "app", "/bin/app", "-v", "two words");
    TAKEN("app\0\0-x\0", "app", "app", "", "-x", ""); /* empty ones are arguments */
    TAKEN("app\0\0\0", "app", "app", "", "", "");
    assert_taken("app\0cut", 7, "app", 2, (const char *const[]){"app", "cut"});
    assert_taken("", 0, "true-name", 0, NULL);
    assert_taken(NULL, 0, "true-name", 0, NULL);
}

/* A title stands in the place of all arguments, the rest of which is zeros. */
static void titles_are_taken(void **state) {
    (void)state;
    TAKEN("pool: worker process\0\0\0\0\0\0", "pool: worker process", "pool: worker process");
    TAKEN("keeper of /run/k.sock\0\0\0", "true-name", "keeper of /run/k.sock");
    TAKEN("my app\0an argument\0", "my app", "my app", "an argument", "");
    TAKEN("\0\0 ", "true-name", "", "", " ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_go),
        cmocka_unit_test(arguments_are_taken),
        cmocka_unit_test(titles_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
