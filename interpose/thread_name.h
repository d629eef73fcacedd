/* SPDX-License-Identifier: MIT */
/* What threads are called, when they are called something else. */
#ifndef MT_INTERPOSE_THREAD_NAME_H
#define MT_INTERPOSE_THREAD_NAME_H

#include "base/os.h"

/* Is told that the kernel has taken this name for the calling thread (PR_SET_NAME). */
MT_HIDDEN void mt_thread_name_is(const char *name);

#endif
