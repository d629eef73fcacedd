/* SPDX-License-Identifier: MIT */
/*
 * The files that processes of a run have mapped, taken hold of while they run: at the end a plugin
 * may have been deleted, a program replaced, a mount namespace gone with its processes.
 */
#ifndef MT_WATCH_KEPT_H
#define MT_WATCH_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "view/symbols/symbols.h"

struct mt_kept; /* opaque */

/* directory is a descriptor of the directory of the ledgers, and stays the caller's. Returns NULL
 * when out of memory. */
struct mt_kept *mt_kept_new(int directory);
void mt_kept_free(struct mt_kept *kept); /* NULL is fine */

/*
 * Takes hold of the files of the modules [*n_seen, …) that the ledger, as of its last refresh, has
 * of a running process; *n_seen grows. It is cheap when there are none. kept may be NULL.
 */
void mt_kept_look(struct mt_kept *kept, struct mt_ledger *ledger, uint32_t process, size_t *n_seen);

/* Returns the files in the form in which mt_symbols_resolve asks for them. */
struct mt_symbols_kept mt_kept_source(struct mt_kept *kept);

#endif
