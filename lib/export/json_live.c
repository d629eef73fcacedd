/* SPDX-License-Identifier: MIT */
/*
 * Small objects, built by jansson and written whole, a line each: a script that watches a process
 * reads line by line. As everywhere, a field that is not known is "" or 0, never absent.
 */
#include "export/json_live.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "export/json-local.h"
#include "view/format/format.h"

static int put_line(FILE *stream, json_t *object, struct mt_error *error) {
    if (!object)
        return mt_json_out_of_memory(error);
    bool written = json_dumpf(object, stream, MT_JSON_FLAGS) == 0 && fputc('\n', stream) != EOF;
    json_decref(object);
    return written ? mt_json_finish(stream, error)
                   : mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m");
}

static json_t *bytes_of(int64_t bytes) {
    return json_integer(bytes < 0 ? 0 : bytes);
}

/* ---- snapshot -------------------------------------------------------------------------------- */

int mt_json_snapshot(FILE *stream, const struct mt_profile *profile, const char *file,
                     struct mt_error *error) {
    const struct mt_profile_info *info = &profile->info;
    const struct mt_totals *totals = &info->totals;
    char taken[MT_FORMAT_BYTES];
    json_t *notes = json_array();
    mt_format_rfc3339(taken, mt_clock_ns(CLOCK_REALTIME));
    for (size_t i = 0; i < info->n_notes; i++)
        json_array_append_new(notes, mt_json_text(mt_profile_text(profile, info->notes[i])));
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:b, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:o}", "schema",
        "memtrack-snapshot/1", "file", mt_json_text(file), "time", taken, "process",
        mt_json_process(profile), "recording", mt_json_recording(profile), "running",
        (int)info->running, "totals", "live_bytes", mt_json_number(totals->live_bytes),
        "live_blocks", mt_json_number(totals->live_blocks), "peak_bytes",
        mt_json_number(totals->peak_bytes), "peak_blocks", mt_json_number(totals->peak_blocks),
        "total_bytes", mt_json_number(totals->total_bytes), "total_blocks",
        mt_json_number(totals->total_blocks), "notes", notes);
    return put_line(stream, object, error);
}

/* ---- list ------------------------------------------------------------------------------------ */

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

static json_t *listed_array(const struct mt_listed *items, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, listed_object(&items[i]));
    return array;
}

int mt_json_list(FILE *stream, const struct mt_listed *running, size_t n_running,
                 const struct mt_listed *left, size_t n_left, const struct mt_listed *profiles,
                 size_t n_profiles, struct mt_error *error) {
    return put_line(stream,
                    json_pack("{s:s, s:o, s:o, s:o}", "schema", "memtrack-list/1", "processes",
                              listed_array(running, n_running), "left", listed_array(left, n_left),
                              "profiles", listed_array(profiles, n_profiles)),
                    error);
}

int mt_json_verify(FILE *stream, const struct mt_verified *verified, struct mt_error *error) {
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:b, s:o}", "schema", "memtrack-verify/1", "pid",
                  mt_json_number(verified->pid), "file", mt_json_text(verified->file), "sound",
                  (int)(verified->n_faults == 0), "items", mt_json_number(verified->n_items),
                  "faults", mt_json_number(verified->n_faults), "blocks_counted",
                  (int)verified->is_counted, "first", mt_json_text(verified->first));
    return put_line(stream, object, error);
}

/* ---- whois ----------------------------------------------------------------------------------- */

static json_t *address_text(uint64_t address) {
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, address);
    return json_string(text);
}

static json_t *block_object(const struct mt_whois_block *block) {
    return block->address ? json_pack("{s:o, s:o}", "address", address_text(block->address),
                                      "bytes", mt_json_number(block->bytes))
                          : json_null();
}

/* ,"stack":[…] needs the stream of the rows; a path is short, so it goes through memory. */
static json_t *stack_array(const struct mt_rows *rows, const struct mt_row *row) {
    char *text = NULL;
    size_t bytes;
    struct mt_json_stacks stacks;
    FILE *memory = open_memstream(&text, &bytes);
    if (!memory)
        return NULL;
    bool done = mt_json_stacks_init(&stacks, memory, rows) && fputs("{\"x\":0", memory) >= 0 &&
                mt_json_put_stack(&stacks, row) && fputs("}", memory) >= 0;
    mt_json_stacks_free(&stacks);
    done = fclose(memory) == 0 && done;
    json_t *object = done ? json_loads(text, 0, NULL) : NULL;
    json_t *stack = json_incref(json_object_get(object, "stack"));
    json_decref(object);
    free(text);
    return stack;
}

static json_t *answer_object(const struct mt_rows *rows, const struct mt_whois_answer *answer) {
    json_t *stack = answer->row ? stack_array(rows, answer->row) : json_array();
    return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "address", address_text(answer->address), "live", (int)answer->is_live,
                     "block", block_object(&answer->block), "offset",
                     mt_json_number(answer->is_live ? answer->address - answer->block.address : 0),
                     "allocated_after_ns", mt_json_number(answer->from_ns), "allocated_before_ns",
                     answer->to_ns == UINT64_MAX ? json_null() : mt_json_number(answer->to_ns),
                     "age_min_ns", mt_json_number(answer->age_from_ns), "age_max_ns",
                     mt_json_number(answer->age_to_ns), "thread", mt_json_text(answer->thread),
                     "domain", mt_json_text(answer->domain), "scope", mt_json_text(answer->scope),
                     "before", block_object(&answer->before), "after", block_object(&answer->after),
                     "stack", stack);
}

int mt_json_whois(FILE *stream, uint32_t pid, const struct mt_rows *rows,
                  const struct mt_whois_answer *answers, size_t n, struct mt_error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, answer_object(rows, &answers[i]));
    return put_line(stream,
                    json_pack("{s:s, s:o, s:o}", "schema", "memtrack-whois/1", "pid",
                              mt_json_number(pid), "addresses", array),
                    error);
}

/* ---- attach and detach ----------------------------------------------------------------------- */

int mt_json_switch(FILE *stream, uint32_t pid, bool was_recording, bool is_recording,
                   struct mt_error *error) {
    json_t *object =
        json_pack("{s:s, s:o, s:b, s:b}", "schema", "memtrack-switch/1", "pid", mt_json_number(pid),
                  "was_recording", (int)was_recording, "recording", (int)is_recording);
    return put_line(stream, object, error);
}
