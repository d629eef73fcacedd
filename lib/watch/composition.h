/* SPDX-License-Identifier: MIT */
/*
 * What a heap was made of at past moments: the records of a ledger that changed, pass by pass, in
 * bounded memory. A pass reads every record and keeps the difference to what it knew.
 *
 * The bound costs resolution, not truth at the moments that remain: neighbouring passes are merged
 * into one (the state after the last), old ones first (coarsen.h), while there are many, and call
 * paths whose live bytes never reached a threshold are left out, as are those that come after
 * max_records others.
 */
#ifndef MT_WATCH_COMPOSITION_H
#define MT_WATCH_COMPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"
#include "profile/ledger/convert.h"
#include "profile/profile.h"

struct mt_composition; /* opaque */

/* Makes one that follows at most max_records and keeps at most max_changes. Returns NULL when out
 * of memory. */
struct mt_composition *mt_composition_new(size_t max_records, size_t max_changes);
void mt_composition_free(struct mt_composition *composition); /* NULL is fine */

/*
 * Makes one pass at time_ns (since the start of the recording, rising). buffer has room for
 * MT_SITES_PER_CHUNK sites; all compositions may share it. Returns false when nothing was done,
 * because the last pass was too short a time ago or there is no memory. A change that finds no
 * memory is left out of the pass.
 */
bool mt_composition_pass(struct mt_composition *composition, struct mt_ledger *ledger,
                         uint64_t time_ns, struct mt_site *buffer);

/* Makes one at a moment that has a name, however short a time ago the last one was. */
bool mt_composition_pass_now(struct mt_composition *composition, struct mt_ledger *ledger,
                             uint64_t time_ns, struct mt_site *buffer);

size_t mt_composition_bytes(const struct mt_composition *composition); /* of memory; NULL: 0 */

/* Writes what the passes have found to a stream, and reads it again on the same machine, by the same
 * program: a composition that takes no more passes and can be applied. NULL is written as one
 * without passes. Whether writing failed is told by the stream; reading returns NULL for what is not
 * whole, or when out of memory. */
void mt_composition_write(const struct mt_composition *composition, FILE *out);
struct mt_composition *mt_composition_read(FILE *in);

/* Gives back what only passes need: none comes any more. NULL is fine. */
void mt_composition_settle(struct mt_composition *composition);

/* Turns the passes into profile->info.changes. The profile has its ticks and samples already.
 * Returns 0 or -MEMTRACK_ENOMEM. */
int mt_composition_apply(struct mt_composition *composition, struct mt_profile *profile,
                         const struct mt_ledger_map *map);
/* The same without the passes after until_ns, for a profile of that time. */
int mt_composition_apply_until(struct mt_composition *composition, uint64_t until_ns,
                               struct mt_profile *profile, const struct mt_ledger_map *map);

#endif
