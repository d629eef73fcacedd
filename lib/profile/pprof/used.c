/* SPDX-License-Identifier: MIT */
/*
 * A part of a profile shares the arrays of the whole (profile.h). Its file has only what its samples
 * refer to: somebody who exports one library's paths does not expect the names of the others in it,
 * nor their bytes. Ids in the file are indexes all the same, and so leave gaps.
 */
#include "profile/pprof/used.h"

#include <stdlib.h>

#include "base/error.h"
#include "profile/strings.h"

static int mark(uint8_t *used, size_t n, uint32_t index) {
    if (index >= n)
        return -MEMTRACK_EUSAGE;
    used[index] = 1;
    return 0;
}

static int mark_samples(struct mt_used *used, const struct mt_profile *profile, size_t n_strings) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        const mt_string texts[] = {sample->thread, sample->process, sample->scope, sample->domain};
        if (sample->n_frames > profile->n_frames ||
            sample->first_frame > profile->n_frames - sample->n_frames)
            return -MEMTRACK_EUSAGE;
        for (uint32_t f = 0; status == 0 && f < sample->n_frames; f++)
            status = mark(used->locations, profile->n_locations,
                          profile->frames[sample->first_frame + f]);
        for (size_t t = 0; status == 0 && t < sizeof texts / sizeof *texts; t++)
            status = mark(used->strings, n_strings, texts[t]);
    }
    return status;
}

static int mark_functions(struct mt_used *used, const struct mt_profile *profile) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_locations; i++) {
        const struct mt_location *location = &profile->locations[i];
        if (!used->locations[i])
            continue;
        if (location->n_lines > profile->n_lines ||
            location->first_line > profile->n_lines - location->n_lines)
            return -MEMTRACK_EUSAGE;
        for (uint32_t l = 0; status == 0 && l < location->n_lines; l++)
            status = mark(used->functions, profile->n_functions,
                          profile->lines[location->first_line + l].function);
    }
    return status;
}

static int mark_strings(struct mt_used *used, const struct mt_profile *profile, size_t n_strings) {
    int status = 0;
    for (size_t i = 0; status == 0 && i < profile->n_functions; i++) {
        const struct mt_function *function = &profile->functions[i];
        const mt_string texts[] = {function->name, function->system_name, function->file};
        for (size_t t = 0; used->functions[i] && status == 0 && t < 3; t++)
            status = mark(used->strings, n_strings, texts[t]);
    }
    for (size_t i = 0; status == 0 && i < profile->n_mappings; i++) {
        status = mark(used->strings, n_strings, profile->mappings[i].path);
        if (status == 0)
            status = mark(used->strings, n_strings, profile->mappings[i].build_id);
    }
    return status;
}

int mt_used_find(struct mt_used *used, const struct mt_profile *profile) {
    *used = (struct mt_used){0};
    if (!profile->whole)
        return 0;
    size_t n_strings = mt_strings_count(profile->strings);
    used->locations = calloc(profile->n_locations + 1, 1);
    used->functions = calloc(profile->n_functions + 1, 1);
    used->strings = calloc(n_strings + 1, 1);
    int status = used->locations && used->functions && used->strings ? 0 : -MEMTRACK_ENOMEM;
    if (status == 0)
        status = mark_samples(used, profile, n_strings);
    if (status == 0)
        status = mark_functions(used, profile);
    return status == 0 ? mark_strings(used, profile, n_strings) : status;
}

void mt_used_free(struct mt_used *used) {
    free(used->locations);
    free(used->functions);
    free(used->strings);
    *used = (struct mt_used){0};
}
