/* SPDX-License-Identifier: MIT */
/*
 * Ledger → profile: one sample per call path, allocating thread and size class, in which the
 * records that several threads keep about the same blocks are added up. The totals are the sums of
 * the samples, by construction.
 */
#ifndef MT_PROFILE_LEDGER_CONVERT_H
#define MT_PROFILE_LEDGER_CONVERT_H

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

/*
 * Reads everything that the ledger holds into a new profile (freed by mt_profile_free). Locations
 * are not symbolized; duration, exit status and ticks are left for the caller, who watched the
 * process. A ledger that is damaged, or in use by a running process, still gives a profile:
 * info.approximate is set and a note says why. Errors: EIO, ENOMEM, ELIMIT (call paths of more
 * frames in all than a profile may hold).
 */
int mt_ledger_convert(struct mt_ledger *ledger, struct mt_profile **out, struct mt_error *error);

/* This tells to which sample a record of the ledger went. Owned by the caller, see
 * mt_ledger_convert_map_free. */
struct mt_ledger_map {
    uint32_t *sample_of_record; /* UINT32_MAX: the record was not in use */
    size_t n_records;
    double *scale_of_sample; /* what sampling multiplied the sample's counts by; NULL: nothing was
                                sampled */
    size_t n_samples;
};

/* Does the same, and fills *map (when it is not NULL) for callers that followed single records
 * over time. */
int mt_ledger_convert_mapped(struct mt_ledger *ledger, struct mt_profile **out,
                             struct mt_ledger_map *map, struct mt_error *error);
void mt_ledger_convert_map_free(struct mt_ledger_map *map);

#endif
