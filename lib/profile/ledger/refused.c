/* SPDX-License-Identifier: MIT */
/* See refused.h. A path that is longer than what is kept loses its outer end. */
#include "profile/ledger/refused.h"

#include <string.h>

static int take_frames(struct mt_ledger_paths *paths, mt_node_id node, struct mt_refused *out) {
    struct mt_sample place = {0};
    mt_ledger_paths_classify(paths, node, &place);
    int64_t n = place.lossy ? 0 : mt_ledger_paths_frames(paths, node);
    if (n < 0)
        return (int)n;
    out->n_frames = n < MT_REFUSED_FRAMES ? (uint32_t)n : MT_REFUSED_FRAMES;
    if (n != 0)
        memcpy(out->frames, paths->frames, out->n_frames * sizeof *out->frames);
    return 0;
}

int mt_ledger_refused_take(struct mt_ledger_paths *paths) {
    const struct mt_bounds *bounds = &mt_ledger_info(paths->ledger)->bounds;
    struct mt_refused *out = &paths->profile->info.refused;
    *out = (struct mt_refused){.limit_bytes = bounds->limit_bytes,
                               .count = bounds->limit_bytes != 0 ? bounds->n_refused : 0,
                               .aborts = bounds->aborts != 0};
    if (out->count == 0 || bounds->refusal.is_there == 0)
        return 0;
    out->bytes = bounds->refusal.bytes;
    out->live_bytes = bounds->refusal.held_bytes;
    return take_frames(paths, bounds->refusal.node, out);
}
