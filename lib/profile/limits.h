/* SPDX-License-Identifier: MIT */
/* What a profile that is being read may cost; private to lib/profile. */
#ifndef MT_PROFILE_LIMITS_H
#define MT_PROFILE_LIMITS_H

#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Returns 0, or -MEMTRACK_ELIMIT with a message when the profile as far as it has been read, beside
 * its frames, and extra_bytes of what only the reader keeps are more than 128 MiB and 64 times what
 * was read from the file. name is the file's. */
int mt_limits_memory(const struct mt_profile *profile, uint64_t extra_bytes,
                     const struct mt_inflate *in, const char *name, struct mt_error *error);

#endif
