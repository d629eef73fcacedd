/* SPDX-License-Identifier: MIT */
/*
 * To find a ledger is to read the list of what a process has mapped, which is no work for every
 * look. A recorder maps its ledger before main, so a young process is asked often, and later one
 * that executes another program. To read the totals is two small reads.
 */
#include "watch/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/find.h"
#include "ledger/ledger.h"

#define NS_PER_MS    UINT64_C(1000000)
#define YOUNG_NS     (300 * NS_PER_MS)
#define FIND_NS      (50 * NS_PER_MS) /* of a young process */
#define FIND_LATE_NS (1000 * NS_PER_MS)

static void let_go(struct mt_recorded *recorded) {
    if (!recorded->ledger)
        return;
    mt_said_take(&recorded->said, recorded->ledger);
    mt_ledger_close(recorded->ledger);
    recorded->ledger = NULL;
}

static void find(struct mt_recorded *recorded, uint32_t pid) {
    struct mt_ledger *ledger = NULL;
    char *path = NULL;
    if (mt_find_mapped((pid_t)pid, &path) != 0)
        return; /* what was found before is read on: it may be ending */
    bool is_known = recorded->ledger && strcmp(path, mt_ledger_path(recorded->ledger)) == 0;
    if (!is_known && mt_ledger_open(path, &ledger, NULL) == 0) {
        let_go(recorded);
        recorded->ledger = ledger;
    }
    free(path);
}

void mt_recorded_read(struct mt_recorded *recorded, uint32_t pid, uint64_t found_ns,
                      uint64_t time_ns, struct mt_tick *tick) {
    struct mt_ledger_totals totals;
    if (time_ns >= recorded->next_ns) {
        find(recorded, pid);
        recorded->next_ns = time_ns + (time_ns < found_ns + YOUNG_NS ? FIND_NS : FIND_LATE_NS);
    }
    if (!recorded->ledger || mt_ledger_totals(recorded->ledger, &totals) != 0)
        return;
    tick->live_bytes = totals.live_bytes > 0 ? totals.live_bytes : 0;
    tick->total_blocks = totals.allocated_blocks;
}

void mt_recorded_forget(struct mt_recorded *recorded) {
    let_go(recorded);
    recorded->next_ns = 0;
}

void mt_recorded_free(struct mt_recorded *recorded) {
    mt_ledger_close(recorded->ledger);
    mt_said_free(&recorded->said);
    *recorded = (struct mt_recorded){0};
}
