/* SPDX-License-Identifier: MIT */
/*
 * Keys of the process lie in the ledger with their values, which are written over in place: a
 * program may set a key as often as it likes, and takes no more room than its longest texts. What
 * is written over is told by its sequence.
 *
 * A fork is what its parent is, and begins with a new ledger. So everything is kept in private
 * memory as well, which a fork inherits, and is written to the ledger when that begins.
 *
 *   private  ─► own[id] ──── copied at the start of a process ───►  ledger  ─► chunk[id]
 *   hash[id]: what a key is looked for by, one after the other; there are few
 */
#include "track/tables/metadata.h"

#include "base/pages.h"
#include "base/text.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "memtrack/error.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = MT_MAX_METADATA / MT_METADATA_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_metadata, MT_METADATA_PER_CHUNK, MT_EXTENT_METADATA, 64);

static struct mt_metadata *own[MAX_CHUNKS];
static uint32_t hashes[MT_MAX_METADATA];
static uint32_t n_own = 1; /* ids 1 .. n_own-1 */

static struct mt_metadata *own_at(uint32_t id) {
    return &own[id / MT_METADATA_PER_CHUNK][id % MT_METADATA_PER_CHUNK];
}

static uint32_t length(const char *text) {
    uint32_t n = 0;
    while (n < MT_NAME_MAX_BYTES && text[n])
        n++;
    return n;
}

static uint32_t hash_text(const char *text, uint32_t bytes) {
    uint32_t h = UINT32_C(2166136261);
    for (uint32_t i = 0; i < bytes; i++)
        h = (h ^ (uint8_t)text[i]) * UINT32_C(16777619);
    return h;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void copy(char *to, const char *from, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++)
        mt_store_relaxed(&to[i], from[i]); /* a reader may look on, and sees it in sequence */
}

/* Writes over what is there. Release: whoever sees a part of it sees that sequence is odd, and
 * whoever sees it even again sees all of it. */
static void write_over(struct mt_metadata *m, const char *key, uint32_t key_bytes,
                       const char *value, uint32_t value_bytes) {
    mt_store_relaxed(&m->sequence, m->sequence | 1);
    mt_fence_release();
    copy(m->key, key, key_bytes);
    copy(m->value, value, value_bytes);
    mt_store_relaxed(&m->key_bytes, key_bytes);
    mt_store_relaxed(&m->value_bytes, value_bytes);
    mt_store_release(&m->sequence, m->sequence + 1);
}

/* Writes one to the ledger. Returns false when there is no room, and when the fork came while a
 * thread of the parent was in the middle of it: its texts are half those of before. */
static bool publish(uint32_t id) {
    const struct mt_metadata *from = own_at(id);
    if (!mt_table_reserve(&mt_state.ledger, &table, id) || (from->sequence & 1) != 0)
        return false;
    write_over(mt_table_item(chunk, struct mt_metadata, MT_METADATA_PER_CHUNK, id), from->key,
               from->key_bytes, from->value, from->value_bytes);
    if (id >= mt_state.header->n_metadata)
        mt_store_release(&mt_state.header->n_metadata, id + 1); /* it is whole */
    return true;
}

static void drop(void) {
    mt_add_relaxed(&mt_state.header->dropped_own, 1); /* this count is read alone */
}

void mt_metadata_start(void) {
    mt_table_start(&table);
    mt_state.header->n_metadata = 1;
    for (uint32_t id = 1; id < n_own; id++)
        if (!publish(id))
            drop();
}

/* ---- setting --------------------------------------------------------------------------------- */

static uint32_t find(uint32_t h, const char *key, uint32_t bytes) {
    for (uint32_t id = 1; id < n_own; id++)
        if (hashes[id] == h && own_at(id)->key_bytes == bytes &&
            mt_text_same(own_at(id)->key, key, bytes))
            return id;
    return 0;
}

/* Returns a new place, not counted yet, or 0 when there is no room. */
static uint32_t new_place(uint32_t h) {
    uint32_t id = n_own;
    if (id >= MT_MAX_METADATA)
        return 0;
    struct mt_metadata **c = &own[id / MT_METADATA_PER_CHUNK];
    if (*c == NULL && (*c = mt_pages_new(sizeof **c * MT_METADATA_PER_CHUNK)) == NULL)
        return 0;
    hashes[id] = h;
    return id;
}

/* The caller has the lock. */
static int set(const char *key, const char *value) {
    uint32_t key_bytes = length(key), h = hash_text(key, key_bytes);
    uint32_t id = find(h, key, key_bytes);
    if (id == 0 && (id = new_place(h)) == 0)
        return -MEMTRACK_ELIMIT;
    write_over(own_at(id), key, key_bytes, value, length(value));
    if (id == n_own)
        n_own = id + 1;
    return publish(id) ? 0 : -MEMTRACK_ELIMIT;
}

int mt_metadata_set(const char *key, const char *value) {
    /* Relaxed: only this thread can have put its own token there. It is asked where there is no
     * event that keeps a signal handler out. */
    if (mt_load_relaxed(&mt_state.growth_lock.holder) == mt_lock_me())
        return -MEMTRACK_EBUSY;
    int rc = -MEMTRACK_ELIMIT;
    if (mt_state_lock_growth()) {
        rc = set(key, value);
        mt_state_unlock_growth();
    }
    if (rc != 0)
        drop();
    return rc;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_metadata_check(void) {
    uint32_t n = mt_state.header->n_metadata;
    const char *violation = n > 1 ? mt_writer_check_table(&table, n) : NULL;
    for (uint32_t id = 1; violation == NULL && id < n; id++) {
        const struct mt_metadata *m =
            mt_table_item(chunk, struct mt_metadata, MT_METADATA_PER_CHUNK, id);
        violation = mt_metadata_fault(m);
        MT_MUST(
            violation != NULL || m->sequence == 0 ||
                mt_state_once(find(hash_text(m->key, m->key_bytes), m->key, m->key_bytes) == id),
            "keys: one cannot be found, or is there twice");
    }
    return violation;
}
#endif
