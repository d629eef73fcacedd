/* SPDX-License-Identifier: MIT */
/* What a profile of another tool does not tell. */
#ifndef MT_VIEW_SUMMARY_MISSING_H
#define MT_VIEW_SUMMARY_MISSING_H

#include "profile/profile.h"

/* Writes a sentence, "The file has no peak, no threads and no time axis.", into buffer, which has so
 * many bytes; "" when nothing is missing, and of memtrack's own profiles. Returns buffer. */
const char *mt_missing_text(const struct mt_profile *profile, char *buffer, size_t bytes);

/* What mt_missing_text needs at most. */
enum { MT_MISSING_BYTES = 192 };

#endif
