/* SPDX-License-Identifier: MIT */
/*
 * Codes live in chunks of the ledger, their texts beside them; an index in private memory finds
 * them by hash. They are told apart by what they say of themselves, never by where they lie: code
 * objects die, and others come to lie at their addresses. The text of a file is kept once for the
 * codes that follow each other in it, as those of a module do.
 *
 * The index is made with the first code: in a program without an interpreter its 256 KiB would
 * count against the limits that are the program's.
 */
#include "track/tables/codes.h"

#include "base/pages.h"
#include "base/text.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/index.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = MT_MAX_CODES / MT_CODES_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_code, MT_CODES_PER_CHUNK, MT_EXTENT_CODES, 64);
static struct mt_index codes;

static struct mt_code *code_at(mt_code_id id) {
    return mt_table_item(chunk, struct mt_code, MT_CODES_PER_CHUNK, id);
}

static uint64_t add_text(uint64_t h, uint64_t text, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++)
        h = (h ^ ((const uint8_t *)text)[i]) * UINT64_C(0x100000001B3);
    return h;
}

static uint64_t hash(const struct mt_code *c) {
    uint64_t h = add_text(c->first_line, c->function, c->function_bytes);
    return mt_index_mix(add_text(h, c->file, c->file_bytes), c->function_bytes);
}

static uint64_t hash_of(uint32_t id) {
    return hash(code_at(id));
}

void mt_codes_start(void) {
    mt_table_start(&table);
    mt_state.header->n_codes = 1;
    mt_index_end(&codes);
}

static bool is_same_text(uint64_t a, uint32_t a_bytes, uint64_t b, uint32_t b_bytes) {
    return a_bytes == b_bytes && mt_text_same((const void *)a, (const void *)b, a_bytes);
}

static bool is_same_file(const struct mt_code *a, const struct mt_code *b) {
    return is_same_text(a->file, a->file_bytes, b->file, b->file_bytes);
}

static bool is_same(const struct mt_code *a, const struct mt_code *b) {
    return a->first_line == b->first_line &&
           is_same_text(a->function, a->function_bytes, b->function, b->function_bytes) &&
           is_same_file(a, b);
}

static mt_code_id find(uint64_t h, const struct mt_code *wanted) {
    const struct mt_index_table *index = mt_load_acquire(&codes.table); /* all its slots are seen */
    if (mt_unlikely(index == NULL))
        return 0;
    uint32_t at = mt_index_home(index, h);
    mt_code_id id;
    while ((id = mt_index_candidate(index, h, &at)) != 0)
        if (is_same(code_at(id), wanted))
            return id;
    return 0;
}

static uint64_t copy_text(uint64_t text, uint32_t bytes) {
    return mt_writer_put_text(&mt_state.ledger, (const char *)text, bytes);
}

/* Returns where the text of the file lies in the ledger, or 0 when there is no room. */
static uint64_t text_of_file(const struct mt_code *wanted, mt_code_id id) {
    const struct mt_code *before = id > 1 ? code_at(id - 1) : NULL;
    return before != NULL && is_same_file(before, wanted)
               ? before->file
               : copy_text(wanted->file, wanted->file_bytes);
}

static mt_code_id add(uint64_t h, struct mt_code code) {
    struct mt_ledger_header *header = mt_state.header;
    mt_code_id id = header->n_codes;
    if ((codes.table == NULL && !mt_index_start(&codes, hash_of)) || id >= MT_MAX_CODES ||
        !mt_table_reserve(&mt_state.ledger, &table, id) || !mt_index_reserve(&codes))
        return 0;
    code.file = text_of_file(&code, id);
    code.function = copy_text(code.function, code.function_bytes);
    if (code.file == 0 || code.function == 0)
        return 0;
    *code_at(id) = code;
    mt_store_release(&header->n_codes, id + 1); /* the code that it counts is whole */
    mt_index_insert(&codes, h, id);
    return id;
}

mt_code_id mt_codes_find(const struct mt_code *wanted) {
    uint64_t h = hash(wanted);
    mt_code_id id = find(h, wanted);
    if (mt_likely(id != 0) || !mt_state_lock_growth())
        return id;
    id = find(h, wanted);
    if (id == 0)
        id = add(h, *wanted);
    mt_state_unlock_growth();
    return id;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_codes_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation =
        limits.n_codes > 1 ? mt_writer_check_table(&table, limits.n_codes) : NULL;
    for (mt_code_id id = 1; violation == NULL && id < limits.n_codes; id++) {
        violation = mt_code_fault(code_at(id));
        MT_MUST(violation != NULL || mt_state_once(find(hash_of(id), code_at(id)) == id),
                "codes: one cannot be found, or is there twice");
    }
    return violation != NULL || codes.table == NULL ? violation
                                                    : mt_index_check(&codes, limits.n_codes);
}
#endif
