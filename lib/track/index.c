/* SPDX-License-Identifier: MIT */
/* Open addressing, linear probing, load at most 5/8, doubled when full. See index.h. */
#include "track/index.h"

#include "track/check.h"

enum { FIRST_BITS = 12, LAST_BITS = 29, HUGE_BITS = 20 };

static size_t table_bytes(uint32_t bits) {
    return sizeof(struct mt_index_table) + (sizeof(uint32_t) << bits);
}

static struct mt_index_table *new_table(uint32_t bits) {
    struct mt_index_table *t = bits <= LAST_BITS ? mt_os_private(table_bytes(bits)) : NULL;
    if (t != NULL)
        t->bits = bits;
    if (t != NULL && bits >= HUGE_BITS)
        mt_os_prefer_huge_pages(t, table_bytes(bits)); /* it is probed at random */
    return t;
}

static void put(struct mt_index_table *t, uint64_t hash, uint32_t id) {
    uint32_t i = mt_index_home(t, hash);
    while (t->slot[i] != 0)
        i = (i + 1) & ((1u << t->bits) - 1);
    mt_store_release(&t->slot[i], mt_index_slot(hash, id)); /* what the id stands for is whole */
}

bool mt_index_start(struct mt_index *x, uint64_t (*hash_of)(uint32_t)) {
    if (x->table != NULL)
        mt_os_unmap(x->table, table_bytes(x->table->bits));
    x->hash_of = hash_of;
    x->used = 0;
    x->table = new_table(FIRST_BITS);
    return x->table != NULL;
}

bool mt_index_reserve(struct mt_index *x) {
    struct mt_index_table *old = x->table;
    uint32_t capacity = 1u << old->bits;
    if (x->used < capacity / 8 * 5)
        return true;
    struct mt_index_table *t = new_table(old->bits + 1);
    if (t == NULL)
        return x->used < capacity - 1;
    for (uint32_t i = 0; i < capacity; i++)
        if (old->slot[i] != 0) {
            uint32_t id = old->slot[i] & ((1u << MT_INDEX_ID_BITS) - 1);
            put(t, x->hash_of(id), id);
        }
    mt_store_release(&x->table, t); /* with all its slots */
    mt_os_discard((char *)old + MT_OS_PAGE, table_bytes(old->bits) - MT_OS_PAGE);
    for (uint32_t i = 0; i < (MT_OS_PAGE - sizeof *old) / sizeof(uint32_t); i++)
        mt_store_relaxed(&old->slot[i], 0); /* the first page also holds bits, which must stay */
    return true;
}

void mt_index_insert(struct mt_index *x, uint64_t hash, uint32_t id) {
    x->used++; /* first: too many is safe, too few would fill the table */
    mt_barrier();
    put(x->table, hash, id);
}

/* ---- the walker ------------------------------------------------------------------------------------------------- */

#ifdef MEMTRACK_CHECKS
/* A reader goes from an id's home on until it meets an empty slot. */
static bool can_be_found(const struct mt_index_table *t, uint64_t hash, uint32_t place) {
    for (uint32_t i = mt_index_home(t, hash); i != place; i = (i + 1) & ((1u << t->bits) - 1))
        if (t->slot[i] == 0)
            return false;
    return true;
}

const char *mt_index_check(const struct mt_index *x, uint32_t n_ids) {
    const struct mt_index_table *t = x->table;
    uint32_t used = 0;
    for (uint32_t i = 0; i < 1u << t->bits; i++) {
        uint32_t id = t->slot[i] & ((1u << MT_INDEX_ID_BITS) - 1);
        if (t->slot[i] == 0)
            continue;
        used++;
        MT_MUST(id != 0 && id < n_ids, "index: it has an id that is not there");
        MT_MUST(t->slot[i] == mt_index_slot(x->hash_of(id), id), "index: an id stands under another one's hash");
        MT_MUST(can_be_found(t, x->hash_of(id), i), "index: an id is where nobody looks");
    }
    MT_MUST(used == x->used, "index: it does not have as many ids as it says");
    MT_MUST(used < 1u << t->bits, "index: it is full, and a search would not end");
    return NULL;
}
#endif
