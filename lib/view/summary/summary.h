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
#include "view/format/format.h"
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
    bool verbose;   /* everything, instead of what is needed each time */
    size_t columns; /* of a line's text: what is cut to one line is cut to this */
};

__attribute__((format(printf, 4, 5))) void mt_summary_add(struct mt_summary *lines,
                                                          const char *label, bool is_warning,
                                                          const char *format, ...);
void mt_summary_free(struct mt_summary *lines);

/* What stands above a table, from program to coverage, in at most six lines when nothing is wrong;
 * verbose: with the whole command, the moment, the allocator's figures and what recording cost. */
void mt_summary_head(const struct mt_rows *rows, const struct mt_summary_format *format,
                     struct mt_summary *lines);

/* Its parts. program: the command, how long, how it ended and the pid in one line; verbose: a line
 * for each. */
void mt_summary_process(const struct mt_profile *profile, const struct mt_summary_format *format,
                        struct mt_summary *lines);
/* Its last: what the program has said of itself, "key=value, …" in one line; verbose: a line for
 * each key. */
void mt_summary_metadata(const struct mt_profile *profile, const struct mt_summary_format *format,
                         struct mt_summary *lines);
/* The same in one line under this label, beginning with a name for it: "NAME: command (1.8 s,
 * exit 0, pid 12)". */
void mt_summary_process_side(const struct mt_profile *profile,
                             const struct mt_summary_format *format, const char *label,
                             const char *name, struct mt_summary *lines);
/* peak and its time, total, temporary, live at the moment shown, failed allocations */
void mt_summary_totals(const struct mt_rows *rows, const struct mt_summary_format *options,
                       struct mt_summary *lines);
/* Adds the allocator's own figures beside ours, and nothing when it told none. */
void mt_summary_allocator(const struct mt_profile *profile, const struct mt_summary_format *options,
                          struct mt_summary *lines);
/* Adds "coverage": what was not seen, or that everything was; then the notes, of which long ones
 * are cut to their first sentence unless verbose. */
void mt_summary_coverage(const struct mt_rows *rows, const struct mt_summary_format *format,
                         struct mt_summary *lines);
/* Adds "memory" when most of it was not recorded: how much, and what shows it (unseen.h). */
void mt_summary_head_memory(const struct mt_profile *profile, struct mt_summary *lines);
/* Returns a few words on the functions that were recognised as wrappers, so that nobody looks for
 * them in vain. malloc'ed; NULL when there are none, or no memory. */
char *mt_summary_skipped(const struct mt_rows *rows);
/* Adds "tracker": what the recording cost. */
void mt_summary_head_self(const struct mt_profile *profile, const struct mt_summary_format *options,
                          struct mt_summary *lines);

/* Returns "at exit", "at the peak", "at 1.5 s", ...: when live is of. */
const char *mt_summary_moment(const struct mt_rows *rows, char buffer[MT_FORMAT_BYTES + 16]);

/* Adds the notes alone, as whole sentences: the profile's, and what the view has to say of
 * itself. For JSON. */
void mt_summary_coverage_notes(const struct mt_rows *rows, struct mt_summary *lines);

#endif
