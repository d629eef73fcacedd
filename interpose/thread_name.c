/* SPDX-License-Identifier: MIT */
/*
 * A thread is often named after its first allocation, by itself or by the one that made it; and
 * when it has ended nobody can ask the kernel any more. So the call that everybody names threads
 * with is passed on and listened to. (prctl is, in confine.c; a name that is written to /proc is
 * seen at the next look at the clock.)
 */
#include "interpose/thread_name.h"

#include "interpose/hook.h"
#include "track/tables/identities.h"

#include <errno.h>

void mt_thread_name_is(const char *name) {
    if (mt_self != NULL)
        mt_identities_rename(mt_self, name);
}

/* Returns what a thread has in mt_self. That lies as far from its thread pointer, which a pthread_t
 * is on x86-64, as ours does from ours. */
static struct mt_thread *memory_of(unsigned long thread) {
#if defined(__x86_64__)
    uint64_t mine;
    __asm__("mov %%fs:0, %0" : "=r"(mine));
    return *(struct mt_thread **)(thread + ((uint64_t)&mt_self - mine));
#else
    (void)thread;
    return NULL;
#endif
}

/* The thread's memory is read before the call, which reads it as well: the thread must not have
 * ended then, but may do so afterwards. */
MT_HOOK int pthread_setname_np(unsigned long thread, const char *name) {
    int (*next)(unsigned long, const char *) = MT_NEXT_CALL(pthread_setname_np);
    if (next == NULL)
        return ENOSYS;
    struct mt_thread *t = memory_of(thread);
    int result = next(thread, name);
    if (result == 0 && t != NULL)
        mt_identities_rename(t, name);
    return result;
}
