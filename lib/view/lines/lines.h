/* SPDX-License-Identifier: MIT */
/*
 * Chosen functions line by line: what each line does to memory while it runs, with all that it
 * calls, how often it runs and how long. What is allocated or freed counts for the line of the
 * innermost frame that is in a chosen function, and for that line alone, so that lines add up.
 *
 * Of a profile whose lines were not recorded there is less: memory is charged to the line that it
 * came from, whoever freed it.
 */
#ifndef MT_VIEW_LINES_H
#define MT_VIEW_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

struct mt_lines_figures {
    bool has_hits; /* the line has code that tells how often it runs */
    bool has_time; /* blocks of code begin in the line, and tell how long they run */
    uint64_t hits, time_ns;
    uint64_t allocated_bytes, allocated_blocks, freed_bytes, freed_blocks;
    bool has_after; /* recorded: after_bytes is what was live when the line was done last */
    int64_t after_bytes;
    uint64_t after_ns;
    /* Recorded: the most that was live in the process while the line ran. Else the part of the
     * process's peak that came from it. */
    bool has_peak;
    int64_t peak_bytes;
};

struct mt_lines_row {
    int64_t line;
    struct mt_lines_figures figures;
};

struct mt_lines_function {
    mt_string name, file, module;
    int64_t from, to; /* all lines of it that are known */
    size_t first_row, n_rows;
    bool has_hits;
    struct mt_lines_figures sum; /* of its lines; without hits and levels */
};

struct mt_lines {
    const struct mt_profile *profile;
    bool is_recorded, has_hits;
    bool is_worked_out; /* hits are those of all lines, not only of those in which blocks begin */
    struct mt_lines_function *functions; /* that which has allocated most first */
    size_t n_functions;
    struct mt_lines_row *rows; /* by line, function by function */
    size_t n_rows;
};

/* Finds the functions that match a pattern, by their names or files (rows/filter.h), and their
 * lines. The profile is to be symbolized, and outlives the result, which is freed by mt_lines_free.
 * Returns 0, -MEMTRACK_ENOMEM, or -MEMTRACK_ENOTFOUND when no line matches. */
int mt_lines_build(const struct mt_profile *profile, const char *const *patterns, size_t n,
                   struct mt_lines *out, struct mt_error *error);
void mt_lines_free(struct mt_lines *lines);

/* The patterns that choose functions. */
struct mt_lines_choice {
    const char *const *patterns;
    size_t n;
};
/* Returns whether one of them matches; context is a choice. It is what symbols.h asks. */
bool mt_lines_is_chosen(void *context, const char *function, const char *file, const char *module);

/* Returns what a line has allocated less what it has freed. */
static inline int64_t mt_lines_increment(const struct mt_lines_figures *figures) {
    return (int64_t)(figures->allocated_bytes - figures->freed_bytes);
}

#endif
