/* SPDX-License-Identifier: MIT */
/*
 * --include and --exclude. A sample passes when at least one include matches (or there is none) and
 * no exclude does, as in tracemalloc. A pattern is matched (fnmatch, '*' crosses '/') against the
 * file, each end of it that begins behind a slash (the base name is one), the function with and
 * without parameters, and the module in the way of the file; PATTERN:LINE against the file on that
 * line only. An ellipsis stands for any text, so that shortened names match as they are printed. scope:PATTERN and domain:PATTERN are matched
 * against the sample's innermost scope and its domain, "" for none; scope::name is a function.
 * thread:PATTERN against the thread's name, its id, or both as reports show them, and
 * process:PATTERN against the process's program, its pid, or its label as reports show it.
 */
#ifndef MT_VIEW_ROWS_FILTER_H
#define MT_VIEW_ROWS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_filter {
    const char *const *include;
    size_t n_include;
    const char *const *exclude;
    size_t n_exclude;
    bool all_frames; /* patterns match any frame of the path instead of the charged one */
};

struct mt_filter_frame {
    const char *function, *file, *module; /* "" when unknown */
    int64_t line;
};

struct mt_frames;
enum { MT_FILTER_INCLUDED = 1, MT_FILTER_EXCLUDED = 2 };

bool mt_filter_is_empty(const struct mt_filter *filter);
bool mt_filter_pattern_matches(const char *pattern, const struct mt_filter_frame *frame);

/* Finds for each entry of frames which lists it matches: bits[n_entries] of MT_FILTER_*. Returns
 * 0 or -MEMTRACK_ENOMEM. */
int mt_filter_entries(const struct mt_filter *filter, const struct mt_frames *frames,
                      uint8_t *bits);
struct mt_filter_sample {
    /* "" when there is none, or it is not known */
    const char *scope, *domain, *thread, *process;
};
/* Returns which lists a sample with these labels matches by scope:, domain:, thread: and
 * process:PATTERN. */
uint8_t mt_filter_labels(const struct mt_filter *filter, const struct mt_filter_sample *sample);
/* Returns whether any pattern of the filter is about labels. */
bool mt_filter_has_labels(const struct mt_filter *filter);
/* Returns whether a sample passes. bits are those of the labels and of the frames that count,
 * or'ed together. */
bool mt_filter_passes(const struct mt_filter *filter, uint8_t bits);

#endif
