/* SPDX-License-Identifier: MIT */
/* Those of one path come several times then, once for each process, which views add up. */
#include "profile/merge_lines.h"

#include "base/error.h"

static int merge_one(struct mt_profile *into, const struct mt_profile *from,
                     const struct mt_line_change *change, const uint32_t *locations) {
    struct mt_line_changes *changes = &into->info.lines;
    int rc = mt_profile_lines_add(changes, change, from->info.lines.frames + change->first_frame,
                                  change->n_frames);
    const struct mt_line_change *added = &changes->items[changes->n - 1];
    for (uint32_t i = 0; rc == 0 && i < added->n_frames; i++) {
        uint32_t *location = &changes->frames[added->first_frame + i];
        if (*location >= from->n_locations)
            return -MEMTRACK_EFORMAT;
        *location = locations[*location];
    }
    return rc;
}

static int add_pattern(struct mt_profile *into, const char *pattern) {
    mt_string text = mt_profile_intern(into, pattern);
    return text == UINT32_MAX ? -MEMTRACK_ENOMEM
                              : mt_profile_lines_add_pattern(&into->info.lines, text);
}

int mt_merge_lines_add(struct mt_profile *into, const struct mt_profile *from,
                       const uint32_t *locations) {
    const struct mt_line_changes *changes = &from->info.lines;
    int rc = 0;
    into->info.lines.is_recorded |= changes->is_recorded;
    for (size_t i = 0; rc == 0 && i < changes->n_patterns; i++)
        rc = add_pattern(into, mt_profile_text(from, changes->patterns[i]));
    for (size_t i = 0; rc == 0 && i < changes->n; i++)
        rc = merge_one(into, from, &changes->items[i], locations);
    return rc;
}
