/* SPDX-License-Identifier: MIT */
/* Where a hook was called from. */
#ifndef MT_TRACK_HOOK_FRAME_H
#define MT_TRACK_HOOK_FRAME_H

#include <stdint.h>

/*
 * What lies at the frame pointer of a hook, on x86-64 and (AAPCS64 frame record) on aarch64 alike.
 * It is passed as a pointer and read word by word: a struct copied with wide loads right after
 * narrow stores stalls the store buffer.
 */
struct mt_hook_frame {
    uint64_t caller_bp;
    uint64_t return_address;
    uint64_t caller_stack[]; /* the caller's stack pointer after the return, on x86-64 */
};

#endif
