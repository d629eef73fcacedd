/* SPDX-License-Identifier: MIT */
#include "view/rows/missing.h"

#include <inttypes.h>
#include <stdio.h>

#include "profile/profile.h"

const char *mt_rows_missing_text(char out[MT_ROWS_MISSING_BYTES], uint32_t missing,
                                 const char *ellipsis) {
    int n = snprintf(out, MT_ROWS_MISSING_BYTES, "[truncated]");
    if (missing)
        snprintf(out + n, MT_ROWS_MISSING_BYTES - (size_t)n, " %s %s%" PRIu32 " more frame%s",
                 ellipsis, missing < MT_PROFILE_MISSING_ROUNDED ? "" : "at least ", missing,
                 missing == 1 ? "" : "s");
    return out;
}
