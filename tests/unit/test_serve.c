/* SPDX-License-Identifier: MIT */
/* What a server listens on, whom it answers, and the marks that it keeps. */
#include "serve/guard.h"
#include "serve/listen.h"
#include "serve/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- addresses ------------------------------------------------------------------------------- */

static void addresses_are_read(void **state) {
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool is_both, is_loopback, is_any;
    } cases[] = {
        {NULL, "127.0.0.1", 0, true, true, false},
        {"8080", "127.0.0.1", 8080, true, true, false},
        {":8080", "127.0.0.1", 8080, true, true, false},
        {"localhost", "127.0.0.1", 0, true, true, false},
        {"localhost:0", "127.0.0.1", 0, true, true, false},
        {"127.0.0.1:80", "127.0.0.1", 80, false, true, false},
        {"127.9.9.9", "127.9.9.9", 0, false, true, false},
        {"[::1]:65535", "::1", 65535, false, true, false},
        {"::1", "::1", 0, false, true, false},
        {"[::1]", "::1", 0, false, true, false},
        {"0.0.0.0:9", "0.0.0.0", 9, false, false, true},
        {"[::]:9", "::", 9, false, false, true},
        {"192.0.2.1:9", "192.0.2.1", 9, false, false, false},
        {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, false, true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_listen listen;
        assert_int_equal(0, mt_listen_parse(cases[i].text, &listen, NULL));
        assert_string_equal(cases[i].host, listen.host);
        assert_int_equal(cases[i].port, listen.port);
        assert_int_equal(cases[i].is_both, listen.is_both);
        assert_int_equal(cases[i].is_loopback, listen.is_loopback);
        assert_int_equal(cases[i].is_any, listen.is_any);
    }
}

static void what_is_no_address_is_refused(void **state) {
    static const char *const cases[] = {
        "",
        "65536",
        "-1",
        "1.2.3.4:x",
        "example.org:80",
        "[::1",
        "[::1]80",
        "1.2.3:80",
        "[127.0.0.1:80",
        "a:b:c",
        "8080x",
        "1.2.3.4 ",
        "[::1]:8080 ",
        "0x7f.1:8080",
        "1234567890123456789012345678901234567890123456789012345678901234567890:1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_listen listen;
        struct mt_error error = {{0}, {0}};
        assert_int_equal(-MEMTRACK_EUSAGE, mt_listen_parse(cases[i], &listen, &error));
        assert_non_null(strstr(error.message, "--listen"));
    }
}

static void a_port_is_had_once(void **state) {
    struct mt_listen first, second;
    struct mt_error error = {{0}, {0}};
    char url[MT_LISTEN_URL], expected[MT_LISTEN_URL];
    (void)state;
    assert_int_equal(0, mt_listen_parse(NULL, &first, NULL));
    assert_int_equal(0, mt_listen_open(&first, &error));
    assert_true(first.port != 0 && first.n_sockets >= 1);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u/", first.port);
    assert_string_equal(expected, mt_listen_url(&first, url));
    second = first;
    second.is_both = false;
    assert_int_equal(-MEMTRACK_EIO, mt_listen_open(&second, &error));
    assert_int_equal(0, second.n_sockets);
    assert_non_null(strstr(error.message, "in use"));
    assert_non_null(strstr(error.hint, "another port"));
    mt_listen_close(&first);
}

static void an_address_of_another_machine_is_refused(void **state) {
    struct mt_listen listen;
    struct mt_error error = {{0}, {0}};
    (void)state;
    assert_int_equal(0, mt_listen_parse("192.0.2.1:0", &listen, NULL));
    assert_int_equal(-MEMTRACK_EIO, mt_listen_open(&listen, &error));
    assert_non_null(strstr(error.message, "192.0.2.1"));
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct mt_listen loopback = {.host = "127.0.0.1", .is_loopback = true},
                              outside = {.host = "192.0.2.1"};
static const char *const names[] = {"build.example.org"};

static bool passes(const struct mt_listen *listen, const struct mt_guard_request *request) {
    const struct mt_guard guard = {listen, names, 1};
    return mt_guard_refuses(&guard, request) == NULL;
}

static bool host_passes(const struct mt_listen *listen, const char *host) {
    const struct mt_guard_request request = {.host = host};
    return passes(listen, &request);
}

static void only_its_own_names_are_answered(void **state) {
    static const char *const good[] = {"localhost",    "LOCALHOST:1",       "127.0.0.1",
                                       "127.0.0.1:80", "127.1.2.3:8",       "[::1]",
                                       "[::1]:80",     "build.example.org", "Build.Example.org:99"};
    static const char *const bad[] = {"",
                                      "evil.org",
                                      "127.0.0.1.evil.org",
                                      "192.0.2.1",
                                      "::1",
                                      "localhost.evil",
                                      "[::1",
                                      "[::1]x",
                                      "localhost:80:80",
                                      "localhost:8a",
                                      "[127.0.0.1",
                                      "1",
                                      "xbuild.example.org"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(host_passes(&loopback, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(host_passes(&loopback, bad[i]));
    assert_false(host_passes(&loopback, NULL));
    assert_true(host_passes(&outside, "192.0.2.1:80"));
    assert_true(host_passes(&outside, "198.51.100.7")); /* as a router has it */
    assert_false(host_passes(&outside, "evil.org"));
}

static void a_post_comes_from_its_own_page(void **state) {
    struct mt_guard_request request = {.host = "localhost:80", .is_post = true};
    (void)state;
    assert_false(passes(&loopback, &request));
    request.token = "1";
    assert_true(passes(&loopback, &request));
    request.origin = "http://evil.org";
    assert_false(passes(&loopback, &request));
    request.origin = "null";
    assert_false(passes(&loopback, &request));
    request.origin = "http://localhost:81";
    assert_false(passes(&loopback, &request));
    request.origin = "http://localhost:80";
    request.token = NULL;
    assert_true(passes(&loopback, &request));
}

static void pages_of_other_sites_are_refused(void **state) {
    struct mt_guard_request request = {.host = "localhost", .fetch_site = "cross-site"};
    (void)state;
    assert_false(passes(&loopback, &request));
    request.fetch_mode = "no-cors";
    assert_false(passes(&loopback, &request));
    request.fetch_mode = "navigate";
    assert_true(passes(&loopback, &request));
    request = (struct mt_guard_request){.host = "localhost", .fetch_site = "same-origin"};
    assert_true(passes(&loopback, &request));
}

/* ---- marks ----------------------------------------------------------------------------------- */

static void marks_have_names(void **state) {
    struct mt_marks marks = {0};
    char name[MT_MARKS_NAME_BYTES + 4];
    (void)state;
    assert_int_equal(0, mt_marks_add(&marks, 1, 10, "start", NULL));
    assert_int_equal(0, mt_marks_add(&marks, 2, 20, "", NULL));
    assert_int_equal(0, mt_marks_add(&marks, 3, 30, NULL, NULL));
    memset(name, 'a', sizeof name);
    memcpy(name + MT_MARKS_NAME_BYTES - 1, "\xe2\x82\xac", 4); /* a euro across the bound */
    assert_int_equal(0, mt_marks_add(&marks, 4, 40, name, NULL));
    assert_string_equal("start", marks.items[0].name);
    assert_string_equal("mark 2", marks.items[1].name);
    assert_string_equal("mark 3", marks.items[2].name);
    assert_int_equal(MT_MARKS_NAME_BYTES - 1, strlen(marks.items[3].name));
    struct mt_profile *profile = mt_profile_new();
    assert_int_equal(0, mt_marks_apply(&marks, profile));
    assert_int_equal(4, profile->info.n_marks);
    assert_int_equal(MT_MARK_OUTSIDE, profile->info.marks[1].kind);
    assert_int_equal(2, profile->info.marks[1].time_ns);
    mt_profile_free(profile);
    mt_marks_clear(&marks);
    assert_int_equal(0, marks.n);
    assert_int_equal(0, mt_marks_add(&marks, 1, 1, "", NULL));
    assert_string_equal("mark 5", marks.items[0].name); /* names do not come twice */
    mt_marks_clear(&marks);
}

static void marks_are_bounded(void **state) {
    struct mt_marks marks = {0};
    struct mt_error error = {{0}, {0}};
    (void)state;
    for (size_t i = 0; i < MT_MARKS_MOST; i++)
        assert_int_equal(0, mt_marks_add(&marks, i, i, "", &error));
    assert_int_equal(-MEMTRACK_EUSAGE, mt_marks_add(&marks, 1, 1, "", &error));
    assert_int_equal(MT_MARKS_MOST, marks.n);
    mt_marks_clear(&marks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_port_is_had_once),
        cmocka_unit_test(an_address_of_another_machine_is_refused),
        cmocka_unit_test(only_its_own_names_are_answered),
        cmocka_unit_test(a_post_comes_from_its_own_page),
        cmocka_unit_test(pages_of_other_sites_are_refused),
        cmocka_unit_test(marks_have_names),
        cmocka_unit_test(marks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
