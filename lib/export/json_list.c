/* SPDX-License-Identifier: MIT */
/* What memtrack list shows, as JSON, schema memtrack-list/1: ledgers of processes that run, ledgers
 * that were left behind, and profiles. */
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/format/format.h"

static json_t *bytes_of(int64_t bytes) {
    return json_integer(bytes < 0 ? 0 : bytes);
}

static json_t *listed_object(const struct mt_listed *item) {
    char start[MT_FORMAT_BYTES] = "", seen[MT_FORMAT_BYTES] = "";
    json_t *command = json_array();
    for (const char *const *word = item->command; word && *word; word++)
        json_array_append_new(command, mt_json_text(*word));
    if (item->start_time_ns)
        mt_format_rfc3339(start, item->start_time_ns);
    if (item->last_seen_ns)
        mt_format_rfc3339(seen, item->last_seen_ns);
    return json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
                     "pid", mt_json_number(item->pid), "state", item->state, "exe",
                     mt_json_text(item->exe), "command", command, "start_time", start, "age_ns",
                     mt_json_number(item->age_ns), "last_seen", seen, "live_bytes",
                     bytes_of(item->live_bytes), "peak_bytes", bytes_of(item->peak_bytes),
                     "total_blocks", mt_json_number(item->total_blocks), "ledger_bytes",
                     mt_json_number(item->ledger_bytes), "file", mt_json_text(item->path),
                     "attended", (int)item->is_attended, "problem", mt_json_text(item->why));
}

static json_t *listed_array(struct mt_export_listed list) {
    json_t *array = json_array();
    for (size_t i = 0; i < list.n; i++)
        json_array_append_new(array, listed_object(&list.items[i]));
    return array;
}

int mt_json_list(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    return mt_json_put_line(stream,
                            json_pack("{s:s, s:o, s:o, s:o}", "schema", "memtrack-list/1",
                                      "processes", listed_array(thing->list.running), "left",
                                      listed_array(thing->list.left), "profiles",
                                      listed_array(thing->list.profiles)),
                            error);
}
