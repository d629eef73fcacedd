/* SPDX-License-Identifier: MIT */
/* The table of things and formats: what it has is written, what it has not is refused. */
#include "export/export.h"
#include "export/profile_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is written, malloc'ed. */
static char *written(const struct mt_export *thing, enum mt_export_format format, int expected) {
    struct mt_error error = {{0}, {0}};
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    assert_int_equal(expected, mt_export(stream, thing, format, &error));
    assert_int_equal(0, fclose(stream));
    assert_int_equal(expected == 0, error.message[0] == '\0');
    return text;
}

static void each_thing_has_its_formats(void **state) {
    static const char *const expected[MT_N_EXPORTS] = {
        [MT_EXPORT_REPORT] = " json csv",
        [MT_EXPORT_DIFF] = " json csv markdown",
        [MT_EXPORT_COMPARISON] = " json",
        [MT_EXPORT_CHECK] = " json junit markdown github",
        [MT_EXPORT_LIST] = " json",
        [MT_EXPORT_INDEX] = " json",
        [MT_EXPORT_TREE] = " json",
        [MT_EXPORT_ANNOTATE] = " json",
        [MT_EXPORT_VERIFY] = " json",
        [MT_EXPORT_SNAPSHOT] = " json",
        [MT_EXPORT_WHOIS] = " json",
        [MT_EXPORT_SWITCH] = " json",
        [MT_EXPORT_TOP] = " json",
        [MT_EXPORT_BENCHMARKS] = " json markdown",
        [MT_EXPORT_SCOPES] = " json csv",
        [MT_EXPORT_CALLS] = " pprof callgrind",
        [MT_EXPORT_EVENTS] = " json csv trace",
        [MT_EXPORT_TIMELINE] = " json csv svg",
        [MT_EXPORT_TIMELINE_EVENTS] = " csv trace",
        [MT_EXPORT_SERVED] = " json",
        [MT_EXPORT_SERVED_MARKS] = " json",
        [MT_EXPORT_LINES] = " json",
    };
    (void)state;
    for (enum mt_export_what what = 0; what < MT_N_EXPORTS; what++) {
        char formats[512] = "";
        for (enum mt_export_format format = 0; format < MT_N_EXPORT_FORMATS; format++)
            if (mt_export_has(what, format)) {
                strcat(formats, " ");
                strcat(formats, mt_export_format_name(format));
            }
        if (what != MT_EXPORT_PROFILE) /* it has a list of its own: see below */
            assert_string_equal(expected[what], formats);
    }
}

static void a_profile_has_the_formats_of_its_list(void **state) {
    size_t n = 0, n_writers = 0;
    (void)state;
    for (enum mt_export_format format = 0; format < MT_N_EXPORT_FORMATS; format++)
        n_writers += mt_export_has(MT_EXPORT_PROFILE, format);
    char *list = strdup(mt_profile_format_list), *rest = NULL;
    for (char *name = strtok_r(list, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
        const struct mt_profile_format *format = mt_profile_format_find(name);
        assert_non_null(format);
        if (format->flags & MT_PROFILE_PAGE)
            continue;
        assert_true(mt_export_has(MT_EXPORT_PROFILE, format->format));
        n++;
    }
    assert_int_equal(n_writers, n);
    assert_true(mt_profile_format_find("html")->flags & MT_PROFILE_PAGE);
    assert_null(mt_profile_format_find("collapse"));
    free(list);
}

static void every_format_has_a_name_and_a_thing(void **state) {
    (void)state;
    for (enum mt_export_format format = 0; format < MT_N_EXPORT_FORMATS; format++) {
        size_t n = 0;
        assert_true(*mt_export_format_name(format));
        for (enum mt_export_format other = 0; other < format; other++)
            assert_string_not_equal(mt_export_format_name(format), mt_export_format_name(other));
        for (enum mt_export_what what = 0; what < MT_N_EXPORTS; what++)
            n += mt_export_has(what, format);
        assert_in_range(n, 1, MT_N_EXPORTS);
    }
}

static void writes_what_is_in_the_table(void **state) {
    const struct mt_export thing = {
        .what = MT_EXPORT_SWITCH,
        .switched = {.pid = 12, .was_on = false, .is_on = true},
    };
    (void)state;
    char *text = written(&thing, MT_EXPORT_JSON, 0);
    assert_string_equal("{\"schema\":\"memtrack-switch/"
                        "1\",\"pid\":12,\"was_recording\":false,\"recording\":true}\n",
                        text);
    free(text);
}

static void refuses_what_is_not(void **state) {
    (void)state;
    for (enum mt_export_what what = 0; what < MT_N_EXPORTS; what++)
        for (enum mt_export_format format = 0; format < MT_N_EXPORT_FORMATS; format++) {
            const struct mt_export thing = {.what = what};
            if (mt_export_has(what, format))
                continue;
            char *text = written(&thing, format, -MEMTRACK_EUSAGE);
            assert_string_equal("", text);
            free(text);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thing_has_its_formats),
        cmocka_unit_test(a_profile_has_the_formats_of_its_list),
        cmocka_unit_test(every_format_has_a_name_and_a_thing),
        cmocka_unit_test(writes_what_is_in_the_table),
        cmocka_unit_test(refuses_what_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
