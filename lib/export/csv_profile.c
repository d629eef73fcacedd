/* SPDX-License-Identifier: MIT */
/* A profile as CSV is the table of its report. */
#include "export/export-local.h"

int mt_csv_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_export_profile *profile = &thing->profile;
    const struct mt_export report = {.what = MT_EXPORT_REPORT,
                                     .report = {profile->rows, profile->n, profile->processes}};
    return mt_csv_report(stream, &report, error);
}
