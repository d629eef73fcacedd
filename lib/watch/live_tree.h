/* SPDX-License-Identifier: MIT */
/*
 * A running process and all that descend from it, as one profile. Each is read at an instant of its
 * own: no figure of one is torn, and those of two may be some milliseconds apart.
 */
#ifndef MT_WATCH_LIVE_TREE_H
#define MT_WATCH_LIVE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/merge.h"
#include "profile/profile.h"
#include "view/processes/processes.h"
#include "view/symbols/symbols.h"

enum { MT_LIVE_TREE_NAME_BYTES = 16 };

struct mt_live_member {
    uint32_t pid, parent_pid;
    uint64_t start_ticks;               /* of the process */
    char name[MT_LIVE_TREE_NAME_BYTES]; /* as the kernel has it */
    bool is_recorded;                   /* it has a ledger of its own */
    bool is_gone;                       /* private: it has ended, and left a ledger */
};

struct mt_live_members {
    struct mt_live_member *items; /* by pid; the process itself first */
    size_t n;
};

/*
 * Finds a process and those that descend from it: by their parents, and where a parent has ended by
 * the ledgers that both have, as long as its own is there. What belongs to memtrack itself is not among them. Returns 0, -MEMTRACK_ENOTFOUND when there is no such
 * process, or -MEMTRACK_ENOMEM.
 */
int mt_live_tree_find(pid_t pid, struct mt_live_members *members, struct mt_error *error);
void mt_live_tree_free(struct mt_live_members *members); /* and leaves it empty */

/*
 * Reads those that are recorded, gives them their names, and merges them as keep says (keep->times:
 * what is known of their past, see past.h). *processes (the caller's to free) tells of each, of
 * those that are not recorded as well. How many could not be read, or are not recorded, is a note of
 * the profile. Returns 0, an error of mt_live_tree_find, -MEMTRACK_ENOTFOUND when none of them is
 * recorded, or an error of mt_merge_add.
 */
int mt_live_tree_load(pid_t pid, const struct mt_merge_keep *keep,
                      const struct mt_symbols_options *symbols, struct mt_processes *processes,
                      struct mt_profile **out, struct mt_error *error);

/* Reads them each by itself: the n profiles, malloc'ed as the array is, have their names. Else as
 * above. */
int mt_live_tree_profiles(pid_t pid, const struct mt_symbols_options *symbols, bool with_past,
                          struct mt_processes *processes, struct mt_profile ***profiles, size_t *n,
                          struct mt_error *error);

#endif
