/* SPDX-License-Identifier: MIT */
/*
 * The kernel keeps the peak of a process, and nobody that of a sum: this is known at the ticks
 * alone. So a spike between two ticks is in the one and not in the other, which is never the less.
 */
#include "profile/resident.h"

uint64_t mt_resident_peak(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    uint64_t most = info->peak_rss_bytes;
    for (size_t i = 0; i < info->n_ticks; i++)
        most = info->ticks[i].rss_bytes > most ? info->ticks[i].rss_bytes : most;
    return most;
}
