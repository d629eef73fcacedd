/* SPDX-License-Identifier: MIT */
/* Flat arrays that double as they grow, as in the rest of the profile. */
#include "profile/lines.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"

static int reserve(void *array, size_t *capacity, size_t n, size_t more, size_t element_bytes) {
    if (more >= UINT32_MAX - n)
        return -MEMTRACK_ELIMIT;
    return mt_array_reserve(array, capacity, n + more, element_bytes) ? 0 : -MEMTRACK_ENOMEM;
}

int mt_profile_lines_add(struct mt_line_changes *changes, const struct mt_line_change *change,
                         const uint32_t *frames, size_t n_frames) {
    int rc =
        reserve(&changes->items, &changes->capacity.items, changes->n, 1, sizeof *changes->items);
    if (rc == 0)
        rc = reserve(&changes->frames, &changes->capacity.frames, changes->n_frames, n_frames,
                     sizeof *changes->frames);
    if (rc != 0)
        return rc;
    struct mt_line_change *added = &changes->items[changes->n++];
    *added = *change;
    added->first_frame = (uint32_t)changes->n_frames;
    added->n_frames = (uint32_t)n_frames;
    for (size_t i = 0; i < n_frames; i++)
        changes->frames[changes->n_frames++] = frames[i];
    changes->is_recorded = true;
    return 0;
}

int mt_profile_lines_add_pattern(struct mt_line_changes *changes, uint32_t pattern) {
    for (size_t i = 0; i < changes->n_patterns; i++)
        if (changes->patterns[i] == pattern)
            return 0;
    int rc = reserve(&changes->patterns, &changes->capacity.patterns, changes->n_patterns, 1,
                     sizeof *changes->patterns);
    if (rc == 0)
        changes->patterns[changes->n_patterns++] = pattern;
    return rc;
}

void mt_profile_lines_free(struct mt_line_changes *changes) {
    free(changes->items);
    free(changes->frames);
    free(changes->patterns);
}
