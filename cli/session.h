/* SPDX-License-Identifier: MIT */
/*
 * The directory in which the ledgers of one run appear, and what their names say.
 */
#ifndef MT_CLI_SESSION_H
#define MT_CLI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mt_session {
    char *path;     /* absolute, malloc'ed; NULL: none */
    int fd;         /* of the directory, close-on-exec */
    bool is_in_use; /* by processes that go on: it stays */
};

/* PID.STARTTICKS.COUNTER.ledger; the counter rises when the process executes another program. */
struct mt_ledger_name {
    uint32_t pid;
    uint64_t start_ticks;
    uint32_t counter;
};

/*
 * Make a directory of mode 0700 in the first of $MEMTRACK_DIR, $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR, /tmp that is
 * writable and has room; in the roomiest when all are short of it. -MEMTRACK_EIO when there is none.
 */
int mt_session_create(struct mt_session *session, struct mt_error *error);

/* Remove the links and the directory; it stays when ledgers are left in it, or when it is in use. */
void mt_session_close(struct mt_session *session);

/* A symbolic link NAME in the directory to target: for library paths that LD_PRELOAD cannot express. */
int mt_session_link(const struct mt_session *session, const char *name, const char *target);

/* Bytes that the file system of the directory still has for us. */
uint64_t mt_session_room(const struct mt_session *session);

/* Processes younger than first_pid that were started with this directory as MEMTRACK_DIR, whether they have a ledger yet
 * or not. */
size_t mt_session_processes(const struct mt_session *session, uint32_t first_pid);

/* False when the text is not the name of a ledger. */
bool mt_ledger_name_parse(const char *text, struct mt_ledger_name *name);
void mt_ledger_name_format(const struct mt_ledger_name *name, char *out, size_t bytes);

/* Field 22 of /proc/PID/stat; 0 when there is no such process, or a zombie. */
uint64_t mt_process_start_ticks(uint32_t pid);

#endif
