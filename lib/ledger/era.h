/* SPDX-License-Identifier: MIT */
/* A part of ledger/layout.h: when a live block was allocated. */
#ifndef MT_LEDGER_ERA_H
#define MT_LEDGER_ERA_H

#include <stdint.h>

/*
 * The time at which a block was allocated is kept as an era: the time since the start of the
 * recording in units of 10 ms, as a floating-point number with 8 bits of mantissa. So the first
 * 2.56 s have eras of 10 ms, and later eras are at most 1/256 of the recording's age. The present
 * era is in the control line. Threads store it every MT_ERA_EVENTS allocations, and so does a
 * reader that watches the process, at each of its ticks. era_seen of the header says which eras
 * were ever stored: a block of era e was allocated after the beginning of e and before the end of
 * the next era that was stored, if any.
 */
enum {
    MT_ERA_BITS = 13,
    MT_ERAS = 1 << MT_ERA_BITS,
    MT_ERA_MANTISSA_BITS = 8,
    MT_ERA_EVENTS = 4096
};
#define MT_ERA_UNIT_NS UINT64_C(10000000)

static inline uint32_t mt_era_at(uint64_t ns) {
    uint64_t t = ns / MT_ERA_UNIT_NS;
    if (t >> MT_ERA_MANTISSA_BITS == 0)
        return (uint32_t)t;
    uint32_t e = 63u - (uint32_t)__builtin_clzll(t) - MT_ERA_MANTISSA_BITS;
    uint32_t era =
        (e + 1) << MT_ERA_MANTISSA_BITS | (uint32_t)(t >> e & ((1u << MT_ERA_MANTISSA_BITS) - 1));
    return era < MT_ERAS ? era : MT_ERAS - 1;
}

/* Returns the time since the start of the recording at which an era begins. An era ends where
 * the next one begins. */
static inline uint64_t mt_era_begin_ns(uint32_t era) {
    uint32_t e = era >> MT_ERA_MANTISSA_BITS;
    uint64_t mantissa = era & ((1u << MT_ERA_MANTISSA_BITS) - 1);
    if (e == 0)
        return mantissa * MT_ERA_UNIT_NS;
    return ((mantissa | 1u << MT_ERA_MANTISSA_BITS) << (e - 1)) * MT_ERA_UNIT_NS;
}

#endif
