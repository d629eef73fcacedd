/* SPDX-License-Identifier: MIT */
/*
 * A part is found by what its samples are charged to, and by what was passed over for that, which a
 * filter looks at as well. Most entries are charged in one part, which is kept for each.
 */
#include "view/rows/digest.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "base/saturate.h"
#include "view/rows/identity.h"
#include "view/rows/parts.h"

struct maker {
    struct mt_frames *frames;
    struct mt_parts *digest;
    struct mt_identities ids;
    uint32_t *latest; /* per entry: its part + 1 */
    uint64_t gross[MT_N_VALUES];
};

/* Returns the part's index, or -MEMTRACK_ENOMEM. */
static int64_t find_part(struct maker *m, uint32_t s, uint32_t charged, uint32_t passed_over) {
    struct mt_parts *digest = m->digest;
    uint32_t latest = charged == MT_NO_ENTRY ? 0 : m->latest[charged];
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who has a latest part has parts */
    if (latest && digest->parts[latest - 1].passed_over == passed_over)
        return latest - 1;
    bool is_lossy = charged == MT_NO_ENTRY && m->frames->profile->samples[s].lossy;
    int64_t id = mt_identity_id(
        &m->ids, (struct mt_identity){.a = charged, .b = passed_over, .c = is_lossy});
    if (id < 0 ||
        !mt_array_reserve(&digest->parts, &digest->capacity, (size_t)id + 1, sizeof *digest->parts))
        return -MEMTRACK_ENOMEM;
    if ((size_t)id == digest->n)
        digest->parts[digest->n++] =
            (struct mt_part){.charged = charged, .passed_over = passed_over, .sample = s};
    if (charged != MT_NO_ENTRY)
        m->latest[charged] = (uint32_t)id + 1;
    return id;
}

static bool add_sample(struct maker *m, uint32_t s) {
    const struct mt_sample *sample = &m->frames->profile->samples[s];
    uint32_t position = 0, charged = mt_frames_charged(m->frames, sample, &position);
    int64_t id =
        find_part(m, s, charged, mt_frames_passed_over(m->frames, sample, charged, position));
    if (id < 0)
        return false;
    struct mt_part *part = &m->digest->parts[id];
    m->digest->part_of[s] = (uint32_t)id;
    part->n_samples++;
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        if (!sample->value[v])
            continue;
        mt_saturate_add(&part->value[v], sample->value[v]);
        mt_saturate_add_count(&m->gross[v], mt_saturate_magnitude(sample->value[v]));
        m->digest->has_negative[v] |= sample->value[v] < 0;
    }
    return true;
}

static bool make(struct maker *m) {
    const struct mt_profile *profile = m->frames->profile;
    m->digest = calloc(1, sizeof *m->digest);
    m->latest = calloc(m->frames->n_entries + 1, sizeof *m->latest);
    if (!m->digest || !m->latest)
        return false;
    m->digest->part_of = malloc((profile->n_samples + 1) * sizeof *m->digest->part_of);
    bool done = m->digest->part_of != NULL;
    for (uint32_t s = 0; s < profile->n_samples && done; s++)
        done = add_sample(m, s);
    return done;
}

int mt_digest_make(struct mt_frames *frames) {
    struct maker m = {.frames = frames};
    if (frames->profile->info.sample_bytes)
        return 0;
    bool done = make(&m), is_exact = true;
    for (size_t v = 0; v < MT_N_VALUES && done; v++) {
        is_exact &= m.gross[v] <= INT64_MAX;
        m.digest->gross[v] = mt_saturate_signed(m.gross[v]);
    }
    mt_identity_free(&m.ids);
    free(m.latest);
    if (done && is_exact)
        frames->digest = m.digest;
    else
        mt_parts_free(m.digest);
    return done ? 0 : -MEMTRACK_ENOMEM;
}
