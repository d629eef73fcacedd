/* SPDX-License-Identifier: MIT */
/* MEMTRACK_OPTIONS: KEY=NUMBER, separated by commas. Read by the recorder, and by the command to
 * tell what the recorder will not understand. */
#ifndef MT_BASE_SETTINGS_H
#define MT_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MT_ONLY_MAX_BYTES = 2047 }; /* of MEMTRACK_ONLY: a longer one is as if it was not set */

enum mt_setting {
    MT_SETTING_NONE, /* not understood: no such key, or no number */
    MT_SETTING_FRAMES,
    MT_SETTING_SAMPLE,
    MT_SETTING_PID,
    MT_SETTING_EVENTS,
    MT_SETTING_EVENT_SAMPLE,
    MT_SETTING_SCOPE_SAMPLE,
    MT_SETTING_USABLE,
    MT_SETTING_EXACT_PEAK,
    MT_SETTING_ALLOCATOR_STATS,
    MT_SETTING_CHECK_UNWIND,
    MT_SETTING_MAX_LEDGER,
    MT_SETTING_PYTHON,
    MT_SETTING_LIMIT_PEAK,
    MT_SETTING_LIMIT_ABORT,
    MT_SETTING_UNTIL,
    MT_SETTING_LINES,
    MT_N_SETTINGS
};

struct mt_setting_word {
    enum mt_setting setting;
    uint64_t value;   /* K, M and G after the number are powers of 1024 */
    const char *text; /* the word itself, in the list */
    size_t bytes;
};

/* Takes the next word of *list, which is moved behind it. Returns false when there is none. Any
 * context. */
bool mt_settings_next(const char **list, struct mt_setting_word *word)
    __attribute__((visibility("hidden")));

/* Sets *out to the number that is all of text up to end; false: it is none. Any context. */
bool mt_settings_number(const char *text, const char *end, uint64_t *out)
    __attribute__((visibility("hidden")));

#endif
