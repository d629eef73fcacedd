/* SPDX-License-Identifier: MIT */
/* What memtrack list --verify found in a ledger, as JSON, schema memtrack-verify/1. */
#include "export/export-local.h"
#include "export/json-local.h"

int mt_json_verify(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_verified *verified = thing->verified;
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:b, s:o}", "schema", "memtrack-verify/1", "pid",
                  mt_json_number(verified->pid), "file", mt_json_text(verified->file), "sound",
                  (int)(verified->n_faults == 0), "items", mt_json_number(verified->n_items),
                  "faults", mt_json_number(verified->n_faults), "blocks_counted",
                  (int)verified->is_counted, "first", mt_json_text(verified->first));
    return mt_json_put_line(stream, object, error);
}
