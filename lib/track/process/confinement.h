/* SPDX-License-Identifier: MIT */
/* Seccomp: born under a filter, about to install one, or able to do so unseen. What is denied is in
 * base/os.h. */
#ifndef MT_TRACK_CONFINEMENT_H
#define MT_TRACK_CONFINEMENT_H

#include "base/os.h"

struct sock_fprog;

/* Before anything else in a program: deny what a filter from before may not like. */
MT_HIDDEN void mt_confinement_look(void);

/* When recording has begun: if the program can confine itself unseen, make no system call from here
 * on. */
MT_HIDDEN void mt_confinement_expect(void);

/* An object that has been loaded later, by its first byte, when a call path first leads through
 * it. */
MT_HIDDEN void mt_confinement_look_at(uint64_t start, uint64_t bias);

/* Before an event: the same for one of those. */
MT_HIDDEN void mt_confinement_expect_loaded(void);

/*
 * The calling thread is about to confine itself (filter NULL: to strict mode). What will be needed
 * is set aside first. Not inside an event. Returns what was denied before, for
 * mt_confinement_failed. Any context.
 */
MT_HIDDEN uint64_t mt_confinement_begin(const struct sock_fprog *filter);

/* The kernel has refused to do it. */
MT_HIDDEN void mt_confinement_failed(uint64_t denied_before);

#endif
