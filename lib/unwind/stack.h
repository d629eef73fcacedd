/* SPDX-License-Identifier: MIT */
/*
 * Which addresses of a stack may be read. Correct CFI never leaves the stack; garbage in rbp below code without CFI
 * does, and the tracker must not fault where the program would not.
 */
#ifndef MT_UNWIND_STACK_H
#define MT_UNWIND_STACK_H

#include "base/os.h"

enum { MT_STACK_RANGES = 4 };
struct mt_stack_range {
    uint64_t low, high;
};
struct mt_stack_map {
    struct mt_stack_range now; /* contains the stack pointer of the last mt_stack_locate */
    struct mt_stack_range known[MT_STACK_RANGES];
    uint32_t next; /* slot to replace */
};

/* Make map->now a readable range that begins at or below sp and contains it. System calls (mincore) only when sp is
 * where this thread has not been yet. Any context; owner thread only. */
MT_HIDDEN void mt_stack_locate(struct mt_stack_map *map, uint64_t sp);

/* address lies above map->now.high: try to extend the range over it. */
MT_HIDDEN bool mt_stack_extend(struct mt_stack_map *map, uint64_t address);

static inline bool mt_stack_contains(const struct mt_stack_map *map, uint64_t sp) {
    return sp - map->now.low < map->now.high - map->now.low;
}

#endif
