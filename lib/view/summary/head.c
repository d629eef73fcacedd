/* SPDX-License-Identifier: MIT */
/*
 * What stands above a table. A person who looks at the tenth run of an hour needs to know which run
 * it is, the three figures and whether they can be believed: five lines. What nobody needs each
 * time is one option away, --verbose, and what is wrong is never left out: coverage and memory have
 * more lines when there is more to say.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/saturate.h"
#include "profile/resident.h"
#include "view/summary/anonymous.h"
#include "view/summary/summary.h"

void mt_summary_head_memory(const struct mt_profile *profile, struct mt_summary *lines) {
    for (size_t i = 0; i < profile->info.n_notes; i++) {
        const char *note = mt_profile_text(profile, profile->info.notes[i]);
        if (mt_anonymous_is_note(note))
            mt_summary_add(lines, "memory", true, "%c%.*s%s", tolower((unsigned char)note[0]),
                           (int)mt_anonymous_brief(note) - 1, note + 1,
                           strstr(note, " For ") ? ", see -v" : "");
    }
}

void mt_summary_head_self(const struct mt_profile *profile, const struct mt_summary_format *options,
                          struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    char size[MT_FORMAT_BYTES];
    if (info->is_memtrack && !info->watched) /* no figure of what was not recorded */
        mt_summary_add(
            lines, "tracker", false, "%s%s of ledger",
            mt_format_size(size, mt_saturate_signed(info->ledger_bytes), options->exact_bytes),
            options->exact_bytes ? " bytes" : "");
}

/* Of what was not recorded no figure is 0. What several used together is not what one did. */
static void head_watched(const struct mt_profile *profile, const struct mt_summary_format *format,
                         struct mt_summary *lines) {
    char size[MT_FORMAT_BYTES], alone[MT_FORMAT_BYTES], most[MT_FORMAT_BYTES + 40] = "";
    const char *unit = format->exact_bytes ? " bytes" : "";
    mt_format_size(size, mt_saturate_signed(mt_resident_peak(profile)), format->exact_bytes);
    mt_format_size(alone, mt_saturate_signed(profile->info.peak_rss_bytes), format->exact_bytes);
    if (profile->n_members)
        snprintf(most, sizeof most, " in all together, %s%s in one", alone, unit);
    mt_summary_add(lines, "peak RSS", false, "%s%s%s", size, unit, most);
}

void mt_summary_head(const struct mt_rows *rows, const struct mt_summary_format *format,
                     struct mt_summary *lines) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    mt_summary_process(profile, format, lines);
    if (profile->info.watched)
        head_watched(profile, format, lines);
    else
        mt_summary_totals(rows, format, lines);
    if (format->verbose)
        mt_summary_allocator(profile, format, lines);
    mt_summary_coverage(rows, format, lines);
    if (format->verbose)
        mt_summary_head_self(profile, format, lines);
    else
        mt_summary_head_memory(profile, lines);
}
