/* SPDX-License-Identifier: MIT */
/* A thread inside of a program's hook: its part of scopes/hooks.c. Owner thread only. */
#ifndef MT_TRACK_HOOKS_PART_H
#define MT_TRACK_HOOKS_PART_H

#include <stdint.h>

struct mt_hooks_part {
    uint64_t frame;          /* in which the recorder was called that called the hook; 0: none */
    uint64_t return_address; /* of that frame */
    uint32_t place;          /* of the hook */
};

#endif
