/* SPDX-License-Identifier: MIT */
/* What the program has said of itself (memtrack_set): enough to know which version, shard or
 * configuration a profile is of. */
#include <stdio.h>
#include <stdlib.h>

#include "view/summary/summary.h"

/* Returns "key=value, …", malloc'ed, of at most so many keys; NULL: out of memory. */
static char *all_in_one(const struct mt_profile *profile, size_t most) {
    const struct mt_profile_info *info = &profile->info;
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    for (size_t i = 0; stream && i < info->n_metadata && i < most; i++)
        fprintf(stream, "%s%s=%s", i ? ", " : "", mt_profile_text(profile, info->metadata[i].key),
                mt_profile_text(profile, info->metadata[i].value));
    if (stream && fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static void add_line(const struct mt_profile *profile, const struct mt_summary_format *format,
                     struct mt_summary *lines) {
    enum { MOST = 64 /* of which hardly any fits into a line */ };
    char *line = all_in_one(profile, MOST), *visible = NULL, *fitting = NULL;
    if (line)
        visible = mt_format_visible(line, format->utf8);
    if (visible)
        fitting = format->columns
                      ? mt_format_shorten_end(visible, format->columns, format->utf8 ? "…" : "...")
                      : NULL;
    if (fitting || visible)
        mt_summary_add(lines, "metadata", false, "%s", fitting ? fitting : visible);
    else
        lines->failed = true;
    free(line);
    free(visible);
    free(fitting);
}

void mt_summary_metadata(const struct mt_profile *profile, const struct mt_summary_format *format,
                         struct mt_summary *lines) {
    const struct mt_profile_info *info = &profile->info;
    if (info->n_metadata && !format->verbose)
        add_line(profile, format, lines);
    for (size_t i = 0; format->verbose && i < info->n_metadata; i++)
        mt_summary_add(lines, i ? "" : "metadata", false, "%s=%s",
                       mt_profile_text(profile, info->metadata[i].key),
                       mt_profile_text(profile, info->metadata[i].value));
}
