/* SPDX-License-Identifier: MIT */
/* The list of formats as a table. docs/formats.md has more of what each of them leaves behind. */
#include "export/profile_format.h"

#include <string.h>

#include "view/rows/rows.h"

#define ROW(name, format, writer, by, n, flags, losses) {name, format, by, n, flags, losses},
#define BAR(name, ...)                                  "|" name

static const struct mt_profile_format formats[] = {
    MT_PROFILE_FORMATS(ROW){
        .name = MT_PROFILE_FORMAT_PAGE,
        .format = MT_N_EXPORT_FORMATS,
        .by = MT_BY_LINE,
        .flags = MT_PROFILE_PAGE | MT_PROFILE_GROUPED | MT_PROFILE_LABELS,
        .losses = "",
    },
};
static const char list[] = MT_PROFILE_FORMATS(BAR) BAR(MT_PROFILE_FORMAT_PAGE);
const char *const mt_profile_format_list = list + 1;

const char *mt_profile_format_name(enum mt_export_format format) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].format == format)
            return formats[i].name;
    return NULL;
}

const struct mt_profile_format *mt_profile_format_find(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

static bool has_times(const struct mt_profile *profile) {
    return profile->info.n_ticks || profile->info.scopes.n_totals;
}

const char *mt_profile_format_loses(const struct mt_profile_format *format,
                                    const struct mt_export_profile *profile) {
    if (format->format == MT_EXPORT_PPROF)
        return mt_export_profile_is_part(profile) && has_times(mt_rows_profile(profile->rows))
                   ? "scopes and the time axis of a part of the profile"
                   : "";
    return format->losses;
}

bool mt_profile_format_compares(const struct mt_profile_format *format) {
    return format->flags & (MT_PROFILE_SIGNED | MT_PROFILE_ROWS | MT_PROFILE_PAGE);
}

bool mt_profile_format_drops(const struct mt_profile_format *format,
                             const struct mt_export_profile *profile) {
    bool has_negative = false;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        has_negative |= mt_rows_has_negative(profile->rows, (enum mt_value)v);
    return has_negative && (format->flags & MT_PROFILE_POSITIVE);
}
