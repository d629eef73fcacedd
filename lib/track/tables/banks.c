/* SPDX-License-Identifier: MIT */
/* See banks.h. Each lies in cache lines of its own: one thread writes it, at every event. */
#include "track/tables/banks.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = MT_MAX_BANKS / MT_BANKS_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_bank, MT_BANKS_PER_CHUNK, MT_EXTENT_BANKS, 128);

void mt_banks_start(void) {
    mt_table_start(&table);
}

bool mt_banks_reserve(mt_bank_id id) {
    return mt_table_reserve(&mt_state.ledger, &table, id);
}

struct mt_bank *mt_banks_at(mt_bank_id id) {
    return mt_table_item(chunk, struct mt_bank, MT_BANKS_PER_CHUNK, id);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_banks_check(bool alone) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation =
        limits.n_banks > 1 ? mt_writer_check_table(&table, limits.n_banks) : NULL;
    for (mt_bank_id id = 1; alone && violation == NULL && id < limits.n_banks; id++)
        violation = mt_bank_fault(mt_banks_at(id), &limits);
    return violation;
}
#endif
