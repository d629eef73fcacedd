/* SPDX-License-Identifier: MIT */
/*
 * Turning the ledgers of a run into profiles: at the end, and for processes that have ended already
 * when their ledgers begin to fill the session's file system.
 */
#ifndef MT_CLI_RUN_FINISH_H
#define MT_CLI_RUN_FINISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/convert.h"
#include "view/processes/course.h"
#include "view/processes/processes.h"
#include "watch/ticker.h"

struct mt_finish {
    struct mt_convert convert;
    struct mt_result *results; /* of the program itself, and of what went wrong */
    size_t n_results;
    struct mt_processes processes; /* all that are done */
    struct mt_processes_course course;
    uint64_t room_at_start;
    pid_t worker;        /* converts while the run goes on; 0: none */
    int worker_fd;       /* results arrive here; -1: none */
    size_t worker_bytes; /* of the result that is arriving */
    struct mt_result arriving;
};

void mt_finish_init(struct mt_finish *finish, const struct mt_convert *convert);
void mt_finish_free(struct mt_finish *finish);

/* Starts a worker when many ledgers wait or room gets short. It is cheap when that is not so. */
void mt_finish_relieve(struct mt_finish *finish, struct mt_ticker *ticker);
/* Takes what the worker has to say, and waits for its end when asked to. */
void mt_finish_collect(struct mt_finish *finish, struct mt_ticker *ticker, bool wait);

/* Converts every ledger whose process has ended. *profile is that of the main process, or NULL; the
 * caller frees it. */
void mt_finish_all(struct mt_finish *finish, struct mt_ticker *ticker, struct mt_profile **profile);

#endif
