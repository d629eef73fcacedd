/* SPDX-License-Identifier: MIT */
/*
 * What is to be said about a recorded process, as labelled lines of text: the head of a report, and
 * what `memtrack run` prints at the end. Text may hold anything that the profile holds (command,
 * paths): escape it when printing.
 */
#ifndef MT_VIEW_SUMMARY_H
#define MT_VIEW_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"
#include "view/rows/rows.h"

struct mt_summary_line {
    const char *label; /* "peak"; "" continues the line above */
    char *text;
    bool is_warning;
};
struct mt_summary { /* zero-initialized is empty */
    struct mt_summary_line *items;
    size_t n;
    bool failed; /* out of memory: lines are missing */
};
struct mt_summary_format {
    bool exact_bytes; /* "47,395,635 bytes" instead of "45.2 MiB" */
    bool utf8;
};

__attribute__((format(printf, 4, 5))) void mt_summary_add(struct mt_summary *lines,
                                                          const char *label, bool is_warning,
                                                          const char *format, ...);
void mt_summary_free(struct mt_summary *lines);

/* program, command, when, how it ended */
void mt_summary_process(const struct mt_profile *profile, struct mt_summary *lines);
/* The same in one line under this label, beginning with a name for it: "NAME: command (process 12),
 * 1.8 s from …". */
void mt_summary_side(const struct mt_profile *profile, const char *label, const char *name,
                     struct mt_summary *lines);
/* peak and its time, total, temporary, live at the moment shown, failed allocations */
void mt_summary_totals(const struct mt_rows *rows, const struct mt_summary_format *options,
                       struct mt_summary *lines);
/* Adds the allocator's own figures beside ours, and nothing when it told none. */
void mt_summary_allocator(const struct mt_profile *profile, const struct mt_summary_format *options,
                          struct mt_summary *lines);
/* Adds "coverage": what was not seen, or that everything was; then the notes. */
void mt_summary_coverage(const struct mt_rows *rows, struct mt_summary *lines);
/* Adds "tracker": what the recording cost. */
void mt_summary_self(const struct mt_profile *profile, const struct mt_summary_format *options,
                     struct mt_summary *lines);

/* Adds the notes alone, as whole sentences: the profile's, and what the view has to say of
 * itself. For JSON. */
void mt_summary_notes(const struct mt_rows *rows, struct mt_summary *lines);

#endif
