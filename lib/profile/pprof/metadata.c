/* SPDX-License-Identifier: MIT */
/*
 * A comment is what `pprof -comments` prints, and a label is what it filters by (-tagfocus) and what
 * a profile store keeps. Labels are with each sample, so there are few. In the sum of several
 * processes a sample may be of one that has said something else, and has none.
 */
#include "profile/pprof/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "profile/pprof/pprof-local.h"

static bool is_ours(const char *key) {
    static const char *const ours[] = {
        MT_PPROF_KEY_THREAD, MT_PPROF_KEY_PROCESS, MT_PPROF_KEY_SCOPE, MT_PPROF_KEY_DOMAIN,
        MT_PPROF_KEY_BYTES,  MT_PPROF_KEY_STACK,   MT_PPROF_KEY_BASE};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(ours[i], key) == 0)
            return true;
    return false;
}

int mt_pprof_metadata_make(struct mt_pprof_metadata *metadata, const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    for (size_t i = 0; i < info->n_metadata && metadata->n < MT_PPROF_METADATA; i++) {
        const char *key = mt_profile_text(profile, info->metadata[i].key),
                   *value = mt_profile_text(profile, info->metadata[i].value);
        char *comment = NULL;
        if (asprintf(&comment, "%s=%s", key, value) < 0)
            return -MEMTRACK_ENOMEM;
        size_t at = metadata->n++;
        metadata->items[at].key = key;
        metadata->items[at].value = value;
        metadata->items[at].comment = comment;
        metadata->items[at].is_label = *key && *value && !is_ours(key) && info->n_processes <= 1;
    }
    return 0;
}

void mt_pprof_metadata_free(struct mt_pprof_metadata *metadata) {
    for (size_t i = 0; i < metadata->n; i++)
        free(metadata->items[i].comment);
    metadata->n = 0;
}
