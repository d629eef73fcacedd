/* SPDX-License-Identifier: MIT */
/*
 * A table by string tells what each stand-in is to be replaced by, so that samples, totals and
 * events are walked once however many functions there are. At the first instruction of a function
 * something may have been inlined: the outermost line of the location is the function itself.
 */
#include "view/symbols/scopes.h"

#include <stdlib.h>

#include "base/error.h"
#include "profile/strings.h"

static mt_string function_name(const struct mt_profile *profile, uint32_t l) {
    if (l >= profile->n_locations || profile->locations[l].n_lines == 0)
        return 0;
    const struct mt_location *location = &profile->locations[l];
    uint32_t line = location->first_line + location->n_lines - 1;
    return profile->functions[profile->lines[line].function].name;
}

static void replace(const mt_string *names, uint32_t *string) {
    if (names[*string])
        *string = names[*string];
}

static void replace_all(struct mt_profile *profile, const mt_string *names) {
    struct mt_scopes *scopes = &profile->info.scopes;
    for (size_t i = 0; i < profile->n_samples; i++)
        replace(names, &profile->samples[i].scope);
    for (size_t i = 0; i < scopes->n_totals; i++)
        replace(names, &scopes->totals[i].name), replace(names, &scopes->totals[i].caller);
    for (size_t i = 0; i < scopes->n_events; i++)
        replace(names, &scopes->events[i].name);
    for (size_t i = 0; i < scopes->n_open; i++)
        replace(names, &scopes->open[i].name);
}

int mt_symbols_scopes_resolve(struct mt_profile *profile) {
    struct mt_scopes *scopes = &profile->info.scopes;
    if (scopes->n_functions == 0)
        return 0;
    mt_string *names = calloc(mt_strings_count(profile->strings) + 1, sizeof *names);
    if (!names)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < scopes->n_functions; i++)
        names[scopes->functions[i].name] = function_name(profile, scopes->functions[i].location);
    replace_all(profile, names);
    free(names);
    return 0;
}
