/* SPDX-License-Identifier: MIT */
/*
 * A merge (profile/merge.h) that is never finished: it finds what it has again, so a source that has
 * grown is added once more, and only what is new gets a new place. Its values, which that counts
 * twice, are set from the sources before anybody looks at them.
 *
 * Rejected: a model for each process and a table of their rows. Rows of one function are then found
 * by their names at every look, and call paths, filters and order have to be done twice.
 */
#include "top/joined.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"

struct mt_top_joined {
    struct mt_merge *merge;
    struct mt_profile *profile; /* belongs to merge */
    struct mt_top_source *adding;
};

static int take_map(void *context, const struct mt_merge_added *added) {
    struct mt_top_joined *joined = context;
    struct mt_top_source *s = joined->adding;
    size_t n = added->from->n_samples;
    uint32_t *map = realloc(s->map, (n + 1) * sizeof *map);
    joined->profile = added->into;
    if (!map)
        return -MEMTRACK_ENOMEM;
    memcpy(map, added->samples, n * sizeof *map);
    s->map = map;
    s->n_mapped = n;
    return 0;
}

struct mt_top_joined *mt_top_joined_new(const struct mt_merge_keep *keep) {
    struct mt_top_joined *joined = calloc(1, sizeof *joined);
    if (!joined)
        return NULL;
    joined->merge = mt_merge_new(keep);
    if (!joined->merge) {
        free(joined);
        return NULL;
    }
    mt_merge_set_part(joined->merge, &(struct mt_merge_part){.add = take_map, .context = joined});
    return joined;
}

void mt_top_joined_free(struct mt_top_joined *joined) {
    if (!joined)
        return;
    mt_merge_free(joined->merge);
    free(joined);
}

bool mt_top_joined_lacks(const struct mt_top_source *s) {
    return s->joined_generation != mt_follow_generation(s->follow) + 1 &&
           s->n_named == s->profile->n_locations;
}

int mt_top_joined_add(struct mt_top_joined *joined, struct mt_top_source *s) {
    joined->adding = s;
    int rc = mt_merge_add(joined->merge, s->profile, s->label, s->is_main);
    if (rc == 0)
        s->joined_generation = mt_follow_generation(s->follow) + 1;
    return rc;
}

static void add_values(struct mt_profile *profile, const struct mt_top_source *s) {
    for (size_t i = 0; i < s->n_mapped; i++) {
        int64_t *to = profile->samples[s->map[i]].value;
        const int64_t *value = s->profile->samples[i].value;
        for (size_t v = 0; v < MT_N_VALUES; v++)
            if (!s->has_left || (v != MT_VALUE_LIVE_BYTES && v != MT_VALUE_LIVE_BLOCKS))
                mt_saturate_add(&to[v], value[v]);
    }
}

void mt_top_joined_sum(struct mt_top_joined *joined, struct mt_top_source *const *sources,
                       size_t n) {
    struct mt_profile *profile = joined->profile;
    for (size_t i = 0; profile && i < profile->n_samples; i++)
        memset(profile->samples[i].value, 0, sizeof profile->samples[i].value);
    for (size_t i = 0; profile && i < n; i++)
        add_values(profile, sources[i]);
}

struct mt_profile *mt_top_joined_profile(const struct mt_top_joined *joined) {
    return joined->profile;
}
