/* SPDX-License-Identifier: MIT */
/*
 * --at: the moment that a view shows. "live" always means "not freed at that moment": at the end of
 * the recording, at the peak, or at a time of it. For a time the profile must hold a time axis
 * (ticks, and the sites that changed between two of them); the moment shown is then the last tick
 * not after it.
 */
#ifndef MT_VIEW_AT_H
#define MT_VIEW_AT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

struct mt_at {
    enum { MT_AT_END, MT_AT_PEAK, MT_AT_TIME } kind;
    uint64_t time_ns; /* MT_AT_TIME: since the start of the recording */
};

/* Reads "end", "peak", a duration ("1.5s", "300ms", "2m", a bare number being seconds), or a
 * clock since the start: "02:00" (minutes and seconds), "1:30:00.5". Returns false when it is
 * none of these. */
bool mt_at_parse(const char *text, struct mt_at *moment);

/* Overwrites the live columns: live_bytes[i] and live_blocks[i] become those of sample i at the
 * moment. Both arrays have profile->n_samples elements. Returns 0, -MEMTRACK_EUSAGE when the
 * profile cannot tell, or -MEMTRACK_ENOMEM. */
int mt_at_live(const struct mt_profile *profile, const struct mt_at *moment, int64_t *live_bytes,
               int64_t *live_blocks, struct mt_error *error);

/*
 * Says how well the profile knows a time: what is shown was recorded at *from_ns, and what changed
 * after that at *to_ns, the next moment that is kept (UINT64_MAX: nothing has changed since).
 * Returns false when nothing was recorded before the time, or the moment is not a time.
 */
bool mt_at_resolution(const struct mt_profile *profile, const struct mt_at *moment,
                      uint64_t *from_ns, uint64_t *to_ns);

#endif
