/* SPDX-License-Identifier: MIT */
/* See second.h. */
#include "interpose/second.h"

#include "interpose/next.h"
#include "track/tracker.h"

void memtrack_private_allocation(void *block, size_t bytes, const struct mt_hook_frame *frame) {
    mt_record_allocation(block, bytes, frame);
}

void memtrack_private_free(void *block) {
    mt_record_free(block);
}

void memtrack_private_realloc_begin(struct mt_moving_block *moving, void *block) {
    mt_record_realloc_begin(moving, block);
}

void memtrack_private_realloc_end(struct mt_moving_block *moving, void *result, size_t bytes,
                                  const struct mt_hook_frame *frame) {
    mt_record_realloc_end(moving, result, bytes, frame);
}

void memtrack_private_realloc_failed(struct mt_moving_block *moving, const struct mt_hook_frame *frame) {
    mt_record_realloc_failed(moving, frame);
}

void memtrack_private_resize(void *block, size_t bytes) {
    mt_record_resize(block, bytes);
}

void *memtrack_private_next(const char *name) {
    return mt_next_symbol(name);
}

void memtrack_private_present(void) {
    mt_tracker_flag(MT_FLAG_JEMALLOC_API);
}
