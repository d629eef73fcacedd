/* SPDX-License-Identifier: MIT */
/* Environment to options. What is not understood has no effect, since a newer launcher may know
 * more, but readers say so. */
#include "track/ground/options.h"

#include "base/pages.h"
#include "base/settings.h"
#include "base/text.h"

extern void *__libc_stack_end __attribute__((weak));

static void copy_text(char *out, const char *text, size_t capacity) {
    const char *known = mt_text_bytes(text) < capacity ? text : ""; /* too long: as if unset */
    mt_text_put(out, out + capacity - 1, known);
}

/* Keeps a word for readers, as far as there is room for it. */
static void note_ignored(struct mt_options *o, const struct mt_setting_word *word) {
    size_t n = mt_text_bytes(o->ignored);
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
    case MT_SETTING_SCOPE_SAMPLE:
        o->scope_sample = word->value;
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
    case MT_SETTING_MAX_LEDGER:
        o->max_ledger = word->value;
        break;
    case MT_SETTING_PYTHON:
        o->python = word->value != 0;
        break;
    case MT_SETTING_LIMIT_PEAK:
        o->limit_bytes = word->value;
        break;
    case MT_SETTING_LIMIT_ABORT:
        o->limit_aborts = word->value != 0;
        break;
    case MT_SETTING_UNTIL:
        o->until_ns = word->value;
        break;
    case MT_SETTING_LINES:
        o->lines = word->value != 0;
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

static void read_scope_sample(struct mt_options *o, const char *variable, const char *value) {
    const struct mt_setting_word word = {.text = variable, .bytes = mt_text_bytes(variable)};
    if (!mt_settings_number(value, value + mt_text_bytes(value), &o->scope_sample))
        note_ignored(o, &word);
}

static void read_variable(struct mt_options *o, const char *text) {
    const char *v;
    if ((v = mt_text_value(text, "MEMTRACK_DIR")))
        copy_text(o->directory, v, sizeof o->directory);
    else if ((v = mt_text_value(text, "XDG_RUNTIME_DIR")))
        copy_text(o->runtime_directory, v, sizeof o->runtime_directory);
    else if ((v = mt_text_value(text, "TMPDIR")))
        copy_text(o->temporary_directory, v, sizeof o->temporary_directory);
    else if ((v = mt_text_value(text, "MEMTRACK_ONLY")))
        copy_text(o->only, v, sizeof o->only);
    else if ((v = mt_text_value(text, "MEMTRACK_ACTIVE")))
        o->dormant = v[0] == '0' && v[1] == 0;
    else if ((v = mt_text_value(text, "MEMTRACK_SCOPE_CPU")))
        o->scope_cpu = v[0] != 0 && v[0] != '0';
    else if ((v = mt_text_value(text, "MEMTRACK_SCOPE_SAMPLE")))
        read_scope_sample(o, text, v);
    else if ((v = mt_text_value(text, "PYTHONMALLOC")))
        o->has_python_malloc = mt_text_begins(v, "malloc");
    else if ((v = mt_text_value(text, "MEMTRACK_OPTIONS")))
        read_list(o, v);
}

/* ---- finding it ------------------------------------------------------------------------------ */

/* Finds the environment where the kernel has put it above the main thread's stack: argc, the
 * arguments, NULL, the environment, NULL. */
static const char *const *environment_on_stack(const char **called) {
    enum { MOST_ARGUMENTS = 1 << 24 };
    if (&__libc_stack_end == NULL || __libc_stack_end == NULL ||
        ((uint64_t)__libc_stack_end & 7) != 0)
        return NULL;
    uint64_t n = *(const uint64_t *)__libc_stack_end;
    const char *const *argument = (const char *const *)__libc_stack_end + 1;
    if (n >= MOST_ARGUMENTS || argument[n] != NULL)
        return NULL;
    *called = n != 0 ? argument[0] : NULL;
    return argument + n + 1;
}

static void read_texts(struct mt_options *o, const char *text, long n) {
    for (long i = 0; i < n;) {
        read_variable(o, text + i);
        while (i < n && text[i])
            i++;
        i++;
    }
}

/* Reads the environment from /proc, for libcs that do not say where their stack ends. */
static void read_file(struct mt_options *o) {
    enum { FIRST_BYTES = 1 << 20, MOST_BYTES = 256 << 20 };
    for (size_t bytes = FIRST_BYTES; bytes <= (size_t)MOST_BYTES; bytes *= 16) {
        char *text = mt_pages_new(bytes);
        if (text == NULL)
            return;
        long n = mt_os_read_file("/proc/self/environ", text, bytes - 1);
        bool is_whole = n < (long)bytes - 1;
        if (is_whole)
            read_texts(o, text, n);
        mt_pages_unmap(text, bytes);
        if (is_whole)
            return;
    }
}

/* A limit needs to know all blocks, and what the process holds at every instant. */
static void settle_limit(struct mt_options *o) {
    static const struct mt_setting_word word = {.text = "limit_peak", .bytes = 10};
    if (o->limit_bytes == 0)
        return;
    o->exact_peak = true;
    if (o->sample_bytes == 0)
        return;
    o->limit_bytes = 0;
    note_ignored(o, &word);
}

static void bound(uint64_t *value, uint64_t least, uint64_t most) {
    *value = *value < least ? least : *value > most ? most : *value;
}

void mt_options_read(struct mt_options *o) {
    *o = (struct mt_options){.frames = MT_DEFAULT_FRAMES,
                             .events = MT_DEFAULT_EVENTS,
                             .event_sample = 1,
                             .scope_sample = 1,
                             .python = true,
                             .max_ledger = MT_LEDGER_BY_LIMIT};
    const char *const *variable = environment_on_stack(&o->called);
    if (variable == NULL)
        read_file(o);
    else
        for (; *variable != NULL; variable++)
            read_variable(o, *variable);
    bound(&o->frames, 1, MT_MOST_FRAMES);
    bound(&o->events, 0, MT_MOST_EVENTS);
    bound(&o->scope_sample, 1, MT_MOST_SCOPE_SAMPLE);
    o->scopes_unusual = o->scope_cpu || o->scope_sample > 1;
    settle_limit(o);
}
