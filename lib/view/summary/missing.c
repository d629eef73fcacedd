/* SPDX-License-Identifier: MIT */
/*
 * Formats differ in what they can hold, writers in what they put there, and a zero in a table looks
 * like a figure. So what is not in a file is found out from what is in it, whichever tool wrote it:
 * a table of formats would be wrong for the next version of one.
 */
#include "view/summary/missing.h"

#include <stdio.h>
#include <string.h>

static bool has_column(const struct mt_profile *profile, enum mt_value bytes) {
    return profile->has_value[bytes];
}

static bool has_blocks(const struct mt_profile *profile) {
    return profile->has_value[MT_VALUE_LIVE_BLOCKS] || profile->has_value[MT_VALUE_PEAK_BLOCKS] ||
           profile->has_value[MT_VALUE_TOTAL_BLOCKS];
}

static bool has_threads(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++)
        if (profile->samples[i].thread)
            return true;
    return false;
}

static bool has_lines(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_lines; i++)
        if (profile->lines[i].line > 0)
            return true;
    return false;
}

static bool has_addresses(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_locations; i++)
        if (profile->locations[i].address)
            return true;
    return false;
}

const char *mt_missing_text(const struct mt_profile *profile, char *buffer, size_t bytes) {
    const struct {
        const char *name;
        bool is_there;
    } parts[] = {
        {"live bytes", has_column(profile, MT_VALUE_LIVE_BYTES)},
        {"peak", has_column(profile, MT_VALUE_PEAK_BYTES)},
        {"total", has_column(profile, MT_VALUE_TOTAL_BYTES)},
        {"blocks", has_blocks(profile)},
        {"lines", has_lines(profile)},
        {"addresses", has_addresses(profile)},
        {"threads", has_threads(profile)},
        {"time axis", profile->info.n_ticks > 0},
    };
    size_t n = 0, left = 0;
    *buffer = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        left += !parts[i].is_there;
    if (profile->info.is_memtrack)
        return buffer;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && n < bytes; i++) {
        const char *before = !n ? "The file has" : left == 1 ? " and" : ",";
        if (parts[i].is_there)
            continue;
        n += (size_t)snprintf(buffer + n, bytes - n, "%s no %s", before, parts[i].name);
        left--;
    }
    if (n && n < bytes)
        snprintf(buffer + n, bytes - n, ".");
    return buffer;
}
