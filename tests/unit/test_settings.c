/* SPDX-License-Identifier: MIT */
/* Words of MEMTRACK_OPTIONS: numbers of all sizes, and everything that is none. */
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void expect_word(const char **list, enum mt_setting setting, uint64_t value,
                        const char *text) {
    struct mt_setting_word word;
    assert_true(mt_settings_next(list, &word));
    assert_int_equal(word.setting, setting);
    assert_int_equal(word.value, value);
    assert_int_equal(word.bytes, strlen(text));
    assert_memory_equal(word.text, text, word.bytes);
}

static void expect_end(const char **list) {
    struct mt_setting_word word;
    assert_false(mt_settings_next(list, &word));
    assert_false(mt_settings_next(list, &word)); /* stays there */
}

static void lists(void **state) {
    const char *list = "frames=7,sample=64K,usable=1", *commas = ",,events=2G,,", *empty = "";
    (void)state;
    expect_word(&list, MT_SETTING_FRAMES, 7, "frames=7");
    expect_word(&list, MT_SETTING_SAMPLE, 65536, "sample=64K");
    expect_word(&list, MT_SETTING_USABLE, 1, "usable=1");
    expect_end(&list);
    expect_word(&commas, MT_SETTING_EVENTS, UINT64_C(2) << 30, "events=2G");
    expect_end(&commas);
    expect_end(&empty);
}

/* A key that another one begins with is told from it. */
static void keys(void **state) {
    const char *list = "event_sample=3,events=4,exact_peak=1,check_unwind=1,allocator_stats=0,pid="
                       "18446744073709551615";
    (void)state;
    expect_word(&list, MT_SETTING_EVENT_SAMPLE, 3, "event_sample=3");
    expect_word(&list, MT_SETTING_EVENTS, 4, "events=4");
    expect_word(&list, MT_SETTING_EXACT_PEAK, 1, "exact_peak=1");
    expect_word(&list, MT_SETTING_CHECK_UNWIND, 1, "check_unwind=1");
    expect_word(&list, MT_SETTING_ALLOCATOR_STATS, 0, "allocator_stats=0");
    expect_word(&list, MT_SETTING_PID, UINT64_MAX, "pid=18446744073709551615");
    expect_end(&list);
}

static void nonsense(void **state) {
    static const char *const words[] = {"frames",
                                        "frames=",
                                        "=7",
                                        "frame=7",
                                        "framess=7",
                                        "frames=7x",
                                        "frames=-7",
                                        "frames=+7",
                                        "frames= 7",
                                        "frames=K",
                                        "frames=7k",
                                        "Frames=7",
                                        "events=",
                                        "events=1=2",
                                        " frames=7",
                                        "frames:7",
                                        "frames=07KK",
                                        "=",
                                        "\xff\xfe=\x01",
                                        "events=18446744073709551616",
                                        "events=18446744073709551615K"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[64];
        const char *list = text;
        stpcpy(stpcpy(text, words[i]), ",frames=9");
        expect_word(&list, MT_SETTING_NONE, 0, words[i]);
        expect_word(&list, MT_SETTING_FRAMES, 9, "frames=9"); /* goes on behind it */
        expect_end(&list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(keys),
                                       cmocka_unit_test(nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
