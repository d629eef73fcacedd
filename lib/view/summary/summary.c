/* SPDX-License-Identifier: MIT */
/*
 * Totals in words. Every figure says what it is of, an estimate says that it is one, and what was
 * not seen comes right below what was: a total without its coverage is half a statement. The
 * allocator's figures are in allocator.c.
 */
#include "view/summary/summary.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/format/format.h"

enum {
    COMMAND_BYTES = 400
}; /* of a command line, and of a word of it, are shown; the last word may go beyond */

void mt_summary_add(struct mt_summary *lines, const char *label, bool is_warning,
                    const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (!text || !mt_array_grow(&lines->items, lines->n, sizeof *lines->items)) {
        free(text);
        lines->failed = true;
        return;
    }
    lines->items[lines->n++] = (struct mt_summary_line){label, text, is_warning};
}

void mt_summary_free(struct mt_summary *lines) {
    for (size_t i = 0; i < lines->n; i++)
        free(lines->items[i].text);
    free(lines->items);
    *lines = (struct mt_summary){0};
}

/* ---- the process ----------------------------------------------------------------------------- */

/* Writes the beginning of a word that is longer than room, which ends between two characters. */
static size_t fitting_bytes(const char *word, size_t room) {
    size_t bytes = strlen(word);
    if (bytes <= room)
        return bytes;
    while (room > 0 && ((unsigned char)word[room] & 0xC0) == 0x80)
        room--;
    return room;
}

static void put_quoted(FILE *stream, const char *word, size_t room) {
    static const char plain[] = "@%+=:,./-_";
    size_t bytes = fitting_bytes(word, room);
    bool quote = !*word;
    for (size_t i = 0; i < bytes; i++)
        quote |= !isalnum((unsigned char)word[i]) && !strchr(plain, word[i]) &&
                 (unsigned char)word[i] < 0x80;
    if (quote)
        fputc('\'', stream);
    for (size_t i = 0; i < bytes; i++)
        fputs(word[i] == '\'' ? "'\\''" : (char[]){word[i], '\0'}, stream);
    if (quote)
        fputc('\'', stream);
    if (word[bytes])
        fputs("…", stream);
}

/* Writes as much of it as somebody will read; --json has all. */
static char *command_line(const struct mt_profile *profile) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < profile->info.n_command; i++) {
        if (bytes >= COMMAND_BYTES) {
            fputs(" …", stream); /* how many more is not known: the recorder has its limit, too */
            break;
        }
        if (i)
            fputc(' ', stream);
        put_quoted(stream, mt_profile_text(profile, profile->info.command[i]), COMMAND_BYTES);
        fflush(stream); /* which brings bytes up to date */
    }
    fclose(stream);
    return text;
}

static const char *how_it_ended(const struct mt_profile_info *info, char *buffer, size_t bytes) {
    if (info->running)
        return "running";
    if (!info->exit_known)
        return "its end was not seen";
    if (info->exit_signal)
        snprintf(buffer, bytes, "killed by signal %d (SIG%s)", info->exit_signal,
                 sigabbrev_np(info->exit_signal) ? sigabbrev_np(info->exit_signal) : "?");
    else
        snprintf(buffer, bytes, "exit status %d", info->exit_code);
    return buffer;
}

static void format_times(const struct mt_profile_info *info, char when[MT_FORMAT_BYTES],
                         char lasted[MT_FORMAT_BYTES]) {
    mt_format_rfc3339(when, info->start_time_ns);
    when[10] = ' ';
    when[19] = '\0'; /* to the second */
    mt_format_duration(lasted, info->duration_ns);
}

static void add_times(const struct mt_profile_info *info, struct mt_summary *lines) {
    char when[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], end[64];
    format_times(info, when, lasted);
    if (info->is_memtrack)
        mt_summary_add(lines, "ran", false, "%s%sfrom %s UTC, %s", info->duration_ns ? lasted : "",
                       info->duration_ns ? " " : "", when, how_it_ended(info, end, sizeof end));
    else if (info->start_time_ns)
        mt_summary_add(lines, "recorded", false, "%s UTC%s%s", when,
                       info->duration_ns ? ", over " : "", info->duration_ns ? lasted : "");
}

static const char *recorder(const struct mt_profile *profile) {
    return profile->info.tool ? mt_profile_text(profile, profile->info.tool) : "another tool";
}

void mt_summary_process(const struct mt_profile *profile, struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    if (info->is_memtrack) {
        mt_summary_add(lines, "program", false, "%s (process %u)",
                       mt_profile_text(profile, info->exe), info->pid);
        char *command = command_line(profile);
        if (command && *command)
            mt_summary_add(lines, "command", false, "%s", command);
        free(command);
    } else {
        mt_summary_add(lines, "program", false, "%s (recorded by %s)",
                       profile->n_mappings ? mt_profile_text(profile, profile->mappings[0].path)
                                           : "unknown",
                       recorder(profile));
    }
    add_times(info, lines);
}

void mt_summary_side(const struct mt_profile *profile, const char *label, const char *name,
                     struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    char when[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], end[64];
    char *command = command_line(profile);
    format_times(info, when, lasted);
    if (info->is_memtrack)
        mt_summary_add(lines, label, false, "%s: %s (process %u), %s from %s UTC, %s", name,
                       command && *command ? command : mt_profile_text(profile, info->exe),
                       info->pid, lasted, when, how_it_ended(info, end, sizeof end));
    else
        mt_summary_add(lines, label, false, "%s: %s (recorded by %s)%s%s%s", name,
                       profile->n_mappings ? mt_profile_text(profile, profile->mappings[0].path)
                                           : "unknown program",
                       recorder(profile), info->start_time_ns ? ", " : "",
                       info->start_time_ns ? when : "", info->start_time_ns ? " UTC" : "");
    free(command);
}

/* ---- totals ---------------------------------------------------------------------------------- */

struct figures { /* formats sizes and counts of one profile */
    const struct mt_summary_format *options;
    bool is_sampled;
    char size[2 * MT_FORMAT_BYTES + 24], count[2 * MT_FORMAT_BYTES + 8], percent[MT_FORMAT_BYTES];
};

static const char *size_text(struct figures *f, int64_t bytes) {
    char buffer[MT_FORMAT_BYTES];
    snprintf(f->size, sizeof f->size, "%s%s%s", f->is_sampled ? "about " : "",
             mt_format_size(buffer, bytes, f->options->exact_bytes),
             f->options->exact_bytes ? " bytes" : "");
    return f->size;
}

static const char *plus_minus(const struct figures *f) {
    return f->options->utf8 ? "±" : "+-";
}

/* Writes a total with how far it may be off, when it is an estimate: "about 45.2 MiB ±3.1 MiB". */
static const char *total_size(struct figures *f, const struct mt_rows *rows, enum mt_value value) {
    int64_t margin = mt_rows_margin(rows, mt_rows_all(rows), value);
    char buffer[MT_FORMAT_BYTES];
    size_text(f, mt_rows_total(rows, value));
    size_t length = strlen(f->size);
    if (margin)
        snprintf(f->size + length, sizeof f->size - length, " %s%s", plus_minus(f),
                 mt_format_size(buffer, margin, f->options->exact_bytes));
    return f->size;
}

static const char *total_count(struct figures *f, const struct mt_rows *rows, enum mt_value value) {
    int64_t margin = mt_rows_margin(rows, mt_rows_all(rows), value);
    char number[MT_FORMAT_BYTES], more[MT_FORMAT_BYTES];
    mt_format_count(number, mt_rows_total(rows, value));
    mt_format_count(more, margin);
    snprintf(f->count, sizeof f->count, "%s%s%s%s", number, margin ? " " : "",
             margin ? plus_minus(f) : "", margin ? more : "");
    return f->count;
}

static const char *plural(int64_t n) {
    return n == 1 ? "" : "s";
}

static const char *count_text(struct figures *f, int64_t n) {
    return mt_format_count(f->count, n);
}

static void add_peak(const struct mt_rows *rows, struct figures *f, struct mt_summary *lines) {
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    int64_t blocks = mt_rows_total(rows, MT_VALUE_PEAK_BLOCKS);
    char when[MT_FORMAT_BYTES], error[MT_FORMAT_BYTES], time[2 * MT_FORMAT_BYTES + 32] = "";
    if (info->peak_time_known)
        snprintf(time, sizeof time, ", %s after the start (%s%s)",
                 mt_format_duration(when, info->peak_time_ns), plus_minus(f),
                 mt_format_duration(error, info->peak_time_error_ns));
    mt_summary_add(lines, "peak", false, "%s in %s block%s%s",
                   total_size(f, rows, MT_VALUE_PEAK_BYTES),
                   total_count(f, rows, MT_VALUE_PEAK_BLOCKS), plural(blocks), time);
    if (info->multithreaded && !info->exact_peak) {
        uint64_t bound = info->totals.peak_bytes / 1000;
        mt_summary_add(lines, "", false,
                       "several threads allocated: the peak is within %s of the true one",
                       size_text(f, mt_saturate_signed(bound > 65536 ? bound : 65536)));
    }
}

static const char *at_text(const struct mt_rows *rows, char buffer[MT_FORMAT_BYTES + 16]) {
    const struct mt_at *at = &mt_rows_options(rows)->at;
    char time[MT_FORMAT_BYTES];
    if (at->kind == MT_AT_PEAK)
        return "at the peak";
    if (at->kind == MT_AT_END)
        return mt_rows_profile(rows)->info.running      ? "when this was read"
               : mt_rows_profile(rows)->info.exit_known ? "at exit"
                                                        : "at the end of the recording";
    snprintf(buffer, MT_FORMAT_BYTES + 16, "at %s", mt_format_duration(time, at->time_ns));
    return buffer;
}

/* pprof -base OLD NEW writes such profiles. */
static void add_signs(const struct mt_rows *rows, struct figures *f, struct mt_summary *lines) {
    enum mt_value sort = mt_rows_options(rows)->sort;
    if (!mt_rows_has_negative(rows, sort))
        return;
    int64_t whole = mt_rows_whole(rows, sort);
    mt_summary_add(
        lines, "", false,
        "Some figures are negative, as in a difference of two profiles: shares are of the "
        "%s%s that the rows "
        "hold without their signs.",
        mt_sort_is_bytes(sort) ? size_text(f, whole) : count_text(f, whole),
        mt_sort_is_bytes(sort) ? "" : " blocks");
}

void mt_summary_totals(const struct mt_rows *rows, const struct mt_summary_format *options,
                       struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    struct figures f = {.options = options, .is_sampled = profile->info.sample_bytes != 0};
    struct mt_totals totals;
    char moment[MT_FORMAT_BYTES + 16], temporary[MT_FORMAT_BYTES];
    mt_rows_totals(rows, &totals);
    if (profile->has_value[MT_VALUE_PEAK_BYTES])
        add_peak(rows, &f, lines);
    if (profile->has_value[MT_VALUE_TOTAL_BYTES]) {
        mt_format_percent(f.percent, mt_saturate_signed(totals.temporary_blocks),
                          mt_saturate_signed(totals.total_blocks));
        mt_format_count(temporary, mt_saturate_signed(totals.temporary_blocks));
        int64_t blocks = mt_rows_total(rows, MT_VALUE_TOTAL_BLOCKS);
        mt_summary_add(
            lines, "total", false, "%s in %s block%s%s%s%s%s%s",
            total_size(&f, rows, MT_VALUE_TOTAL_BYTES),
            total_count(&f, rows, MT_VALUE_TOTAL_BLOCKS), plural(blocks),
            totals.temporary_blocks ? ", " : "", totals.temporary_blocks ? temporary : "",
            totals.temporary_blocks ? " of them temporary (" : "",
            totals.temporary_blocks ? f.percent : "", totals.temporary_blocks ? ")" : "");
    }
    int64_t live_blocks = mt_rows_total(rows, MT_VALUE_LIVE_BLOCKS);
    mt_summary_add(
        lines, "live", false, "%s in %s block%s %s", total_size(&f, rows, MT_VALUE_LIVE_BYTES),
        total_count(&f, rows, MT_VALUE_LIVE_BLOCKS), plural(live_blocks), at_text(rows, moment));
    add_signs(rows, &f, lines);
    if (totals.failed_allocations)
        mt_summary_add(lines, "failed", true, "%s allocation%s got no memory",
                       count_text(&f, mt_saturate_signed(totals.failed_allocations)),
                       plural(mt_saturate_signed(totals.failed_allocations)));
}

/* ---- coverage and cost ----------------------------------------------------------------------- */

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
                           "The %s of the rows add up to %s, the process total says %s.",
                           columns[i].name, mt_format_count(x, sum), mt_format_count(y, total));
    }
}

static void add_profile_notes(const struct mt_profile *profile, struct mt_summary *lines) {
    for (size_t i = 0; i < profile->info.n_notes; i++)
        mt_summary_add(lines, "", false, "%s", mt_profile_text(profile, profile->info.notes[i]));
}

static void add_at(const struct mt_rows *rows, struct mt_summary *lines) {
    const struct mt_at *at = &mt_rows_options(rows)->at;
    char moment[MT_FORMAT_BYTES + 16], from[MT_FORMAT_BYTES], to[MT_FORMAT_BYTES];
    uint64_t from_ns, to_ns;
    if (at->kind == MT_AT_END)
        return;
    mt_summary_add(lines, "", false, "Live is what was live %s, not at the end of the recording.",
                   at_text(rows, moment));
    if (!mt_at_resolution(mt_rows_profile(rows), at, &from_ns, &to_ns))
        return;
    if (to_ns == UINT64_MAX)
        mt_summary_add(lines, "", false, "That was recorded at %s, and nothing has changed since.",
                       mt_format_duration(from, from_ns));
    else
        mt_summary_add(lines, "", false,
                       "That was recorded at %s; the next moment on record is %s.",
                       mt_format_duration(from, from_ns), mt_format_duration(to, to_ns));
}

void mt_summary_notes(const struct mt_rows *rows, struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    add_profile_notes(profile, lines);
    add_at(rows, lines);
    if (profile->info.is_memtrack && !mt_rows_has(rows, MT_VALUE_WASTE_BYTES))
        mt_summary_add(lines, "", false, "Waste was not measured%s.",
                       profile->info.usable_measured ? " at that moment"
                                                     : ": usable sizes were not recorded");
    add_sum_mismatch(rows, lines);
}

/* The recorder puts its counts into sentences, as notes. */
static bool is_noted(const struct mt_profile_info *info, const struct mt_profile *profile,
                     uint64_t count) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, count);
    for (size_t i = 0; i < info->n_notes; i++)
        if (strstr(mt_profile_text(profile, info->notes[i]), digits))
            return true;
    return false;
}

static void add_counts(const struct mt_profile *profile, struct mt_summary *lines) {
    const struct mt_coverage *coverage = &profile->info.coverage;
    const struct {
        uint64_t n;
        const char *one, *many;
    } counts[] = {
        {coverage->dropped_events, "event could not be recorded", "events could not be recorded"},
        {coverage->lossy_blocks, "block without its call path (row [lossy])",
         "blocks without their call path (row [lossy])"},
        {coverage->truncated_stacks, "block whose call path is cut at its outer end",
         "blocks whose call path is cut at its outer end"},
        {coverage->unknown_frees, "free of a block whose allocation was not seen",
         "frees of blocks whose allocation was not seen"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[MT_FORMAT_BYTES];
        if (counts[i].n && !is_noted(&profile->info, profile, counts[i].n))
            mt_summary_add(lines, "", true, "%s %s",
                           mt_format_count(text, mt_saturate_signed(counts[i].n)),
                           counts[i].n == 1 ? counts[i].one : counts[i].many);
    }
}

void mt_summary_coverage(const struct mt_rows *rows, struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    const struct mt_profile_info *info = &profile->info;
    size_t before = lines->n;
    add_profile_notes(profile, lines);
    add_counts(profile, lines);
    add_sum_mismatch(rows, lines);
    if (lines->n == before && info->is_memtrack && !info->partial && !info->approximate &&
        !info->sample_bytes)
        mt_summary_add(lines, "", false, "every allocation was recorded with its whole call path");
    add_at(rows, lines);
    if (lines->n > before)
        lines->items[before].label = "coverage";
}

void mt_summary_self(const struct mt_profile *profile, const struct mt_summary_format *options,
                     struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    struct figures f = {.options = options};
    if (info->is_memtrack)
        mt_summary_add(lines, "tracker", false, "%s of ledger",
                       size_text(&f, mt_saturate_signed(info->ledger_bytes)));
}
