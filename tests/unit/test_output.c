/* SPDX-License-Identifier: MIT */
/* What profiles are called, and that no name takes the place of somebody's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "profile-fixture.h"
#include "profile/pprof/output.h"

static const struct mt_output_fields plain = {
    .pid = 42, .program = "prog", .start_time_ns = 1700000000123456789};

static void assert_name(const char *pattern, const struct mt_output_fields *fields,
                        const char *insert, const char *wanted) {
    char *name = mt_output_name(pattern, fields, insert);
    assert_string_equal(name, wanted);
    free(name);
}

static void placeholders(void **state) {
    (void)state;
    char host[256] = "", wanted[300];
    gethostname(host, sizeof host - 1);
    snprintf(wanted, sizeof wanted, "%s.pb.gz", host);
    setenv("TZ", "Asia/Kathmandu", 1);
    tzset();
    assert_name("%p", &plain, "", "42");
    assert_name("a.%e.%p.pb.gz", &plain, "", "a.prog.42.pb.gz");
    assert_name("%h.pb.gz", &plain, "", wanted);
    assert_name("%t", &plain, "",
                "20231114T221320Z"); /* of the world, not of here; to the second */
    assert_name("100%%%p", &plain, "", "100%42");
}

static void what_tells_names_apart_comes_before_the_suffix(void **state) {
    (void)state;
    assert_name("x.pb.gz", &plain, ".2", "x.2.pb.gz");
    assert_name("x.gz", &plain, ".2", "x.2.gz");
    assert_name("x", &plain, ".2", "x.2");
    assert_name("d.ir/x", &plain, ".2", "d.ir/x.2");
    assert_name(".hidden", &plain, ".2", ".hidden.2");
    assert_name(".pb.gz", &plain, ".2", ".pb.2.gz");
}

/* A program may call itself what it likes: its name stays one part of a path, and can be typed. */
static void names_of_programs_lead_nowhere(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"../../etc/x", ".._.._etc_x"},
                                           {"a b\tc\n", "a_b_c_"},
                                           {"", "unknown"},
                                           {"\033[2J", "_[2J"},
                                           {"%p", "%p"},
                                           {"\x7f", "_"},
                                           {"nginx: worker process", "nginx"},
                                           {": titled", ":_titled"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mt_output_fields fields = {.pid = 1, .program = cases[i][0]};
        assert_name("%e", &fields, "", cases[i][1]);
    }
    char longest[1000] = "";
    memset(longest, 'x', sizeof longest - 1);
    const struct mt_output_fields fields = {.pid = 1, .program = longest};
    char *name = mt_output_name("%e.pb.gz", &fields, "");
    assert_true(strlen(name) < 255);
    free(name);
}

static void patterns(void **state) {
    (void)state;
    struct mt_error error;
    static const char *const good[] = {"x", "%p%e%h%t%%", "d/%p"}, *const bad[] = {"",   "d/", "%",
                                                                                   "x%", "%x", "%P",
                                                                                   "%n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(mt_output_check_pattern(good[i], &error), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mt_output_check_pattern(bad[i], &error), -MEMTRACK_EUSAGE);
    assert_true(mt_output_has("a%pb", 'p'));
    assert_false(mt_output_has("a%%pb", 'p'));
    assert_false(mt_output_has("a%", 'p'));
}

static void numbers(void **state) {
    (void)state;
    bool found;
    char *name = mt_output_number("s.%n.%p.%%n", "07", &found);
    assert_string_equal(name, "s.07.%p.%%n");
    assert_true(found);
    free(name);
    name = mt_output_number("%%n", "07", &found);
    assert_string_equal(name, "%%n");
    assert_false(found);
    free(name);
}

/* ---- writing --------------------------------------------------------------------------------- */

static char directory[DIRECTORY_BYTES];

static int setup(void **state) {
    (void)state;
    directory_make(directory);
    return chdir(directory);
}

static int teardown(void **state) {
    (void)state;
    return chdir("/") == 0 ? directory_remove(directory) : -1;
}

static void put(const char *path, const char *text, time_t age) {
    directory_write_text(path, text);
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool holds(const char *path, const char *text) {
    char found[64] = "";
    FILE *file = fopen(path, "r");
    bool same = file && fgets(found, sizeof found, file) && strcmp(found, text) == 0;
    if (file)
        fclose(file);
    return same;
}

static void write_profile(const char *path, bool force, const char *wanted) {
    struct mt_profile *profile = build_empty();
    struct mt_error error = {{0}, {0}};
    char *written = NULL;
    uint64_t since_ns = (uint64_t)(time(NULL) - 60) * 1000000000u;
    if (mt_output_write(profile, path, force, since_ns, &written, &error) != 0)
        fail_msg("%s", error.message);
    assert_string_equal(written, wanted);
    free(written);
    mt_profile_free(profile);
}

static void takes_no_name_that_is_taken(void **state) {
    (void)state;
    put("x.pb.gz", "precious", 3600);
    put("x.2.pb.gz", "precious, too", 3600);
    write_profile("x.pb.gz", false, "x.3.pb.gz");
    assert_true(holds("x.pb.gz", "precious") && holds("x.2.pb.gz", "precious, too"));
}

/* --force is for what was there before, not for what this run has written. */
static void replaces_what_is_older_when_told_to(void **state) {
    (void)state;
    put("old.pb.gz", "old", 3600);
    put("new.pb.gz", "new", 0);
    assert_int_equal(symlink("old.pb.gz", "link.pb.gz"), 0);
    write_profile("new.pb.gz", true, "new.2.pb.gz");
    assert_true(holds("new.pb.gz", "new"));
    write_profile("link.pb.gz", true, "link.2.pb.gz");
    assert_true(holds("old.pb.gz", "old"));
    write_profile("old.pb.gz", true, "old.pb.gz");
    assert_false(holds("old.pb.gz", "old"));
    write_profile("old.pb.gz", true, "old.2.pb.gz");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders),
        cmocka_unit_test(what_tells_names_apart_comes_before_the_suffix),
        cmocka_unit_test(names_of_programs_lead_nowhere),
        cmocka_unit_test(patterns),
        cmocka_unit_test(numbers),
        cmocka_unit_test_setup_teardown(takes_no_name_that_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(replaces_what_is_older_when_told_to, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
