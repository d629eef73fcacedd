/* SPDX-License-Identifier: MIT */
/* Seccomp: born under a filter, about to install one, or able to do so unseen. What is denied is in
 * base/os.h. */
#ifndef MT_TRACK_CONFINEMENT_H
#define MT_TRACK_CONFINEMENT_H

#include "base/os.h"

struct sock_fprog;

/* Denies the calls that a filter from before may not allow. To be called before anything else in a
 * program. */
MT_HIDDEN void mt_confinement_look(void);

/* Denies all system calls from here on, if the program can confine itself unseen. To be called when
 * recording has begun. */
MT_HIDDEN void mt_confinement_expect(void);

/* Looks whether an object that has been loaded later can do so, when a call path first leads
 * through it. start is its first byte. */
MT_HIDDEN void mt_confinement_look_at(uint64_t start, uint64_t bias);

/* Does what mt_confinement_expect does, if mt_confinement_look_at has found such an object. To be
 * called before an event. */
MT_HIDDEN void mt_confinement_expect_loaded(void);

/*
 * Is told that the calling thread is about to confine itself (filter NULL: to strict mode), and
 * sets aside first what will be needed. Not to be called inside an event, but in any context.
 * Returns what was denied before, for mt_confinement_failed.
 */
MT_HIDDEN uint64_t mt_confinement_begin(const struct sock_fprog *filter);

/* Is told that the kernel has refused to do it. */
MT_HIDDEN void mt_confinement_failed(uint64_t denied_before);

#endif
