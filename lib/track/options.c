/* SPDX-License-Identifier: MIT */
/* Environment to options. Unknown keys are left alone: a newer launcher may know more. */
#include "track/options.h"

#include "ledger/layout.h"

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

static uint64_t number(const char **p) {
    uint64_t value = 0;
    while (**p >= '0' && **p <= '9')
        value = value * 10 + (uint64_t)(*(*p)++ - '0');
    return value;
}

static void read_list(struct mt_options *o, const char *list) {
    while (*list) {
        const char *v;
        uint64_t ignored;
        uint64_t *target = &ignored;
        bool *flag = NULL;
        if ((v = value_of(list, "frames")))
            target = &o->frames;
        else if ((v = value_of(list, "sample")))
            target = &o->sample_bytes;
        else if ((v = value_of(list, "pid")))
            target = &o->only_pid;
        else if ((v = value_of(list, "events")))
            target = &o->events;
        else if ((v = value_of(list, "event_sample")))
            target = &o->event_sample;
        else if ((v = value_of(list, "usable")))
            flag = &o->usable;
        else if ((v = value_of(list, "exact_peak")))
            flag = &o->exact_peak;
        else if ((v = value_of(list, "check_unwind")))
            flag = &o->check_unwind;
        else if ((v = value_of(list, "allocator_stats")))
            o->allocator_stats = *v == '0' ? MT_STATS_NEVER : MT_STATS_ALWAYS;
        if (v != NULL) {
            uint64_t value = number(&v);
            if (flag != NULL)
                *flag = value != 0;
            else
                *target = value;
            list = v;
        }
        while (*list && *list++ != ',')
            ;
    }
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
    *o = (struct mt_options){.frames = MT_DEFAULT_FRAMES,
                             .events = MT_DEFAULT_EVENTS,
                             .event_sample = 1,
                             .allocator_stats = MT_STATS_WHEN_CHEAP};
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
