/* SPDX-License-Identifier: MIT */
/* What memtrack attach has switched, as JSON, schema memtrack-switch/1. */
#include "export/export-local.h"
#include "export/json-local.h"

int mt_json_switch(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    return mt_json_put_line(stream,
                            json_pack("{s:s, s:i, s:b, s:b}", "schema", "memtrack-switch/1", "pid",
                                      (int)thing->switched.pid, "was_recording",
                                      (int)thing->switched.was_on, "recording",
                                      (int)thing->switched.is_on),
                            error);
}
