/* SPDX-License-Identifier: MIT */
/* See second.h. */
#include "interpose/second.h"

#include "interpose/hook.h"
#include "interpose/limit.h"
#include "track/ground/state.h"

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

void memtrack_private_realloc_failed(struct mt_moving_block *moving,
                                     const struct mt_hook_frame *frame) {
    mt_record_realloc_failed(moving, frame);
}

void memtrack_private_resize(void *block, size_t bytes) {
    mt_record_resize(block, bytes);
}

struct mt_discard *memtrack_private_discard_begin(mt_discard_belongs *belongs, void *context,
                                                  const struct mt_hook_frame *frame) {
    return mt_discard_begin(belongs, context, frame);
}

void memtrack_private_discard_end(struct mt_discard *discard, bool done,
                                  mt_discard_belongs *belongs, void *context) {
    mt_discard_end(discard, done, belongs, context);
}

void memtrack_private_discard_unseen(void) {
    mt_discard_unseen();
}

void *memtrack_private_next(const char *name) {
    return mt_limit_second(name, mt_next_symbol(name));
}

void memtrack_private_present(void) {
    mt_state_flag(MT_FLAG_OWN_API);
}

/* ---- mappings -------------------------------------------------------------------------------- */

uint64_t memtrack_private_mappings_now(void) {
    return mt_mappings_now();
}

void memtrack_private_mapped(void *result, size_t bytes, int protection, int flags,
                             const struct mt_hook_frame *frame) {
    MT_RESOLVE();
    mt_mappings_mapped((uint64_t)result, bytes, protection, flags,
                       !mt_next_is_allocator(frame->return_address), frame);
}

void memtrack_private_unmapped(uint64_t before, void *address, size_t bytes) {
    MT_RESOLVE();
    mt_mappings_unmapped(before, (uint64_t)address, bytes);
}

void memtrack_private_remapped(const struct mt_remap *remap, const struct mt_hook_frame *frame) {
    MT_RESOLVE();
    mt_mappings_remapped(remap, !mt_next_is_allocator(frame->return_address), frame);
}

void memtrack_private_protected(void *address, size_t bytes, int protection,
                                const struct mt_hook_frame *frame) {
    MT_RESOLVE();
    mt_mappings_protected((uint64_t)address, bytes, protection, frame);
}

void memtrack_private_protected_in_part(void *address, size_t bytes, int protection,
                                        const struct mt_hook_frame *frame) {
    MT_RESOLVE();
    mt_mappings_protected_in_part((uint64_t)address, bytes, protection, frame);
}

void memtrack_private_map_failed(void) {
    MT_RESOLVE();
    mt_mappings_failed();
}

void memtrack_private_doubtful(uint64_t before, void *address, size_t bytes) {
    MT_RESOLVE();
    mt_mappings_doubtful(before, (uint64_t)address, bytes);
}
