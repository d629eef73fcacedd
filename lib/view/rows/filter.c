/* SPDX-License-Identifier: MIT */
/*
 * Filters on frames. fnmatch on every frame of a big profile would take longer than everything else
 * together, so a pattern without a line number is judged once per function and module, and one with
 * a line number is put to fnmatch only where the number fits.
 */
#include "view/rows/filter.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/format/format.h"
#include "view/rows/frames.h"

enum { PATTERN_BYTES = 4096 };

bool mt_filter_is_empty(const struct mt_filter *filter) {
    return filter->n_include == 0 && filter->n_exclude == 0;
}

bool mt_filter_passes(const struct mt_filter *filter, uint8_t bits) {
    return (filter->n_include == 0 || (bits & MT_FILTER_INCLUDED)) && !(bits & MT_FILTER_EXCLUDED);
}

/* Returns the pattern behind "scope:" and its like, or NULL when the text does not begin so;
 * "scope::name" is C++. */
static const char *label_pattern(const char *text, const char *prefix) {
    size_t bytes = strlen(prefix);
    return strncmp(text, prefix, bytes) == 0 && text[bytes] != ':' ? text + bytes : NULL;
}

static bool is_label_pattern(const char *text) {
    return label_pattern(text, "scope:") || label_pattern(text, "domain:") ||
           label_pattern(text, "thread:") || label_pattern(text, "process:");
}

static bool part_matches(const char *pattern, const char *part, size_t bytes) {
    char *copy = strndup(part, bytes);
    bool matches = copy && *copy && fnmatch(pattern, copy, 0) == 0;
    free(copy);
    return matches;
}

/* Matches "1234 worker" by its name, by its id, and as it is written. */
static bool is_thread(const char *pattern, const char *thread) {
    const char *name = strchr(thread, ' ');
    return fnmatch(pattern, thread, 0) == 0 || (name && fnmatch(pattern, name + 1, 0) == 0) ||
           part_matches(pattern, thread, name ? (size_t)(name - thread) : 0);
}

/* Matches "1234 cc1 … a.c" in the same ways, and by its program. */
static bool is_process(const char *pattern, const char *process) {
    const char *name = strchr(process, ' ');
    return is_thread(pattern, process) ||
           (name && part_matches(pattern, name + 1, strcspn(name + 1, " ")));
}

static bool label_matches(const char *text, const struct mt_filter_sample *sample) {
    const char *pattern;
    if ((pattern = label_pattern(text, "scope:")))
        return fnmatch(pattern, sample->scope, 0) == 0;
    if ((pattern = label_pattern(text, "domain:")))
        return fnmatch(pattern, sample->domain, 0) == 0;
    if ((pattern = label_pattern(text, "process:")))
        return is_process(pattern, sample->process);
    return (pattern = label_pattern(text, "thread:")) && is_thread(pattern, sample->thread);
}

static bool any_label_matches(const char *const *patterns, size_t n,
                              const struct mt_filter_sample *sample) {
    for (size_t i = 0; i < n; i++)
        if (label_matches(patterns[i], sample))
            return true;
    return false;
}

uint8_t mt_filter_labels(const struct mt_filter *filter, const struct mt_filter_sample *sample) {
    uint8_t bits = 0;
    if (any_label_matches(filter->include, filter->n_include, sample))
        bits |= MT_FILTER_INCLUDED;
    if (any_label_matches(filter->exclude, filter->n_exclude, sample))
        bits |= MT_FILTER_EXCLUDED;
    return bits;
}

bool mt_filter_has_labels(const struct mt_filter *filter) {
    for (size_t i = 0; i < filter->n_include; i++)
        if (is_label_pattern(filter->include[i]))
            return true;
    for (size_t i = 0; i < filter->n_exclude; i++)
        if (is_label_pattern(filter->exclude[i]))
            return true;
    return false;
}

/* Returns the line number of PATTERN:LINE and the length of PATTERN, or -1 when there is none. */
static int64_t pattern_line(const char *pattern, size_t *bytes) {
    const char *colon = strrchr(pattern, ':');
    *bytes = strlen(pattern);
    if (!colon || colon == pattern || colon[-1] == ':' || !colon[1] || strlen(colon + 1) > 9)
        return -1;
    int64_t line = 0;
    for (const char *at = colon + 1; *at; at++) {
        if (!isdigit((unsigned char)*at))
            return -1;
        line = line * 10 + (*at - '0');
    }
    *bytes = (size_t)(colon - pattern);
    return line;
}

/* Matches a path, or any end of it that begins behind a slash: reports print names without the
 * folders that all sources have in common, and what is printed can be typed. */
static bool matches_path(const char *pattern, const char *path) {
    if (!*path)
        return false;
    for (const char *at = path; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
        if (fnmatch(pattern, at, 0) == 0)
            return true;
    return false;
}

static bool matches_function(const char *pattern, const char *function) {
    if (!*function)
        return false;
    if (fnmatch(pattern, function, 0) == 0)
        return true;
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name);
    char *copy = strndup(name, bytes);
    bool matches = copy && fnmatch(pattern, copy, 0) == 0;
    free(copy);
    return matches;
}

/* Copies a pattern with "*" for each ellipsis, which a report prints for what it left out of a
 * name. Returns false when it is too long. */
static bool without_ellipses(const char *pattern, size_t bytes, char out[PATTERN_BYTES]) {
    static const char *const ellipses[] = {"…", "..."};
    char *end = out;
    if (bytes >= PATTERN_BYTES)
        return false;
    for (size_t i = 0; i < bytes;) {
        size_t skipped = 0;
        for (size_t e = 0; e < sizeof ellipses / sizeof *ellipses && !skipped; e++)
            if (strncmp(pattern + i, ellipses[e], strlen(ellipses[e])) == 0)
                skipped = strlen(ellipses[e]);
        *end++ = skipped ? '*' : pattern[i];
        i += skipped ? skipped : 1;
    }
    *end = '\0';
    return true;
}

bool mt_filter_pattern_matches(const char *pattern, const struct mt_filter_frame *frame) {
    size_t bytes;
    char plain[PATTERN_BYTES];
    if (is_label_pattern(pattern))
        return false;
    int64_t line = pattern_line(pattern, &bytes);
    if ((line >= 0 && line != frame->line) || !without_ellipses(pattern, bytes, plain))
        return false;
    if (line >= 0)
        return matches_path(plain, frame->file);
    return matches_path(plain, frame->file) || matches_function(plain, frame->function) ||
           matches_path(plain, frame->module);
}

/* Returns whether the patterns of the list that have (or have not) a line number match. */
static bool any_matches(const char *const *patterns, size_t n, bool with_line,
                        const struct mt_filter_frame *frame) {
    for (size_t i = 0; i < n; i++) {
        size_t bytes;
        if ((pattern_line(patterns[i], &bytes) >= 0) == with_line &&
            mt_filter_pattern_matches(patterns[i], frame))
            return true;
    }
    return false;
}

static uint8_t match(const struct mt_filter *filter, bool with_line,
                     const struct mt_filter_frame *frame) {
    uint8_t bits = 0;
    if (any_matches(filter->include, filter->n_include, with_line, frame))
        bits |= MT_FILTER_INCLUDED;
    if (any_matches(filter->exclude, filter->n_exclude, with_line, frame))
        bits |= MT_FILTER_EXCLUDED;
    return bits;
}

static bool has_line_patterns(const struct mt_filter *filter) {
    size_t bytes;
    for (size_t i = 0; i < filter->n_include; i++)
        if (pattern_line(filter->include[i], &bytes) >= 0)
            return true;
    for (size_t i = 0; i < filter->n_exclude; i++)
        if (pattern_line(filter->exclude[i], &bytes) >= 0)
            return true;
    return false;
}

struct verdict { /* of the patterns without a line number, for a function in a module */
    mt_string module;
    uint8_t bits;
    bool is_known;
};

int mt_filter_entries(const struct mt_filter *filter, const struct mt_frames *frames,
                      uint8_t *bits) {
    const struct mt_profile *profile = frames->profile;
    struct verdict *verdicts = calloc(profile->n_functions + 1, sizeof *verdicts);
    if (!verdicts)
        return -MEMTRACK_ENOMEM;
    bool lines = has_line_patterns(filter);
    for (size_t e = 0; e < frames->n_entries; e++) {
        const struct mt_frame_entry *entry = &frames->entries[e];
        struct mt_filter_frame frame = {
            .function = mt_profile_text(profile, mt_frames_function_name(frames, entry)),
            .file = mt_profile_text(profile, mt_frames_file(frames, entry)),
            .module = mt_profile_text(profile, entry->module),
            .line = entry->line,
        };
        struct verdict *verdict = &verdicts[entry->function];
        if (!verdict->is_known || verdict->module != entry->module)
            *verdict = (struct verdict){entry->module, match(filter, false, &frame), true};
        bits[e] = verdict->bits;
        if (lines)
            bits[e] |= match(filter, true, &frame);
    }
    free(verdicts);
    return 0;
}
