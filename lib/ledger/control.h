/* SPDX-License-Identifier: MIT */
/*
 * What readers tell the process that writes a ledger: to record or not, and what time it is. The
 * file is opened for writing as often as it must be. A struct mt_ledger may be used by one thread
 * at a time.
 */
#ifndef MT_LEDGER_CONTROL_H
#define MT_LEDGER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"

/* Lets the process record allocations from now on, or not. Takes effect at the next event of
 * each thread. Returns 0 or -MEMTRACK_EIO. */
int mt_ledger_control_switch(struct mt_ledger *ledger, bool on, struct mt_error *error);

/* Tells the process the time, at each tick of a reader that watches it: what is allocated from
 * now on was allocated after this (CLOCK_MONOTONIC). Writes only when a new era has begun.
 * Returns 0 or -MEMTRACK_EIO. */
int mt_ledger_control_store_era(struct mt_ledger *ledger, uint64_t monotonic_ns);

/* For cut.c: the file once more, open for writing; its descriptor, or -MEMTRACK_EIO. */
int mt_ledger_control_open(const struct mt_ledger *ledger, struct mt_error *error);
/* A read or write of it has failed, as errno says: -MEMTRACK_EIO. */
int mt_ledger_control_failed(const struct mt_ledger *ledger, struct mt_error *error);

#endif
