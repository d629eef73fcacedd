/* SPDX-License-Identifier: MIT */
/* What a thread remembers of an interpreter's frames: its part of python/. Owner thread only. */
#ifndef MT_TRACK_PYTHON_PART_H
#define MT_TRACK_PYTHON_PART_H

#include "ledger/layout.h"

#include <stdbool.h>

enum {
    MT_PYTHON_PAGES_BITS = 6,
    MT_PYTHON_PAGE_WAYS = 4,
    MT_PYTHON_PLACES_BITS = 10,
    MT_PYTHON_WOVEN_BITS = 10,
    MT_PYTHON_PAGES = MT_PYTHON_PAGE_WAYS << MT_PYTHON_PAGES_BITS,
    MT_PYTHON_PLACES = 1 << MT_PYTHON_PLACES_BITS,
    MT_PYTHON_WOVEN = 1 << MT_PYTHON_WOVEN_BITS
};

/* A frame as it is now. */
struct mt_python_frame {
    uint64_t frame, code;
    uint64_t instruction; /* bit 0: of a generator, which is never half made */
    uint64_t evaluation;  /* where on the C stack it began; 0: within that of the next outer one */
};

/* A frame as it was met last, and what the path from the outermost frame to here is called. */
struct mt_python_kept {
    struct mt_python_frame was;
    uint64_t identity;   /* of the code */
    mt_node_id node;     /* with this frame */
    uint32_t evaluation; /* the frame, this one or outside of it, with which the evaluation began */
    uint32_t index;      /* in the stack, of the C frame that evaluates it */
    mt_node_id native;   /* what is outside of that one, without any Python */
};

/* Where an instruction is in the source: the address of a node. */
struct mt_python_place {
    uint64_t code, instruction, identity, address;
};

/* A piece of the native stack, up to the frame whose node is leaf, on top of base. */
struct mt_python_woven {
    mt_node_id base, leaf, node;
};

struct mt_python_part {
    uint32_t n_now, n_kept, max_frames;
    uint32_t n_same;   /* so many of the kept frames, the outermost, are outside of those of now */
    uint32_t n_misses; /* looks for the thread's state before it was found for the first time */
    uint64_t state;    /* of the thread, as it was found last; 0: not yet */
    struct mt_python_frame *now; /* max_frames, innermost first */
    struct mt_python_kept *kept; /* max_frames, outermost first */
    /* Numbers of pages that can be read, by their lowest bits; those asked for last come first. */
    uint64_t page[MT_PYTHON_PAGES];
    struct mt_python_place place[MT_PYTHON_PLACES]; /* by code and instruction */
    struct mt_python_woven woven[MT_PYTHON_WOVEN];  /* by base and leaf */
    char function[MT_CODE_MAX_BYTES], file[MT_CODE_MAX_BYTES];
};

#endif
