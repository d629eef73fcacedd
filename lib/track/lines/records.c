/* SPDX-License-Identifier: MIT */
/*
 * A record is written by one thread, as those of scopes are; a table and an index hold them. The
 * index is made with the first record, since only a program whose lines are asked for has any.
 *
 * What the process holds is exact with one thread. With several it is what they have published, and
 * this thread's own, as the process's peak is.
 */
#include "track/lines/records.h"

#include "base/pages.h"
#include "ledger/writer/check.h"
#include "track/ground/index.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = 16384 };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_line_record, MT_LINES_PER_CHUNK, MT_EXTENT_LINES, 64);
static struct mt_index records;

static struct mt_line_record *record_at(uint32_t id) {
    return mt_table_item(chunk, struct mt_line_record, MT_LINES_PER_CHUNK, id);
}

static uint64_t hash(mt_node_id node, uint32_t bank, bool is_step) {
    return mt_index_mix((uint64_t)node << 32 | bank, is_step);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_line_record *r = record_at(id);
    return hash(r->node, r->bank, r->is_step != 0);
}

void mt_lines_records_start(void) {
    mt_table_start(&table);
    mt_state.header->n_lines = 1;
    mt_index_end(&records);
}

static struct mt_line_record *find(uint64_t h, const struct mt_thread *t, mt_node_id node,
                                   bool is_step) {
    const struct mt_index_table *index = mt_load_acquire(&records.table); /* its slots are seen */
    if (index == NULL)
        return NULL;
    uint32_t at = mt_index_home(index, h), id;
    while ((id = mt_index_candidate(index, h, &at)) != 0) {
        struct mt_line_record *r = record_at(id);
        if (r->node == node && r->bank == t->bank_id && (r->is_step != 0) == is_step)
            return r;
    }
    return NULL;
}

static struct mt_line_record *add(uint64_t h, const struct mt_thread *t, mt_node_id node,
                                  bool is_step) {
    struct mt_ledger_header *header = mt_state.header;
    uint32_t id = header->n_lines;
    if ((records.table == NULL && !mt_index_start(&records, hash_of)) ||
        !mt_table_reserve(&mt_state.ledger, &table, id) || !mt_index_reserve(&records))
        return NULL;
    struct mt_line_record *r = record_at(id);
    r->node = node;
    r->bank = (uint16_t)t->bank_id;
    r->is_step = is_step;
    r->high_bytes = INT64_MIN;
    mt_store_release(&header->n_lines, id + 1); /* the record that it counts is whole */
    mt_index_insert(&records, h, id);
    return r;
}

struct mt_line_record *mt_lines_records_of(struct mt_thread *t, mt_node_id node, bool is_step) {
    uint64_t h = hash(node, t->bank_id, is_step);
    struct mt_line_record *r = find(h, t, node, is_step);
    if (r == NULL && mt_state_lock_growth()) {
        r = add(h, t, node, is_step); /* no other thread adds records of this bank */
        mt_state_unlock_growth();
    }
    if (r != NULL)
        mt_lines_records_renew(t, r);
    else
        mt_add_relaxed(&mt_state.header->dropped_lines, 1); /* this count is read alone */
    return r;
}

void mt_lines_records_renew(const struct mt_thread *t, struct mt_line_record *r) {
    if (mt_likely(r->clear_epoch == t->clear_epoch))
        return;
    r->changed = (struct mt_counters){0};
    r->high_bytes = INT64_MIN;
    r->after_ns = r->hits = r->time_ns = 0;
    mt_store_release(&r->clear_epoch, t->clear_epoch); /* what a reader counts is of after it */
}

static int64_t held(const struct mt_thread *t) {
    int64_t live = t->bank->counters.live_bytes;
    /* Relaxed: other threads change it meanwhile in any case. */
    return t->shared ? mt_load_relaxed(&t->control->current_bytes) + live - t->bank->published_bytes
                     : live;
}

void mt_lines_records_note(const struct mt_thread *t, struct mt_line_record *r, int64_t change,
                           uint64_t now_ns) {
    int64_t after = held(t), before = after - change, high = after > before ? after : before;
    if (high > r->high_bytes)
        r->high_bytes = high;
    r->after_bytes = after;
    r->after_ns = now_ns - mt_state.header->start_monotonic_ns;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_lines_records_check(void) {
    uint32_t n = mt_state.header->n_lines;
    const char *violation = n > 1 ? mt_writer_check_table(&table, n) : NULL;
    for (uint32_t id = 1; violation == NULL && id < n; id++)
        if (record_at(id)->node >= mt_state.header->n_nodes || record_at(id)->bank == 0)
            violation = "lines: a record is of no call path, or of no thread";
    return violation != NULL || records.table == NULL ? violation : mt_index_check(&records, n);
}
#endif
