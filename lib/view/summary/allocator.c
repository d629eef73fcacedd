/* SPDX-License-Identifier: MIT */
/*
 * From what the program asked for to what the allocator holds, a step a line, with the operands of
 * each step:
 *
 *   requested   live bytes as memtrack counts them
 *   usable      + what rounding up to the allocator's sizes adds        (when it was measured)
 *   in use      what the allocator itself says it has handed out        glibc: uordblks + hblkhd
 *   held        what it keeps from the system for that                  glibc: arena + hblkhd
 *
 * The difference between the last two is what free() does not give back. Each allocator names its
 * figures differently; a table maps the names, and figures of an allocator that is not in it are
 * listed as they are.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

struct steps { /* names of up to two figures that are added */
    const char *allocator;
    const char *used[2], *held[2];
    const char *resident;
};
static const struct steps known[] = {
    {"glibc", {"uordblks", "hblkhd"}, {"arena", "hblkhd"}, NULL},
    {"jemalloc", {"stats.allocated", NULL}, {"stats.active", NULL}, "stats.resident"},
    {"tcmalloc", {"generic.current_allocated_bytes", NULL}, {"generic.heap_size", NULL}, NULL},
};

static bool find(const struct mt_profile *profile, const char *name, uint64_t *value) {
    for (size_t i = 0; i < profile->info.n_allocator_stats; i++)
        if (strcmp(mt_profile_text(profile, profile->info.allocator_stats[i].name), name) == 0) {
            *value = profile->info.allocator_stats[i].value;
            return true;
        }
    return false;
}

static bool sum(const struct mt_profile *profile, const char *const names[2], uint64_t *total) {
    uint64_t first, second = 0;
    if (!find(profile, names[0], &first) || (names[1] && !find(profile, names[1], &second)))
        return false;
    return !__builtin_add_overflow(first, second, total);
}

__attribute__((format(printf, 5, 6))) static void add_step(struct mt_summary *lines,
                                                           const char *name, uint64_t bytes,
                                                           const struct mt_summary_format *options,
                                                           const char *format, ...) {
    char size[MT_FORMAT_BYTES], *why = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&why, format, arguments) < 0)
        why = NULL;
    va_end(arguments);
    mt_summary_add(lines, "", false, "%-9s %10s  %s", name,
                   mt_format_size(size, mt_saturate_signed(bytes), options->exact_bytes),
                   why ? why : "");
    free(why);
}

static void add_ours(const struct mt_profile *profile, const struct mt_summary_format *options,
                     struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    uint64_t requested = info->totals.live_bytes;
    int64_t waste = 0;
    char size[MT_FORMAT_BYTES], percent[MT_FORMAT_BYTES];
    add_step(lines, "requested", requested, options, "live, as the program asked for it");
    for (size_t i = 0; i < profile->n_samples; i++)
        if (__builtin_add_overflow(waste, profile->samples[i].value[MT_VALUE_WASTE_BYTES], &waste))
            return;
    if (info->usable_measured && waste >= 0)
        add_step(lines, "usable", requested + (uint64_t)waste, options,
                 "%s more (%s) by rounding up", mt_format_size(size, waste, options->exact_bytes),
                 mt_format_percent(percent, waste, mt_saturate_signed(requested)));
}

static const char *joined(const char *const names[2], char *buffer, size_t bytes) {
    snprintf(buffer, bytes, "%s%s%s", names[0], names[1] ? " + " : "", names[1] ? names[1] : "");
    return buffer;
}

static bool add_known(const struct steps *steps, const struct mt_profile *profile,
                      const struct mt_summary_format *options, struct mt_summary *lines) {
    uint64_t used, held, resident;
    char names[96], free_size[MT_FORMAT_BYTES], percent[MT_FORMAT_BYTES];
    if (!sum(profile, steps->used, &used) || !sum(profile, steps->held, &held))
        return false;
    add_ours(profile, options, lines);
    add_step(lines, "in use", used, options, "by its own count: %s",
             joined(steps->used, names, sizeof names));
    uint64_t idle = held > used ? held - used : 0;
    add_step(lines, "held", held, options, "%s; %s (%s) of it free",
             joined(steps->held, names, sizeof names),
             mt_format_size(free_size, mt_saturate_signed(idle), options->exact_bytes),
             mt_format_percent(percent, mt_saturate_signed(idle), mt_saturate_signed(held)));
    if (steps->resident && find(profile, steps->resident, &resident))
        add_step(lines, "resident", resident, options, "%s: with its metadata and unused pages",
                 steps->resident);
    return true;
}

static void add_as_they_are(const struct mt_profile *profile,
                            const struct mt_summary_format *options, struct mt_summary *lines) {
    add_ours(profile, options, lines);
    for (size_t i = 0; i < profile->info.n_allocator_stats; i++) {
        char size[MT_FORMAT_BYTES];
        const struct mt_named_value *figure = &profile->info.allocator_stats[i];
        mt_summary_add(
            lines, "", false, "%s %s", mt_profile_text(profile, figure->name),
            mt_format_size(size, mt_saturate_signed(figure->value), options->exact_bytes));
    }
}

void mt_summary_allocator(const struct mt_profile *profile, const struct mt_summary_format *options,
                          struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    const char *name = mt_profile_text(profile, info->allocator),
               *path = mt_profile_text(profile, info->allocator_path);
    if (!*name)
        return;
    mt_summary_add(lines, "allocator", false, "%s%s%s%s", name, *path ? " (" : "", path,
                   *path ? ")" : "");
    if (info->n_allocator_stats == 0)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].allocator, name) == 0 && add_known(&known[i], profile, options, lines))
            return;
    add_as_they_are(profile, options, lines);
}
