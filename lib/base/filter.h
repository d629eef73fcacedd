/* SPDX-License-Identifier: MIT */
/* What a seccomp filter will make of the recorder's system calls: asked of its text, before it is
 * in force. */
#ifndef MT_BASE_FILTER_H
#define MT_BASE_FILTER_H

#include "base/os.h"

struct sock_fprog;

/* Returns the calls that the filter does not plainly allow, as bits of mt_os_denied. A filter
 * that cannot be read or understood allows nothing. filter is the program's, as it is about to
 * give it to the kernel. Any context. */
MT_HIDDEN uint64_t mt_filter_denies(const struct sock_fprog *filter);

#endif
