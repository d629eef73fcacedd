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
 * Finds the ledger of a process: the newest that it has mapped, or, when it has ended, the newest
 * that it has left. *path is what mt_ledger_open takes: when the file has been removed from its
 * directory, or is in another mount namespace, a path below /proc. *is_live (may be NULL) says
 * whether the process has it mapped. Errors: ENOTFOUND (there is no such process, or it is not
 * tracked), EIO (it belongs to another user).
 */
int mt_find_ledger(pid_t pid, char **path, bool *is_live, struct mt_error *error);

/* Finds the newest ledger that a process has mapped, and nothing that an ended one has left: what
 * who looks again and again wants. Errors: ENOTFOUND, EIO, ENOMEM. */
int mt_find_mapped(pid_t pid, char **path);

/* Finds the ledgers of all processes that this user may look into, by pid. There is one item for
 * each process. Returns 0 or ENOMEM. */
int mt_find_running(struct mt_found_ledgers *out);

/*
 * Finds what is in the directories for ledgers: $MEMTRACK_DIR, and the session directories of
 * memtrack run below it; without that variable, memtrack-UID and the session directories below
 * $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR and /tmp. Takes only what belongs to this user. Ledgers that
 * a process has mapped have is_live set. Returns 0 or ENOMEM.
 */
int mt_find_left(struct mt_found_ledgers *out);

/* Returns whether this path is that of a directory of memtrack run, by its name. Root's
 * directories are one within another. */
#define MT_SESSION_PREFIX "memtrack-run-"
bool mt_find_is_session(const char *directory);

/* Returns whether a memtrack run still works on this directory: on one of a session (and so will
 * convert and remove the ledgers in it), or one of profiles. */
bool mt_find_is_attended(const char *directory);

#endif
