/* SPDX-License-Identifier: MIT */
/* A snapshot as JSON, schema memtrack-snapshot/1: a line, since a script that watches a process
 * reads line by line. */
#include "base/clock.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/format/format.h"

int mt_json_snapshot(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_profile *profile = thing->snapshot.profile;
    const struct mt_profile_info *info = &profile->info;
    const struct mt_totals *totals = &info->totals;
    char taken[MT_FORMAT_BYTES];
    json_t *notes = json_array();
    mt_format_rfc3339(taken, mt_clock_ns(CLOCK_REALTIME));
    for (size_t i = 0; i < info->n_notes; i++)
        json_array_append_new(notes, mt_json_text(mt_profile_text(profile, info->notes[i])));
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:b, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:o}", "schema",
        "memtrack-snapshot/1", "file", mt_json_text(thing->snapshot.file), "time", taken, "process",
        mt_json_process(profile), "recording", mt_json_recording(profile), "running",
        (int)info->running, "totals", "live_bytes", mt_json_number(totals->live_bytes),
        "live_blocks", mt_json_number(totals->live_blocks), "peak_bytes",
        mt_json_number(totals->peak_bytes), "peak_blocks", mt_json_number(totals->peak_blocks),
        "total_bytes", mt_json_number(totals->total_bytes), "total_blocks",
        mt_json_number(totals->total_blocks), "notes", notes);
    return mt_json_put_line(stream, object, error);
}
