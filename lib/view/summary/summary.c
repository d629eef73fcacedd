/* SPDX-License-Identifier: MIT */
/*
 * Totals in words. Every figure says what it is of, an estimate says that it is one, and what was
 * not seen comes right below what was: a total without its coverage is half a statement. The
 * process is in process.c, the allocator's figures are in allocator.c, what was not seen in
 * coverage.c, and head.c chooses what of it stands above a table.
 */
#include "view/summary/summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/format/format.h"

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

/* ---- totals ---------------------------------------------------------------------------------- */

struct figures { /* formats sizes and counts of one profile */
    const struct mt_summary_format *options;
    bool is_sampled;
    char size[2 * MT_FORMAT_BYTES + 24], count[2 * MT_FORMAT_BYTES + 8], percent[MT_FORMAT_BYTES],
        blocks[2 * MT_FORMAT_BYTES + 24];
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

/* Writes " in 12 blocks", or nothing when the profile does not count them. */
static const char *in_blocks(struct figures *f, const struct mt_rows *rows, enum mt_value value) {
    char text[sizeof f->count];
    if (!mt_rows_profile(rows)->has_value[value])
        return "";
    snprintf(text, sizeof text, "%s", total_count(f, rows, value));
    snprintf(f->blocks, sizeof f->blocks, " in %s block%s", text,
             plural(mt_rows_total(rows, value)));
    return f->blocks;
}

static const char *count_text(struct figures *f, int64_t n) {
    return mt_format_count(f->count, n);
}

/* Returns how far a peak that several threads reached together may be off; 0: not at all. */
static uint64_t peak_bound(const struct mt_profile_info *info) {
    uint64_t bound = info->totals.peak_bytes / 1000;
    if (!info->multithreaded || info->exact_peak)
        return 0;
    return bound > 65536 ? bound : 65536;
}

/* Writes when the peak was, and how exactly that is known: ", at 1.52 s ±5 ms". */
static const char *peak_time(const struct mt_profile_info *info, const struct figures *f,
                             char *buffer, size_t bytes) {
    char when[MT_FORMAT_BYTES], error[MT_FORMAT_BYTES];
    *buffer = '\0';
    if (info->n_processes > 1)
        snprintf(buffer, bytes, ": each process at its own peak, added up");
    else if (info->peak_time_known)
        snprintf(buffer, bytes, ", at %s %s%s", mt_format_duration(when, info->peak_time_ns),
                 plus_minus(f), mt_format_duration(error, info->peak_time_error_ns));
    return buffer;
}

/* The bound of several threads stands beside the figure, unless that is an estimate anyway: its
 * margin is the wider one. */
static void add_peak(const struct mt_rows *rows, struct figures *f, struct mt_summary *lines) {
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    int64_t bound = mt_saturate_signed(f->is_sampled ? 0 : peak_bound(info));
    char time[2 * MT_FORMAT_BYTES + 16], size[MT_FORMAT_BYTES], within[MT_FORMAT_BYTES + 8] = "";
    if (bound)
        snprintf(within, sizeof within, " %s%s", plus_minus(f),
                 mt_format_size(size, bound, f->options->exact_bytes));
    mt_summary_add(lines, "peak", false, "%s%s%s%s", total_size(f, rows, MT_VALUE_PEAK_BYTES),
                   within, in_blocks(f, rows, MT_VALUE_PEAK_BLOCKS),
                   peak_time(info, f, time, sizeof time));
    if (bound && f->options->verbose)
        mt_summary_add(
            lines, "", false,
            "several threads allocated: the true peak is within %s (--exact-peak makes it "
            "exact)",
            size_text(f, bound));
}

const char *mt_summary_moment(const struct mt_rows *rows, char buffer[MT_FORMAT_BYTES + 16]) {
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
    mt_summary_add(lines, "", false,
                   "Some figures are negative (a difference of profiles): shares are of %s%s, the "
                   "sum without signs.",
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
        mt_summary_add(
            lines, "total", false, "%s%s%s%s%s%s%s", total_size(&f, rows, MT_VALUE_TOTAL_BYTES),
            in_blocks(&f, rows, MT_VALUE_TOTAL_BLOCKS), totals.temporary_blocks ? ", " : "",
            totals.temporary_blocks ? temporary : "",
            totals.temporary_blocks ? " of them temporary (" : "",
            totals.temporary_blocks ? f.percent : "", totals.temporary_blocks ? ")" : "");
    }
    if (mt_rows_has(rows, MT_VALUE_LIVE_BYTES))
        mt_summary_add(lines, "live", false, "%s%s %s", total_size(&f, rows, MT_VALUE_LIVE_BYTES),
                       in_blocks(&f, rows, MT_VALUE_LIVE_BLOCKS), mt_summary_moment(rows, moment));
    add_signs(rows, &f, lines);
    if (totals.failed_allocations)
        mt_summary_add(lines, "failed", true, "%s allocation%s got no memory",
                       count_text(&f, mt_saturate_signed(totals.failed_allocations)),
                       plural(mt_saturate_signed(totals.failed_allocations)));
}
