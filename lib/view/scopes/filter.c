/* SPDX-License-Identifier: MIT */
/*
 * Patterns on names of scopes. Not those of view/filter.h: they are about frames, where "*.c" is a
 * file and a name with a colon has a line; scopes are called as the program likes, "GET /a:80" too.
 */
#include "view/scopes/filter.h"

#include <fnmatch.h>

#include "base/saturate.h"

static bool matches_any(const char *const *patterns, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (fnmatch(patterns[i], name, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

bool mt_scopes_filter_passes(const struct mt_scopes_filter *filter, const char *name) {
    return (filter->n_include == 0 || matches_any(filter->include, filter->n_include, name)) &&
           !matches_any(filter->exclude, filter->n_exclude, name);
}

static bool passes_event(const struct mt_scopes_filter *filter, const struct mt_profile *profile,
                         const struct mt_scope_event *event) {
    return event->duration_ns >= filter->slower_ns &&
           (filter->larger_bytes == 0 ||
            event->peak_bytes >= mt_saturate_signed(filter->larger_bytes)) &&
           mt_scopes_filter_passes(filter, mt_profile_text(profile, event->name));
}

void mt_scopes_filter_profile(const struct mt_scopes_filter *filter, struct mt_profile *profile) {
    struct mt_scopes *scopes = &profile->info.scopes;
    size_t n = 0;
    for (size_t i = 0; i < scopes->n_events; i++)
        if (passes_event(filter, profile, &scopes->events[i]))
            scopes->events[n++] = scopes->events[i];
    scopes->n_events = n;
    n = 0;
    for (size_t i = 0; i < scopes->n_open; i++)
        if (mt_scopes_filter_passes(filter, mt_profile_text(profile, scopes->open[i].name)))
            scopes->open[n++] = scopes->open[i];
    scopes->n_open = n;
}

void mt_scopes_filter_rows(const struct mt_scopes_filter *filter, struct mt_scopes_rows *rows) {
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (mt_scopes_filter_passes(filter, mt_profile_text(rows->profile, rows->items[i].name)))
            rows->items[n++] = rows->items[i];
    rows->n = n;
    rows->is_filtered |= filter->n_include || filter->n_exclude;
}
