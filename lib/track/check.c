/* SPDX-License-Identifier: MIT */
/*
 * Calling the walkers where they cost least and see most: when sites have doubled, so that all of
 * it together costs a constant for each site that was ever made, and at the end. After an event
 * that a handler has left by longjmp an item may be there twice, or be missing in an index
 * (mt_state_once), and counts of what threads and scopes have may lack one; blocks, mappings and
 * all sums are looked at as ever.
 */
#include "track/check.h"

#ifdef MEMTRACK_CHECKS

#include "base/text.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/state.h"
#include "track/lines/records.h"
#include "track/live/live.h"
#include "track/mappings/ranges.h"
#include "track/scopes/calls.h"
#include "track/scopes/tallies.h"
#include "track/scopes/thread.h"
#include "track/scopes/totals.h"
#include "track/tables/banks.h"
#include "track/tables/codes.h"
#include "track/tables/identities.h"
#include "track/tables/metadata.h"
#include "track/tables/modules.h"
#include "track/tables/names.h"
#include "track/tables/paths.h"
#include "track/tables/sites.h"
#include "track/threads.h"

enum { FIRST = 256 };

/* Tells whether some event has not ended. Perhaps nobody will ever look at it again. */
static bool is_in_the_middle(void) {
    for (mt_bank_id id = 1; id < mt_state.header->n_banks; id++)
        if (mt_banks_at(id)->sequence & 1)
            return true;
    return false;
}

static const char *check_sums(void) {
    const struct mt_ledger_header *h = mt_state.header;
    int64_t sites = 0, banks = 0;
    for (mt_site_id id = 1; id < h->n_sites; id++)
        if (mt_sites_at(id)->at_peak.epoch >= h->control.clear_epoch)
            sites += mt_sites_at(id)->counters.live_bytes;
    for (mt_bank_id id = 1; id < h->n_banks; id++)
        if (mt_banks_at(id)->clear_epoch >= h->control.clear_epoch)
            banks += mt_banks_at(id)->counters.live_bytes;
    MT_MUST(sites == banks || mt_state.options.sample_bytes != 0,
            "sums: sites and banks hold different live bytes");
    return NULL;
}

static const char *check_still(void) {
    const char *violation = mt_live_check();
    if (violation == NULL)
        violation = mt_ranges_check();
    return violation != NULL ? violation : check_sums();
}

const char *mt_check_all(bool alone) {
    if (mt_state.is_copied)
        return NULL;
    bool was_left = mt_state.was_left;
    const char *violation = mt_writer_check(&mt_state.ledger);
    if (violation == NULL)
        violation = mt_paths_check();
    if (violation == NULL)
        violation = mt_names_check();
    if (violation == NULL)
        violation = mt_codes_check();
    if (violation == NULL)
        violation = mt_tallies_check();
    if (violation == NULL)
        violation = mt_metadata_check();
    if (violation == NULL)
        violation = mt_lines_records_check();
    if (violation == NULL)
        violation = mt_modules_check();
    if (violation == NULL)
        violation = mt_sites_check(alone);
    if (violation == NULL && !was_left)
        violation = mt_identities_check();
    if (violation == NULL)
        violation = mt_scopes_totals_check(alone && !was_left);
    if (violation == NULL)
        violation = mt_scopes_calls_check();
    if (violation == NULL)
        violation = mt_banks_check(alone);
    if (violation == NULL)
        violation = mt_threads_check();
    if (violation == NULL && mt_self != NULL)
        violation = mt_scopes_thread_check(mt_self);
    return violation == NULL && alone && !is_in_the_middle() ? check_still() : violation;
}

static void write_text(const char *text) {
    mt_os_call(SYS_write, 2, (long)text, (long)mt_text_bytes(text), 0, 0, 0);
}

void mt_check_now(bool alone) {
    const char *violation = mt_check_all(alone);
    if (violation == NULL)
        return;
    write_text("memtrack: ");
    write_text(violation);
    write_text("\n");
    __builtin_trap();
}

/* Outside of the lock a guess will do: whoever has the lock looks again. */
void mt_check_growth(void) {
    static uint32_t next = FIRST, of_process;
    if (mt_load_relaxed(&of_process) != (uint32_t)mt_state.pid) {
        mt_store_relaxed(&next, FIRST);
        mt_store_relaxed(&of_process, (uint32_t)mt_state.pid);
    }
    if (mt_load_relaxed(&mt_state.header->n_sites) < mt_load_relaxed(&next) ||
        !mt_state_lock_growth())
        return;
    if (mt_state.header->n_sites >= next) {
        mt_store_relaxed(&next, mt_state.header->n_sites * 2);
        mt_check_now(false);
    }
    mt_state_unlock_growth();
}

/* Other threads may be anywhere. One that will never run again may hold the lock: then nothing is
 * looked at. */
void mt_check_end(void) {
    if (mt_state_is_alone()) {
        mt_check_now(true);
    } else if (mt_lock_try(&mt_state.growth_lock, MT_RANK_GROWTH)) {
        mt_check_now(false);
        mt_state_unlock_growth();
    }
}

#endif
