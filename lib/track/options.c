/* SPDX-License-Identifier: MIT */
/* Environment to options. What is not understood has no effect, since a newer launcher may know more, but readers say so. */
#include "track/options.h"

#include "base/settings.h"

enum { ENVIRONMENT_BYTES = 1 << 20 };

/* The value when text begins with name and '=', else NULL. */
static const char *value_of(const char *text, const char *name) {
    while (*name && *text == *name) {
        text++;
        name++;
    }
    return *name == 0 && *text == '=' ? text + 1 : NULL;
}

static void copy_text(char *out, const char *text, size_t capacity) {
    size_t n = 0;
    while (text[n] && n + 1 < capacity) {
        out[n] = text[n];
        n++;
    }
    out[text[n] ? 0 : n] = 0; /* too long is as good as unset */
}

/* Kept for readers, as much of them as there is room for. */
static void note_ignored(struct mt_options *o, const struct mt_setting_word *word) {
    size_t n = 0;
    while (o->ignored[n])
        n++;
    if (n != 0 && n + 1 < sizeof o->ignored)
        o->ignored[n++] = ',';
    for (size_t i = 0; i < word->bytes && n + 1 < sizeof o->ignored; i++)
        o->ignored[n++] = word->text[i];
}

static void read_word(struct mt_options *o, const struct mt_setting_word *word) {
    switch (word->setting) {
    case MT_SETTING_FRAMES:
        o->frames = word->value;
        break;
    case MT_SETTING_SAMPLE:
        o->sample_bytes = word->value;
        break;
    case MT_SETTING_PID:
        o->only_pid = word->value;
        break;
    case MT_SETTING_EVENTS:
        o->events = word->value;
        break;
    case MT_SETTING_EVENT_SAMPLE:
        o->event_sample = word->value;
        break;
    case MT_SETTING_USABLE:
        o->usable = word->value != 0;
        break;
    case MT_SETTING_EXACT_PEAK:
        o->exact_peak = word->value != 0;
        break;
    case MT_SETTING_ALLOCATOR_STATS:
        o->allocator_stats = word->value != 0;
        break;
    case MT_SETTING_CHECK_UNWIND:
        o->check_unwind = word->value != 0;
        break;
    case MT_SETTING_NONE:
    case MT_N_SETTINGS:
        note_ignored(o, word);
    }
}

static void read_list(struct mt_options *o, const char *list) {
    struct mt_setting_word word;
    while (mt_settings_next(&list, &word))
        read_word(o, &word);
}

static void read_variable(struct mt_options *o, const char *text) {
    const char *v;
    if ((v = value_of(text, "MEMTRACK_DIR")))
        copy_text(o->directory, v, sizeof o->directory);
    else if ((v = value_of(text, "XDG_RUNTIME_DIR")))
        copy_text(o->runtime_directory, v, sizeof o->runtime_directory);
    else if ((v = value_of(text, "TMPDIR")))
        copy_text(o->temporary_directory, v, sizeof o->temporary_directory);
    else if ((v = value_of(text, "MEMTRACK_ACTIVE")))
        o->dormant = v[0] == '0' && v[1] == 0;
    else if ((v = value_of(text, "MEMTRACK_SCOPE_CPU")))
        o->scope_cpu = v[0] != 0 && v[0] != '0';
    else if ((v = value_of(text, "MEMTRACK_OPTIONS")))
        read_list(o, v);
}

void mt_options_read(struct mt_options *o) {
    *o = (struct mt_options){.frames = MT_DEFAULT_FRAMES, .events = MT_DEFAULT_EVENTS, .event_sample = 1};
    char *text = mt_os_private(ENVIRONMENT_BYTES);
    if (text == NULL)
        return;
    long n = mt_os_read_file("/proc/self/environ", text, ENVIRONMENT_BYTES - 1);
    for (long i = 0; i < n;) {
        read_variable(o, text + i);
        while (i < n && text[i])
            i++;
        i++;
    }
    mt_os_unmap(text, ENVIRONMENT_BYTES);
    if (o->frames < 1)
        o->frames = 1;
    if (o->frames > MT_MOST_FRAMES)
        o->frames = MT_MOST_FRAMES;
    if (o->events > MT_MOST_EVENTS)
        o->events = MT_MOST_EVENTS;
}
