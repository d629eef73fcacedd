/* SPDX-License-Identifier: MIT */
/* A gzip stream written to a file descriptor; private to lib/profile. Not thread-safe. */
#ifndef MT_PROFILE_PPROF_DEFLATE_H
#define MT_PROFILE_PPROF_DEFLATE_H

#include <stddef.h>

#include "base/error.h"

struct mt_deflate;

/* Returns NULL when out of memory. fd stays the caller's. */
struct mt_deflate *mt_deflate_new(int fd);

/* Returns 0 or -MEMTRACK_EIO (then errno tells why). Output is buffered until mt_deflate_finish. */
int mt_deflate_add(struct mt_deflate *out, const void *data, size_t bytes);
int mt_deflate_finish(struct mt_deflate *out);
void mt_deflate_free(struct mt_deflate *out); /* NULL is fine */

#endif
