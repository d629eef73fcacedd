/* SPDX-License-Identifier: MIT */
/*
 * What a second object (an allocator's own API, loaded only where that allocator is; mmap and its
 * family, loaded only when asked for) uses of the first. Exported from libmemtrack.so under these
 * names for that purpose alone; no promise is made to anybody else.
 */
#ifndef MT_INTERPOSE_SECOND_H
#define MT_INTERPOSE_SECOND_H

#include "track/discard.h"
#include "track/mappings.h"

#define MT_SECOND __attribute__((visibility("default")))

MT_SECOND void memtrack_private_allocation(void *block, size_t bytes,
                                           const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_free(void *block);
MT_SECOND void memtrack_private_realloc_begin(struct mt_moving_block *moving, void *block);
MT_SECOND void memtrack_private_realloc_end(struct mt_moving_block *moving, void *result,
                                            size_t bytes, const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_realloc_failed(struct mt_moving_block *moving,
                                               const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_resize(void *block, size_t bytes);
/* See track/discard.h. */
MT_SECOND struct mt_discard *memtrack_private_discard_begin(mt_discard_belongs *belongs,
                                                            void *context,
                                                            const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_discard_end(struct mt_discard *discard, bool done,
                                            mt_discard_belongs *belongs, void *context);
MT_SECOND void memtrack_private_discard_unseen(void);
/* The first definition of name below the tracker, NULL if there is none. */
MT_SECOND void *memtrack_private_next(const char *name);
/* The second object is there. */
MT_SECOND void memtrack_private_present(void);

/* See track/mappings.h. Mappings of the allocator, by its own calls or by others' on its behalf,
 * are no blocks. */
MT_SECOND uint64_t memtrack_private_mappings_now(void);
MT_SECOND void memtrack_private_mapped(void *result, size_t bytes, int protection, int flags,
                                       const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_unmapped(uint64_t before, void *address, size_t bytes);
MT_SECOND void memtrack_private_remapped(const struct mt_remap *remap,
                                         const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_protected(void *address, size_t bytes, int protection,
                                          const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_protected_in_part(void *address, size_t bytes, int protection,
                                                  const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_map_failed(void);
MT_SECOND void memtrack_private_doubtful(uint64_t before, void *address, size_t bytes);

#endif
