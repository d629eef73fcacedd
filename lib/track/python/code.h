/* SPDX-License-Identifier: MIT */
/* A code object of CPython: whether it is one, what its source calls it, and its lines. Owner
 * thread only, inside of an event. */
#ifndef MT_TRACK_PYTHON_CODE_H
#define MT_TRACK_PYTHON_CODE_H

#include "track/process/python.h"
#include "track/python/memory.h"

/*
 * Returns where an instruction (as in struct mt_python_frame) of a code is in the source: the
 * address of a node; 0 when the frame is not complete, and is nowhere yet; MT_NODE_UNREAD when it
 * cannot be told. What has been found once is found again without reading much.
 */
MT_HIDDEN uint64_t mt_python_code_place(struct mt_python_part *p, uint64_t code,
                                        uint64_t instruction);

/*
 * Returns a word that tells a code from one that comes to lie at its address after it: its version,
 * from 3.12 on. 3.11 has none, so there it is what the object holds and where its texts lie: as
 * long as the thread makes no code between two events whose frame, instruction, texts and table of
 * lines come to lie where those of the former were, that is enough. (Compiling makes events.) The
 * code has been read before.
 */
static inline uint64_t mt_python_code_identity(uint64_t code) {
    const struct mt_python_layout *at = &mt_python.at;
    uint32_t version = at->code.version != 0 ? mt_python_memory_int(code + at->code.version) : 0;
    if (mt_likely(version != 0))
        return version;
    uint64_t lines = mt_python_memory_word(code + at->code.lines);
    uint64_t h = mt_python_memory_word(code + at->code.function) * UINT64_C(0x9E3779B97F4A7C15) ^
                 mt_python_memory_word(code + at->code.file) * UINT64_C(0xC2B2AE3D27D4EB4F) ^
                 lines * UINT64_C(0xBF58476D1CE4E5B9);
    return (h ^ mt_python_memory_int(code + at->code.first_line)) | UINT64_C(1) << 63;
}

#endif
