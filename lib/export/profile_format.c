/* SPDX-License-Identifier: MIT */
/* The list of formats as a table, and what each of them leaves behind: docs/formats.md says more. */
#include "export/profile_format.h"

#include <string.h>

#define ROW(name, format, by, n, flags) {name, format, by, n, flags},
#define BAR(name, ...)                  "|" name

static const struct mt_profile_format formats[] = {MT_PROFILE_FORMATS(ROW)};
static const char list[] = MT_PROFILE_FORMATS(BAR);
const char *const mt_profile_format_list = list + 1;

const struct mt_profile_format *mt_profile_format_find(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

const char *mt_profile_format_loses(const struct mt_profile_format *format) {
    static const char *const losses[MT_N_EXPORT_FORMATS] = {
        [MT_EXPORT_COLLAPSED] = "lines, files, more than one column (--sort), and times",
        [MT_EXPORT_FIREFOX] = "blocks, temporary blocks and waste",
        [MT_EXPORT_SVG] = "lines, frames narrower than a pixel, more than one column (--sort), and "
                          "times",
        [MT_EXPORT_JSON] = "scopes and the time axis (memtrack scopes, memtrack timeline)",
        [MT_EXPORT_CSV] = "more than the rows",
        [MT_EXPORT_OPENMETRICS] = "call paths, and what was at earlier moments",
        [MT_EXPORT_PROMETHEUS] = "call paths, and what was at earlier moments",
    };
    const char *loss = losses[format->format];
    return loss ? loss : "";
}
