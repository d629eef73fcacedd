/* SPDX-License-Identifier: MIT */
/* What every hook needs: where it returns to, and to be exported with a frame pointer. */
#ifndef MT_INTERPOSE_HOOK_H
#define MT_INTERPOSE_HOOK_H

#include "interpose/next.h"
#include "track/record.h"

#define MT_HOOK __attribute__((visibility("default")))

/* The state of the hook's caller after the hook returns: return address and saved rbp lie at the frame pointer. */
#if defined(__x86_64__)
#define MT_CALLER()                                                                                                    \
    ({                                                                                                                 \
        const uint64_t *frame_ = __builtin_frame_address(0);                                                           \
        (struct mt_frame_state){.pc = frame_[1], .sp = (uint64_t)(frame_ + 2), .bp = frame_[0]};                       \
    })
#else
#error "memtrack: say here where this architecture keeps return address and frame pointer"
#endif

/* Functions are resolved at the first call of any hook, which can come before our constructor. */
#define MT_RESOLVE()                                                                                                   \
    do {                                                                                                               \
        if (mt_unlikely(mt_next.malloc == NULL))                                                                       \
            mt_next_resolve();                                                                                         \
    } while (0)

#endif
