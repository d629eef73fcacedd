/* SPDX-License-Identifier: MIT */
/*
 * The directory in which the ledgers of one run appear.
 */
#ifndef MT_LAUNCH_SESSION_H
#define MT_LAUNCH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mt_session {
    char *path;     /* absolute, malloc'ed; NULL: none */
    int fd;         /* of the directory, close-on-exec */
    bool is_in_use; /* by processes that go on: it stays */
};

/*
 * Makes a directory in the first of $MEMTRACK_DIR, $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR, /tmp that
 * is writable and has room; in the roomiest when all are short of it. Its mode is 0700. For root it
 * is a directory within another one, into which processes that have become other users can put
 * their ledgers. Returns 0, or -MEMTRACK_EIO when no directory can be made.
 */
int mt_session_create(struct mt_session *session, struct mt_error *error);

/* Removes the links and the directories. The directories stay when ledgers are left in them, and
 * all stays when the session is in use. */
void mt_session_close(struct mt_session *session);

/* Removes the directory of a session, and the one around it, as far as they are empty. path may be
 * cut short by that. */
void mt_session_remove(char *path);

/* Makes a symbolic link called name in the directory, to target: for library paths that LD_PRELOAD
 * cannot express. Returns 0 or -MEMTRACK_EIO. */
int mt_session_link(const struct mt_session *session, const char *name, const char *target);

/* Returns how many bytes the file system of the directory still has for us; UINT64_MAX when it does
 * not say. */
uint64_t mt_session_room(const struct mt_session *session);

/* Returns how many processes with a pid above first_pid were started with this directory as
 * MEMTRACK_DIR, whether they have a ledger yet or not. */
size_t mt_session_processes(const struct mt_session *session, uint32_t first_pid);

#endif
