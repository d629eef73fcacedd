/* SPDX-License-Identifier: MIT */
/*
 * Open addressing, linear probing. See index.h.
 *
 * A table is moved when 9 of 16 slots are taken, and has been when 10 are: 16 slots with each id.
 * Only where memory could not be had in time does it get fuller, and is then moved at once.
 *
 * A writer can leave anywhere by longjmp. Then a slot may be moved twice, an id that came meanwhile
 * may be missing in the new table (a second one like it is made), and a table that was about to be
 * given back is lost.
 */
#include "track/ground/index.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "track/ground/state.h"

enum { FIRST_BITS = 12, LAST_BITS = 29, HUGE_BITS = 20 };

static size_t table_bytes(uint32_t bits) {
    return sizeof(struct mt_index_table) + (sizeof(uint32_t) << bits);
}

static struct mt_index_table *new_table(uint32_t bits) {
    struct mt_index_table *t = bits <= LAST_BITS ? mt_pages_new(table_bytes(bits)) : NULL;
    if (t != NULL)
        t->bits = bits;
    if (t != NULL && bits >= HUGE_BITS)
        mt_pages_prefer_huge(t, table_bytes(bits)); /* since it is probed at random */
    return t;
}

/* Puts the id into the first free slot, and returns which one that is. */
static uint32_t put(struct mt_index_table *t, uint64_t hash, uint32_t id) {
    uint32_t i = mt_index_home(t, hash);
    while (t->slot[i] != 0)
        i = (i + 1) & ((1u << t->bits) - 1);
    /* Release: whoever finds the id sees what it stands for. */
    mt_store_release(&t->slot[i], mt_index_slot(hash, id));
    return i;
}

static void unmap(struct mt_index_table *t) {
    if (t != NULL)
        mt_pages_unmap(t, table_bytes(t->bits));
}

void mt_index_end(struct mt_index *x) {
    unmap(x->table);
    unmap(x->next != x->table ? x->next : NULL);
    unmap(x->former);
    *x = (struct mt_index){.table = NULL};
}

bool mt_index_start(struct mt_index *x, uint64_t (*hash_of)(uint32_t)) {
    mt_index_end(x);
    x->hash_of = hash_of;
    mt_store_release(&x->table, new_table(FIRST_BITS)); /* others may look for it already */
    return x->table != NULL;
}

/* ---- growing --------------------------------------------------------------------------------- */

/* Gives back a piece of the table that has been outgrown. The first page is cleared last, and not
 * all of it: it holds bits, which a late reader needs. */
static void give_back(struct mt_index *x) {
    struct mt_index_table *t = x->former;
    size_t bytes = table_bytes(t->bits), left = bytes - x->given_back;
    size_t piece = left < (size_t)MT_INDEX_PIECE ? left : (size_t)MT_INDEX_PIECE;
    mt_pages_discard((char *)t + x->given_back, piece);
    x->given_back += piece;
    if (x->given_back < bytes)
        return;
    for (uint32_t i = 0; i < (MT_OS_PAGE - sizeof *t) / sizeof(uint32_t); i++)
        mt_store_relaxed(&t->slot[i], 0); /* a reader takes it for a miss */
    x->former = NULL;
}

static void move_slots(struct mt_index *x, uint32_t end) {
    for (uint32_t i = x->n_moved; i < end; i++) {
        uint32_t id = x->table->slot[i] & ((1u << MT_INDEX_ID_BITS) - 1);
        if (id != 0)
            put(x->next, x->hash_of(id), id);
        mt_barrier();
        x->n_moved = i + 1;
    }
}

static void replace(struct mt_index *x) {
    struct mt_index_table *old = x->table;
    while (x->former != NULL)
        give_back(x);
    mt_store_release(&x->table, x->next); /* whoever sees it sees all its slots */
    mt_barrier();
    x->next = NULL;
    x->given_back = MT_OS_PAGE;
    mt_barrier();
    x->former = old;
}

static bool begin_moving(struct mt_index *x) {
    struct mt_index_table *t = new_table(x->table->bits + 1);
    x->n_moved = 0;
    mt_barrier();
    x->next = t;
    return t != NULL;
}

MT_NOINLINE static bool grow(struct mt_index *x) {
    uint32_t capacity = 1u << x->table->bits;
    if (x->next == NULL && !begin_moving(x))
        return x->used < capacity - 1;
    bool is_late = x->used >= capacity / 16 * 12; /* there was no memory before */
    uint32_t left = capacity - x->n_moved;
    move_slots(x, x->n_moved + (is_late || left < MT_INDEX_STEP ? left : MT_INDEX_STEP));
    if (x->n_moved == capacity)
        replace(x);
    return true;
}

bool mt_index_reserve(struct mt_index *x) {
    if (mt_unlikely(x->former != NULL))
        give_back(x);
    if (mt_unlikely(x->next == x->table)) /* replace was left between its two stores */
        x->next = NULL;
    return mt_likely(x->next == NULL && x->used < (1u << x->table->bits) / 16 * 9) || grow(x);
}

void mt_index_insert(struct mt_index *x, uint64_t hash, uint32_t id) {
    x->used++; /* this comes first: a count too high is safe, one too low would fill the table */
    mt_barrier();
    uint32_t i = put(x->table, hash, id);
    if (x->next != NULL && i < x->n_moved)
        put(x->next, hash, id);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
/* Tells whether a reader finds what is at place: it goes on from the id's home until it meets an
 * empty slot. */
static bool can_be_found(const struct mt_index_table *t, uint64_t hash, uint32_t place) {
    for (uint32_t i = mt_index_home(t, hash); i != place; i = (i + 1) & ((1u << t->bits) - 1))
        if (t->slot[i] == 0)
            return false;
    return true;
}

static const char *check_table(const struct mt_index *x, const struct mt_index_table *t,
                               uint32_t n_ids, uint32_t *used) {
    *used = 0;
    for (uint32_t i = 0; i < 1u << t->bits; i++) {
        uint32_t id = t->slot[i] & ((1u << MT_INDEX_ID_BITS) - 1);
        if (t->slot[i] == 0)
            continue;
        ++*used;
        MT_MUST(id != 0 && id < n_ids, "index: it has an id that is not there");
        MT_MUST(t->slot[i] == mt_index_slot(x->hash_of(id), id),
                "index: an id stands under another one's hash");
        MT_MUST(can_be_found(t, x->hash_of(id), i), "index: an id is where nobody looks");
    }
    MT_MUST(*used < 1u << t->bits, "index: it is full, and a search would not end");
    return NULL;
}

static bool has(const struct mt_index_table *t, uint64_t hash, uint32_t wanted) {
    uint32_t at = mt_index_home(t, hash), id;
    do
        id = mt_index_candidate(t, hash, &at);
    while (id != 0 && id != wanted);
    return id != 0;
}

/* Checks that everything below n_moved is in both tables, and nothing else in the new one. */
static const char *check_move(const struct mt_index *x, uint32_t n_ids) {
    uint32_t used, moved = 0;
    const char *violation = check_table(x, x->next, n_ids, &used);
    MT_MUST(violation == NULL, violation);
    for (uint32_t i = 0; i < x->n_moved; i++) {
        uint32_t id = x->table->slot[i] & ((1u << MT_INDEX_ID_BITS) - 1);
        MT_MUST(mt_state_once(id == 0 || has(x->next, x->hash_of(id), id)),
                "index: an id that was moved is not in the new table");
        moved += id != 0;
    }
    MT_MUST(mt_state_once(moved == used), "index: the new table has more than was moved");
    return NULL;
}

const char *mt_index_check(const struct mt_index *x, uint32_t n_ids) {
    uint32_t used;
    const char *violation = check_table(x, x->table, n_ids, &used);
    MT_MUST(violation == NULL, violation);
    MT_MUST(used == x->used || (used < x->used && mt_state.was_left),
            "index: it does not have as many ids as it says");
    return x->next != NULL && x->next != x->table ? check_move(x, n_ids) : NULL;
}
#endif
