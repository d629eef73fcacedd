/* SPDX-License-Identifier: MIT */
/*
 * What a server shows: a process that it watches, or a profile that was made before. The process is
 * only read, as memtrack top does: it is not stopped, and gets no signal. By one thread, which is not
 * kept waiting: what takes long is done by a worker.
 */
#ifndef MT_SERVE_SERVED_H
#define MT_SERVE_SERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "export/export.h"
#include "profile/profile.h"
#include "serve/snapshot.h"
#include "serve/worker.h"
#include "view/symbols/symbols.h"

struct mt_served_options {
    uint64_t interval_ns; /* between ticks, at first */
    struct mt_symbols_options symbols;
    struct mt_snapshot_about about; /* of a profile; patterns are stored in those of a process */
};

struct mt_served; /* opaque */

/* Begins to watch a process, and takes a first snapshot of it. Texts of the options must outlive
 * it. Errors: those of mt_ledger_live_profile; -MEMTRACK_ENOTFOUND when it ends meanwhile. */
int mt_served_process(pid_t pid, const struct mt_served_options *options, struct mt_served **out,
                      struct mt_error *error);
/* Shows a profile that has its names, and takes it, also when this fails. */
int mt_served_profile(struct mt_profile *profile, const struct mt_served_options *options,
                      struct mt_served **out, struct mt_error *error);
/* NULL is fine. While a snapshot is being made everything is left to the end of the process. */
void mt_served_free(struct mt_served *served);

/* Returns who makes snapshots and their forms; it is the served thing's. What it has done is to be
 * collected as soon as its descriptor says so. */
struct mt_worker *mt_served_worker(const struct mt_served *served);

/* Takes the ticks that are due at now_ns (CLOCK_MONOTONIC). When the process has ended, its last
 * snapshot is begun. Returns when the next one is due, UINT64_MAX: never. */
uint64_t mt_served_tick(struct mt_served *served, uint64_t now_ns);
/* Returns whether what is shown may still change. */
bool mt_served_goes_on(const struct mt_served *served);

/*
 * Finds a snapshot that shows an instant at or after not_before_ns, or the latest one when nothing
 * was allocated or freed since. Where a new one is needed *snapshot is NULL, and *again_ns is when to
 * ask again: UINT64_MAX: when the worker has done something; else the last one was too short a time
 * ago. *snapshot is the served thing's: hold it.
 * Returns 0 or an error of mt_ledger_live_convert.
 */
int mt_served_snapshot(struct mt_served *served, uint64_t not_before_ns,
                       struct mt_snapshot **snapshot, uint64_t *again_ns, struct mt_error *error);

/* Puts a mark on the time axis, at this moment. name NULL or "": it gets a number. Returns 0,
 * -MEMTRACK_EUSAGE (nothing runs, or there are too many), or -MEMTRACK_ENOMEM. */
int mt_served_mark(struct mt_served *served, const char *name, struct mt_error *error);

/* Fills in what is known now. Texts and ticks are those of the served thing, until the next call of
 * another function. */
void mt_served_state(struct mt_served *served, struct mt_export_served *out);

/* Returns what a person calls it: "redis-server (process 1234)". */
const char *mt_served_name(const struct mt_served *served);

#endif
