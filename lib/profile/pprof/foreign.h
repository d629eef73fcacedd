/* SPDX-License-Identifier: MIT */
/* Files that are no profile, known by their first bytes; private to lib/profile. */
#ifndef MT_PROFILE_PPROF_FOREIGN_H
#define MT_PROFILE_PPROF_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* So many bytes from the beginning are enough to know each of these. */
enum { MT_FOREIGN_HEAD = 4096 };

/* Tells whose file it is. head has the first bytes of the file, unpacked, and all of them when
 * the file is shorter than MT_FOREIGN_HEAD. is_packed says that they were packed with gzip or
 * zstd. Returns 0 when it is nothing that is known; else -MEMTRACK_EFORMAT, and the error says
 * whose file it is and what would help. */
int mt_foreign_refuse(const uint8_t *head, size_t bytes, bool is_packed, const char *name,
                      struct mt_error *error);

#endif
