/* SPDX-License-Identifier: MIT */
/*
 * What a second object (an allocator's own API, loaded only where that allocator is) uses of the first. Exported from
 * libmemtrack.so under these names for that purpose alone; no promise is made to anybody else.
 */
#ifndef MT_INTERPOSE_SECOND_H
#define MT_INTERPOSE_SECOND_H

#include "track/record.h"

#define MT_SECOND __attribute__((visibility("default")))

MT_SECOND void memtrack_private_allocation(void *block, size_t bytes, const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_free(void *block);
MT_SECOND void memtrack_private_realloc_begin(struct mt_moving_block *moving, void *block);
MT_SECOND void memtrack_private_realloc_end(struct mt_moving_block *moving, void *result, size_t bytes,
                                            const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_realloc_failed(struct mt_moving_block *moving, const struct mt_hook_frame *frame);
MT_SECOND void memtrack_private_resize(void *block, size_t bytes);
/* The first definition of name below the tracker, NULL if there is none. */
MT_SECOND void *memtrack_private_next(const char *name);
/* The second object is there. */
MT_SECOND void memtrack_private_present(void);

#endif
