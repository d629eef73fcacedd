/* SPDX-License-Identifier: MIT */
/* What the writers of all formats ask of a profile that is exported. */
#include "export/profile.h"

#include "view/rows/rows.h"

bool mt_export_profile_is_part(const struct mt_export_profile *profile) {
    return mt_rows_is_filtered(profile->rows) || profile->n ||
           mt_rows_options(profile->rows)->at.kind != MT_AT_END;
}

enum mt_value mt_export_profile_column(const struct mt_export_profile *profile) {
    enum mt_value sort = mt_rows_options(profile->rows)->sort;
    return mt_rows_has(profile->rows, sort) ? sort : MT_VALUE_LIVE_BYTES;
}

size_t mt_export_profile_rows(const struct mt_export_profile *profile) {
    size_t n = mt_rows_count(profile->rows);
    return profile->n && profile->n < n ? profile->n : n;
}
