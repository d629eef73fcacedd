/* SPDX-License-Identifier: MIT */
/* Whose some addresses are, as JSON, schema memtrack-whois/1. */
#include <inttypes.h>
#include <stdlib.h>

#include "export/export-local.h"
#include "export/json-local.h"

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

/* Returns an object with the stack, and with total_frames where it is cut. mt_json_put_stack wants a
 * stream, and this is a value: a path is short, so it goes through memory. */
static json_t *stack_object(const struct mt_rows *rows, const struct mt_row *row) {
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
    json_object_del(object, "x");
    free(text);
    return object;
}

static json_t *answer_object(const struct mt_rows *rows, const struct mt_whois_answer *answer) {
    json_t *path = answer->row ? stack_object(rows, answer->row) : json_pack("{s:[]}", "stack");
    json_t *object =
        json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
                  address_text(answer->address), "live", (int)answer->is_live, "block",
                  block_object(&answer->block), "offset",
                  mt_json_number(answer->is_live ? answer->address - answer->block.address : 0),
                  "allocated_after_ns", mt_json_number(answer->from_ns), "allocated_before_ns",
                  answer->to_ns == UINT64_MAX ? json_null() : mt_json_number(answer->to_ns),
                  "age_min_ns", mt_json_number(answer->age_from_ns), "age_max_ns",
                  mt_json_number(answer->age_to_ns), "thread", mt_json_text(answer->thread),
                  "domain", mt_json_text(answer->domain), "scope", mt_json_text(answer->scope),
                  "before", block_object(&answer->before), "after", block_object(&answer->after));
    bool done = object && path && json_object_update(object, path) == 0;
    json_decref(path);
    if (done)
        return object;
    json_decref(object);
    return NULL;
}

int mt_json_whois(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < thing->whois.n; i++)
        json_array_append_new(array, answer_object(thing->whois.rows, &thing->whois.answers[i]));
    return mt_json_put_line(stream,
                            json_pack("{s:s, s:o, s:o}", "schema", "memtrack-whois/1", "pid",
                                      mt_json_number(thing->whois.pid), "addresses", array),
                            error);
}
