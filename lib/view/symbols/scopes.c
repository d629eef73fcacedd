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

/* Returns where a function begins, or NULL. */
static const struct mt_line *function_line(const struct mt_profile *profile, uint32_t l) {
    if (l >= profile->n_locations || profile->locations[l].n_lines == 0)
        return NULL;
    const struct mt_location *location = &profile->locations[l];
    return &profile->lines[location->first_line + location->n_lines - 1];
}

/* What a stand-in is to be replaced by. name is 0 for all other strings. */
struct function {
    mt_string name, file;
    uint32_t line;
};

static void replace(const struct function *functions, uint32_t *string) {
    if (functions[*string].name)
        *string = functions[*string].name;
}

static void place(const struct function *functions, struct mt_scope *totals) {
    const struct function *function = &functions[totals->name];
    if (function->name) {
        totals->file = function->file;
        totals->line = function->line;
    }
}

static void replace_all(struct mt_profile *profile, const struct function *names) {
    struct mt_scopes *scopes = &profile->info.scopes;
    for (size_t i = 0; i < profile->n_samples; i++)
        replace(names, &profile->samples[i].scope);
    for (size_t i = 0; i < scopes->n_totals; i++) {
        place(names, &scopes->totals[i]);
        replace(names, &scopes->totals[i].name);
    }
    for (size_t i = 0; i < scopes->n_events; i++)
        replace(names, &scopes->events[i].name);
    for (size_t i = 0; i < scopes->n_open; i++)
        replace(names, &scopes->open[i].name);
    for (size_t i = 0; i < scopes->n_calls; i++)
        replace(names, &scopes->calls[i].name);
    for (size_t i = 0; i < scopes->n_functions; i++)
        replace(names, &scopes->functions[i].name);
}

int mt_symbols_scopes_resolve(struct mt_profile *profile) {
    struct mt_scopes *scopes = &profile->info.scopes;
    if (scopes->n_functions == 0)
        return 0;
    struct function *names = calloc(mt_strings_count(profile->strings) + 1, sizeof *names);
    if (!names)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < scopes->n_functions; i++) {
        const struct mt_line *line = function_line(profile, scopes->functions[i].location);
        if (line)
            names[scopes->functions[i].name] =
                (struct function){profile->functions[line->function].name,
                                  profile->functions[line->function].file, (uint32_t)line->line};
    }
    replace_all(profile, names);
    free(names);
    return 0;
}
