/* SPDX-License-Identifier: MIT */
/* See thread.h. */
#include "track/thread/thread.h"

__thread struct mt_thread *mt_self __attribute__((tls_model("initial-exec")));
__thread uint64_t mt_thread_registering __attribute__((tls_model("initial-exec")));

uint64_t mt_thread_inside(void) {
    const struct mt_thread *t = mt_self;
    return t != NULL && mt_thread_is_busy(t) ? t->seen & ~MT_SEEN_BUSY : mt_thread_registering;
}
