/* SPDX-License-Identifier: MIT */
/*
 * The recorder reads this before libc is ready, from a text that anybody can have set: no libc, no
 * allocation, and what is not a key and a number of at most 64 bits is not guessed at. Keys are
 * arrays, not pointers, so that the table needs no relocation.
 */
#include "base/settings.h"

#include "base/text.h"

static const char keys[MT_N_SETTINGS][16] = {
    [MT_SETTING_FRAMES] = "frames",
    [MT_SETTING_SAMPLE] = "sample",
    [MT_SETTING_PID] = "pid",
    [MT_SETTING_EVENTS] = "events",
    [MT_SETTING_EVENT_SAMPLE] = "event_sample",
    [MT_SETTING_SCOPE_SAMPLE] = "scope_sample",
    [MT_SETTING_USABLE] = "usable",
    [MT_SETTING_EXACT_PEAK] = "exact_peak",
    [MT_SETTING_ALLOCATOR_STATS] = "allocator_stats",
    [MT_SETTING_CHECK_UNWIND] = "check_unwind",
    [MT_SETTING_MAX_LEDGER] = "max_ledger",
    [MT_SETTING_PYTHON] = "python",
    [MT_SETTING_LIMIT_PEAK] = "limit_peak",
    [MT_SETTING_LIMIT_ABORT] = "limit_abort",
    [MT_SETTING_UNTIL] = "until",
    [MT_SETTING_LINES] = "lines",
};

static unsigned shift_of(char unit) {
    return unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
}

bool mt_settings_number(const char *text, const char *end, uint64_t *out) {
    unsigned shift = end > text ? shift_of(end[-1]) : 0;
    const char *last = end - (shift != 0);
    uint64_t value = 0;
    if (text >= last)
        return false;
    for (; text < last; text++)
        if (!mt_text_is_decimal(*text) || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)mt_text_digit(*text), &value))
            return false;
    if (value > UINT64_MAX >> shift)
        return false;
    *out = value << shift;
    return true;
}

static void interpret(struct mt_setting_word *word) {
    for (enum mt_setting i = MT_SETTING_FRAMES; i < MT_N_SETTINGS; i++) {
        const char *value = mt_text_value(word->text, keys[i]);
        if (value == NULL)
            continue;
        if (mt_settings_number(value, word->text + word->bytes, &word->value))
            word->setting = i;
        return;
    }
}

bool mt_settings_next(const char **list, struct mt_setting_word *word) {
    const char *p = *list;
    while (*p == ',')
        p++;
    *word = (struct mt_setting_word){.text = p};
    while (*p && *p != ',')
        p++;
    *list = p;
    word->bytes = (size_t)(p - word->text);
    if (word->bytes != 0)
        interpret(word);
    return word->bytes != 0;
}
