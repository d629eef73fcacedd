/* SPDX-License-Identifier: MIT */
/*
 * What a thread notes of an event before it changes anything, so that one that is left in the
 * middle can be brought to its end (track/recover.c). Owner thread only.
 */
#ifndef MT_TRACK_JOURNAL_H
#define MT_TRACK_JOURNAL_H

#include <stdint.h>

/* What the present event is about to change. The block is mt_thread.last_block. */
struct mt_journal {
    uint64_t putting;   /* the entry that is entered, 0: none */
    uint64_t taking;    /* the entry that is taken out, 0: none */
    uint64_t big_bytes; /* the size of a block that is too large for an entry; else 0 */
};

/* The counters that the present event is about to change, as they were. */
struct mt_before {
    /* For which event the rest has been written: for a block that is put it is bank->sequence, for
     * one that is taken bank->sequence + 1. */
    uint64_t number;
    /* The site's: for a block that is put, allocated bytes, allocated blocks and live bytes; for
     * one that is taken, live bytes and freed blocks. */
    uint64_t site[3];
    uint64_t of_thread[3]; /* the same counters of the bank */
};

/* A block that is out of the table while realloc works on it. */
struct mt_moved {
    uint64_t address;
    struct mt_journal journal; /* .taking is its entry, 0: there is none */
    uint64_t frame;            /* the frame of the hook that has taken it out */
};

#endif
