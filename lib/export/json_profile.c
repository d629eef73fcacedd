/* SPDX-License-Identifier: MIT */
/* A profile as JSON is its report. */
#include "export/export-local.h"

int mt_json_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_export_profile *profile = &thing->profile;
    const struct mt_export report = {.what = MT_EXPORT_REPORT,
                                     .report = {profile->rows, profile->n, profile->processes}};
    return mt_json_report(stream, &report, error);
}
