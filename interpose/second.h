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
#include "track/record.h"

#define MT_HOOK_PRIVATE(result, name, parameters)                                                  \
    __attribute__((visibility("default"))) result memtrack_private_##name parameters;
#include "interpose/hooks.def"

#endif
