/* SPDX-License-Identifier: MIT */
/* How a match is made: texts of both sides get shared ids, then modules, files and lines of the old
 * one their counterparts. See match.h. */
#include "view/compare/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int intern_texts(struct mt_match *match, enum mt_side side) {
    struct mt_match_side *s = &match->side[side];
    const struct mt_profile *profile = s->frames->profile;
    uint32_t n = mt_strings_count(profile->strings);
    s->text = calloc((size_t)n + 1, sizeof *s->text);
    if (!s->text)
        return -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        const char *text = mt_profile_text(profile, i);
        s->text[i] = mt_strings_intern(match->strings, text, strlen(text));
        if (s->text[i] == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}

static bool is_same_process(const struct mt_profile *old, const struct mt_profile *new) {
    return old == new ||
           (old->info.is_memtrack && new->info.is_memtrack && old->info.pid != 0 &&
            old->info.pid == new->info.pid && old->info.start_time_ns == new->info.start_time_ns);
}

int mt_match_init(struct mt_match *match, const struct mt_frames *old_frames,
                  const struct mt_frames *new_frames) {
    *match = (struct mt_match){.strings = mt_strings_new()};
    match->side[MT_OLD].frames = old_frames;
    match->side[MT_NEW].frames = new_frames;
    match->is_same_process = is_same_process(old_frames->profile, new_frames->profile);
    int status = match->strings ? 0 : -MEMTRACK_ENOMEM;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++)
        status = intern_texts(match, side);
    if (status == 0)
        status = mt_match_paths(match);
    return status == 0 && match->any_rebuilt ? mt_match_lines(match) : status;
}
