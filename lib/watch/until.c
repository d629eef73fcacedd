/* SPDX-License-Identifier: MIT */
/*
 * The processes that run are told through their ledgers. Those that begin later know by themselves
 * (until in MEMTRACK_OPTIONS) and begin with recording off. A process of which no ticks are taken,
 * because there are so many, has its ledger opened for this alone.
 */
#include "watch/until.h"

#include <stdio.h>

#include "ledger/control.h"

static bool switch_off(const struct mt_ticker *ticker, const struct mt_ticker_track *track) {
    char file[128], path[4096];
    struct mt_ledger *ledger = track->ledger;
    if (!ledger) {
        mt_ledger_filename_format(&track->name, file, sizeof file);
        snprintf(path, sizeof path, "%s/%s", ticker->directory, file);
        if (mt_ledger_open(path, &ledger, NULL) != 0)
            return false; /* its header is being written */
    }
    bool is_done = mt_ledger_control_switch(ledger, false, NULL) == 0;
    if (ledger != track->ledger)
        mt_ledger_close(ledger);
    return is_done;
}

void mt_until_switch_off(struct mt_ticker *ticker) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        if (track->state == MT_TICKER_RUNNING && !track->is_switched_off)
            track->is_switched_off = switch_off(ticker, track);
    }
}
