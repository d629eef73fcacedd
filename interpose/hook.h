/* SPDX-License-Identifier: MIT */
/* What every hook needs: where it returns to, and to be exported with a frame pointer. */
#ifndef MT_INTERPOSE_HOOK_H
#define MT_INTERPOSE_HOOK_H

#include "interpose/next.h"
#include "track/record.h"

#define MT_HOOK __attribute__((visibility("default")))

/* The hook's frame, from which the state of its caller follows: see struct mt_hook_frame. */
#define MT_CALLER() ((const struct mt_hook_frame *)__builtin_frame_address(0))

/* Functions are resolved at the first call of any hook, which can come before our constructor. */
#define MT_RESOLVE()                                                                               \
    do {                                                                                           \
        if (mt_unlikely(mt_next.malloc == NULL))                                                   \
            mt_next_resolve();                                                                     \
    } while (0)

#endif
