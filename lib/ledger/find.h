/* SPDX-License-Identifier: MIT */
/*
 * Where ledgers are: what a process has mapped says so, whatever directory it lies in; what ended
 * processes have left lies in the directories in which the tracker and memtrack run make ledgers.
 *
 * Results are malloc'ed. Errors are those of base/error.h; every struct mt_error pointer may be
 * NULL.
 */
#ifndef MT_LEDGER_FIND_H
#define MT_LEDGER_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ledger/filename.h"

struct mt_found_ledger {
    char *path;
    struct mt_ledger_filename name;
    ino_t inode;
    dev_t device;
    bool is_live; /* a process that has not ended has it mapped */
};

struct mt_found_ledgers {
    struct mt_found_ledger *items;
    size_t n;
};
void mt_find_free(struct mt_found_ledgers *found);

/*
 * The ledger of a process: the newest that it has mapped; of one that has ended, the newest that it
 * has left. *path is what mt_ledger_open takes: when the file has been removed from its directory,
 * or lies in another mount namespace, a path below /proc. *is_live (may be NULL): the process has
 * it mapped. Errors: ENOTFOUND (there is no such process, or it is not tracked), EIO (belongs to
 * another user).
 */
int mt_find_ledger(pid_t pid, char **path, bool *is_live, struct mt_error *error);

/* The ledgers of all processes that this user may look into, by pid. One item for each process. 0,
 * ENOMEM. */
int mt_find_running(struct mt_found_ledgers *out);

/*
 * What is in the directories for ledgers: $MEMTRACK_DIR, and the session directories of memtrack
 * run below it; without that variable memtrack-UID and the session directories below
 * $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR and /tmp. Only what belongs to this user. Those that a
 * process has mapped have is_live set. 0, ENOMEM.
 */
int mt_find_left(struct mt_found_ledgers *out);

/* How the directories of memtrack run are named; root's lie one within another. Is this one's path,
 * by its name? */
#define MT_SESSION_PREFIX "memtrack-run-"
bool mt_find_is_session(const char *directory);

/* Does a memtrack run still work on this session directory (and so will convert and remove the
 * ledgers in it)? */
bool mt_find_session_is_attended(const char *directory);

#endif
