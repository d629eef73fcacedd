/* SPDX-License-Identifier: MIT */
/*
 * What was not recorded, or is not what it looks like: the counts of the recorder, the notes of the
 * profile, and what the view has to say of itself.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/saturate.h"
#include "view/format/format.h"
#include "view/summary/anonymous.h"
#include "view/summary/missing.h"
#include "view/summary/summary.h"

static void add_sum_mismatch(const struct mt_rows *rows, struct mt_summary *lines) {
    static const struct {
        enum mt_value value;
        const char *name;
    } columns[] = {
        {MT_VALUE_LIVE_BYTES, "live bytes"},
        {MT_VALUE_PEAK_BYTES, "peak bytes"},
        {MT_VALUE_TOTAL_BYTES, "total bytes"},
    };
    const struct mt_profile *profile = mt_rows_profile(rows);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        int64_t total = mt_rows_total(rows, columns[i].value),
                sum = mt_rows_all(rows)->value[columns[i].value];
        char x[MT_FORMAT_BYTES], y[MT_FORMAT_BYTES];
        if (profile->has_value[columns[i].value] && total != sum)
            mt_summary_add(lines, "", true,
                           "The %s of the rows are %s in sum, and %s in the process's total.",
                           columns[i].name, mt_format_count(x, sum), mt_format_count(y, total));
    }
}

static void add_profile_notes(const struct mt_profile *profile, struct mt_summary *lines) {
    for (size_t i = 0; i < profile->info.n_notes; i++)
        mt_summary_add(lines, "", false, "%s", mt_profile_text(profile, profile->info.notes[i]));
}

static void add_missing(const struct mt_profile *profile, struct mt_summary *lines) {
    char text[MT_MISSING_BYTES];
    if (*mt_missing_text(profile, text, sizeof text))
        mt_summary_add(lines, "", false, "%s", text);
}

/* Returns the length of the first sentence without its period, or 0 when there is one alone. */
static size_t first_sentence(const char *text) {
    const char *end = text;
    while ((end = strstr(end, ". ")) != NULL) {
        if (isupper((unsigned char)end[2]))
            return (size_t)(end - text);
        end += 2;
    }
    return 0;
}

/* Adds a note above a table: what is the matter; what to do about it only when the whole takes no
 * more than two lines. What stands in a line of its own (memory) is left out. */
static void add_brief_note(const char *note, const struct mt_summary_format *format,
                           struct mt_summary *lines) {
    size_t bytes = first_sentence(note);
    if (mt_anonymous_is_note(note))
        return;
    if (bytes && mt_format_width(note) > 2 * format->columns)
        mt_summary_add(lines, "", false, "%.*s (more: -v)", (int)bytes, note);
    else
        mt_summary_add(lines, "", false, "%s", note);
}

static void add_notes(const struct mt_profile *profile, const struct mt_summary_format *format,
                      struct mt_summary *lines) {
    if (format->verbose)
        add_profile_notes(profile, lines);
    for (size_t i = 0; !format->verbose && i < profile->info.n_notes; i++)
        add_brief_note(mt_profile_text(profile, profile->info.notes[i]), format, lines);
}

static void add_at(const struct mt_rows *rows, struct mt_summary *lines) {
    const struct mt_at *at = &mt_rows_options(rows)->at;
    char moment[MT_FORMAT_BYTES + 16], from[MT_FORMAT_BYTES], to[MT_FORMAT_BYTES];
    uint64_t from_ns, to_ns;
    if (at->kind == MT_AT_END)
        return;
    mt_summary_add(lines, "", false, "Live blocks are those %s, not at the end of the recording.",
                   mt_summary_moment(rows, moment));
    if (!mt_at_resolution(mt_rows_profile(rows), at, &from_ns, &to_ns))
        return;
    if (to_ns == UINT64_MAX)
        mt_summary_add(lines, "", false, "Recorded at %s; nothing changed since.",
                       mt_format_duration(from, from_ns));
    else
        mt_summary_add(lines, "", false, "Recorded at %s; the next moment is %s.",
                       mt_format_duration(from, from_ns), mt_format_duration(to, to_ns));
}

void mt_summary_coverage_notes(const struct mt_rows *rows, struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    add_missing(profile, lines);
    add_profile_notes(profile, lines);
    add_at(rows, lines);
    if (profile->info.is_memtrack && !mt_rows_has(rows, MT_VALUE_WASTE_BYTES))
        mt_summary_add(lines, "", false, "Waste was not measured%s.",
                       profile->info.usable_measured ? " at that moment" : ": run with --usable");
    add_sum_mismatch(rows, lines);
}

/* Returns whether the number stands in the text, and not as part of another one. */
static bool has_number(const char *text, const char *number) {
    static const char digits[] = "0123456789";
    size_t bytes = strlen(number);
    for (const char *at = text; (at = strstr(at, number)) != NULL; at += bytes) {
        bool goes_on = strchr(".,", at[bytes]) ? at[bytes] && isdigit((unsigned char)at[bytes + 1])
                                               : isdigit((unsigned char)at[bytes]) != 0;
        bool began = at > text && (strchr(digits, at[-1]) || at[-1] == ',' || at[-1] == '.');
        if (!goes_on && !began)
            return true;
    }
    return false;
}

/* The recorder puts its counts into sentences, as notes. */
static bool is_noted(const struct mt_profile *profile, uint64_t count) {
    char plain[24], grouped[MT_FORMAT_BYTES];
    snprintf(plain, sizeof plain, "%" PRIu64, count);
    mt_format_count(grouped, mt_saturate_signed(count));
    for (size_t i = 0; i < profile->info.n_notes; i++) {
        const char *note = mt_profile_text(profile, profile->info.notes[i]);
        if (has_number(note, plain) || has_number(note, grouped))
            return true;
    }
    return false;
}

static void add_counts(const struct mt_profile *profile, struct mt_summary *lines) {
    const struct mt_coverage *coverage = &profile->info.coverage;
    const struct {
        uint64_t n;
        const char *one, *many;
    } counts[] = {
        {coverage->dropped_events, "event could not be recorded", "events could not be recorded"},
        {coverage->lossy_blocks, "block without call path (row [lossy])",
         "blocks without call path (row [lossy])"},
        {coverage->truncated_stacks, "call path is cut short", "call paths are cut short"},
        {coverage->unknown_frees, "free of a block with an unknown allocation",
         "frees of blocks with unknown allocations"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[MT_FORMAT_BYTES];
        if (counts[i].n && !is_noted(profile, counts[i].n))
            mt_summary_add(lines, "", true, "%s %s",
                           mt_format_count(text, mt_saturate_signed(counts[i].n)),
                           counts[i].n == 1 ? counts[i].one : counts[i].many);
    }
}

void mt_summary_coverage(const struct mt_rows *rows, const struct mt_summary_format *format,
                         struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    const struct mt_profile_info *info = &profile->info;
    size_t before = lines->n;
    add_missing(profile, lines);
    add_notes(profile, format, lines);
    add_counts(profile, lines);
    add_sum_mismatch(rows, lines);
    if (lines->n == before && info->is_memtrack && !info->partial && !info->approximate &&
        !info->sample_bytes && !mt_anonymous_is_much(&info->anonymous))
        mt_summary_add(lines, "", false, "every allocation was recorded with its whole call path");
    add_at(rows, lines);
    if (lines->n > before)
        lines->items[before].label = "coverage";
}
