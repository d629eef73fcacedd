/* SPDX-License-Identifier: MIT */
/*
 * A view charges callers of what matches any pattern of
 *
 *   the profile   (stored by whoever recorded it)     ─┐
 *   the options   (command line, environment, project) ─┴─► joined, each once
 *
 * This is done where frames are classified, so that no view can forget it; a comparison joins the
 * patterns of both sides first, as one function must not be charged on one side and skipped on the
 * other. Few profiles have patterns: without any the given options are used as they are.
 */
#include "view/rows/patterns.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void add_once(struct mt_patterns *patterns, const char *pattern) {
    for (size_t i = 0; i < patterns->options.n_patterns; i++)
        if (strcmp(patterns->own[i], pattern) == 0)
            return;
    patterns->own[patterns->options.n_patterns++] = pattern;
}

int mt_patterns_join(struct mt_patterns *patterns, const struct mt_wrapper_options *given,
                     const struct mt_profile *const *profiles, size_t n) {
    size_t n_stored = 0;
    *patterns = (struct mt_patterns){.options = *given};
    for (size_t i = 0; i < n; i++)
        n_stored += profiles[i]->info.n_wrappers;
    if (n_stored == 0)
        return 0;
    patterns->own = calloc(given->n_patterns + n_stored, sizeof *patterns->own);
    if (!patterns->own)
        return -MEMTRACK_ENOMEM;
    patterns->options.patterns = patterns->own;
    patterns->options.n_patterns = 0;
    for (size_t i = 0; i < given->n_patterns; i++)
        add_once(patterns, given->patterns[i]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < profiles[i]->info.n_wrappers; k++)
            add_once(patterns, mt_profile_text(profiles[i], profiles[i]->info.wrappers[k]));
    return 0;
}

void mt_patterns_free(struct mt_patterns *patterns) {
    free(patterns->own);
    *patterns = (struct mt_patterns){.own = NULL};
}

int mt_patterns_store(struct mt_profile *profile, const struct mt_wrapper_options *wrappers) {
    int status = 0;
    for (size_t i = 0; i < wrappers->n_patterns; i++) {
        int rc = mt_profile_add_wrapper(profile, wrappers->patterns[i]);
        if (rc < 0)
            status = rc;
    }
    return status;
}
