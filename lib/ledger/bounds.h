/* SPDX-License-Identifier: MIT */
/* The part of a ledger's header that says what was to bound the recording and the process. */
#ifndef MT_LEDGER_BOUNDS_H
#define MT_LEDGER_BOUNDS_H

#include <stdint.h>

/* This is the first allocation that would have exceeded the limit. */
struct mt_refusal {
    uint64_t bytes;      /* what was asked for */
    uint64_t held_bytes; /* what the process held already, and was about to get */
    uint64_t time_ns;    /* since the start of the recording */
    uint32_t node;       /* its call path */
    uint32_t tid;
    uint32_t is_there; /* stored last */
    uint32_t reserved;
};

struct mt_bounds {
    uint64_t limit_bytes; /* that the live bytes do not exceed; 0: no limit */
    uint64_t n_refused;   /* allocations that would have exceeded it */
    struct mt_refusal refusal;
    uint64_t until_ns; /* when recording was to end, CLOCK_MONOTONIC of the process; 0: never */
    uint32_t aborts;   /* the first refusal ends the process */
    uint32_t reserved;
};

#endif
