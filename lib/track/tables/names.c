/* SPDX-License-Identifier: MIT */
/*
 * Names live in chunks of the ledger, their texts beside them; an index in private memory finds
 * them by hash. Each thread remembers by address which text it has met where, and compares it: the
 * usual name is a literal, but nobody promises that. What it remembers of functions it forgets when
 * code is unloaded, since their addresses may then be those of other functions: a function is its
 * address in its module.
 */
#include "track/tables/names.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/index.h"
#include "track/ground/state.h"
#include "unwind/rules.h"

enum { MAX_CHUNKS = MT_MAX_NAMES / MT_NAMES_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_name, MT_NAMES_PER_CHUNK, MT_EXTENT_NAMES, 64);
static struct mt_index names;

static struct mt_name *name_at(mt_name_id id) {
    return mt_table_item(chunk, struct mt_name, MT_NAMES_PER_CHUNK, id);
}

static uint64_t hash_text(const char *text, uint32_t bytes) {
    uint64_t h = bytes;
    for (uint32_t i = 0; i < bytes; i++)
        h = (h ^ (uint8_t)text[i]) * UINT64_C(0x100000001B3);
    return mt_index_mix(h, bytes);
}

static uint64_t hash_function(uint64_t address) {
    return mt_index_mix(address, UINT64_MAX);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_name *n = name_at(id);
    return n->text != 0 ? hash_text((const char *)n->text, n->bytes) : hash_function(n->address);
}

bool mt_names_start(void) {
    mt_table_start(&table);
    mt_state.header->n_names = 1;
    return mt_index_start(&names, hash_of);
}

void mt_names_forget(struct mt_names_part *part) {
    for (uint32_t i = 0; i < 1 << MT_KNOWN_NAMES_BITS; i++)
        part->known[i].address = 0;
}

static uint32_t length(const char *text) {
    uint32_t n = 0;
    while (n < MT_NAME_MAX_BYTES && text[n])
        n++;
    return n;
}

static bool is_same(const struct mt_name *name, const struct mt_name *wanted) {
    if (wanted->text == 0 || name->text == 0)
        return name->text == wanted->text && name->address == wanted->address &&
               name->module == wanted->module;
    const char *a = (const char *)name->text, *b = (const char *)wanted->text;
    if (name->bytes != wanted->bytes)
        return false;
    for (uint32_t i = 0; i < wanted->bytes; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static mt_name_id find(uint64_t hash, const struct mt_name *wanted) {
    const struct mt_index_table *index = mt_load_acquire(&names.table); /* all its slots are seen */
    uint32_t at = mt_index_home(index, hash);
    mt_name_id id;
    while ((id = mt_index_candidate(index, hash, &at)) != 0)
        if (is_same(name_at(id), wanted))
            return id;
    return 0;
}

static mt_name_id add(uint64_t hash, struct mt_name name) {
    struct mt_ledger_header *h = mt_state.header;
    mt_name_id id = h->n_names;
    if (!mt_table_reserve(&mt_state.ledger, &table, id) || !mt_index_reserve(&names))
        return 0;
    if (name.text != 0 && (name.text = mt_writer_put_text(&mt_state.ledger, (const char *)name.text,
                                                          name.bytes)) == 0)
        return 0;
    *name_at(id) = name;
    mt_store_release(&h->n_names, id + 1); /* the name that it counts is whole */
    mt_index_insert(&names, hash, id);
    return id;
}

static mt_name_id find_or_add(uint64_t hash, const struct mt_name *wanted) {
    mt_name_id id = find(hash, wanted);
    if (mt_likely(id != 0) || !mt_state_lock_growth())
        return id;
    id = find(hash, wanted);
    if (id == 0)
        id = add(hash, *wanted);
    mt_state_unlock_growth();
    return id;
}

MT_NOINLINE bool mt_names_is_same_text(const char *a, const char *b, uint32_t n) {
    const uint32_t word = sizeof(uint32_t);
    if (n >= word && n <= 2 * word && mt_names_is_on_page(a, n))
        return MT_NAMES_WORD(uint32_t, a) == MT_NAMES_WORD(uint32_t, b) &&
               MT_NAMES_WORD(uint32_t, a + n - word) == MT_NAMES_WORD(uint32_t, b + n - word);
    uint32_t i = 0; /* nothing is read behind the first byte that differs */
    while (i < n && a[i] == b[i])
        i++;
    return i == n;
}

MT_NOINLINE mt_name_id mt_names_learn_text(struct mt_names_part *part, const char *text) {
    struct mt_name wanted = {.text = (uint64_t)text, .bytes = length(text)};
    mt_name_id id = find_or_add(hash_text(text, wanted.bytes), &wanted);
    if (id != 0)
        *mt_names_known(part, (uint64_t)text) =
            (struct mt_known_name){.address = (uint64_t)text,
                                   .text = (const char *)name_at(id)->text,
                                   .bytes = wanted.bytes + (wanted.bytes < MT_NAME_MAX_BYTES),
                                   .name = id};
    return id;
}

MT_NOINLINE mt_name_id mt_names_learn_function(struct mt_names_part *part, uint64_t address) {
    struct mt_name wanted = {.address = address,
                             .module = mt_rule_module(mt_rules_find(address + 1))};
    mt_name_id id = find_or_add(hash_function(address), &wanted);
    if (id != 0)
        *mt_names_known(part, address) =
            (struct mt_known_name){.address = address | UINT64_C(1) << 63, .name = id};
    return id;
}

/* ---- by id ----------------------------------------------------------------------------------- */

const char *mt_names_text(mt_name_id name) {
    const struct mt_name *n = mt_table_find(chunk, struct mt_name, MT_NAMES_PER_CHUNK, name);
    return n != NULL && n->text != 0 ? (const char *)n->text : "";
}

uint64_t mt_names_function(mt_name_id name) {
    const struct mt_name *n = mt_table_find(chunk, struct mt_name, MT_NAMES_PER_CHUNK, name);
    return n != NULL && n->text == 0 ? n->address : 0;
}

/* There are no scopes to be forgotten before there is a name. */
uint64_t mt_names_reset_epoch(mt_name_id group) {
    struct mt_name *n = mt_table_find(chunk, struct mt_name, MT_NAMES_PER_CHUNK, group);
    return n != NULL ? mt_load_acquire(&n->reset_epoch) : 0; /* see next_epoch in totals.c */
}

void mt_names_set_reset_epoch(mt_name_id group, uint64_t epoch) {
    struct mt_name *n = mt_table_find(chunk, struct mt_name, MT_NAMES_PER_CHUNK, group);
    if (n != NULL)
        mt_store_release(&n->reset_epoch, epoch); /* likewise */
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_names_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation =
        limits.n_names > 1 ? mt_writer_check_table(&table, limits.n_names) : NULL;
    for (mt_name_id id = 1; violation == NULL && id < limits.n_names; id++) {
        violation = mt_name_fault(name_at(id), &limits);
        MT_MUST(violation != NULL || mt_state_once(find(hash_of(id), name_at(id)) == id),
                "names: one cannot be found, or is there twice");
    }
    return violation != NULL ? violation : mt_index_check(&names, limits.n_names);
}
#endif
