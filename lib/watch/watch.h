/* SPDX-License-Identifier: MIT */
/* Watching one running process from outside: its figures at ticks, for as long as somebody
 * wants. */
#ifndef MT_WATCH_WATCH_H
#define MT_WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"
#include "watch/axis.h"
#include "watch/gauge.h"

struct mt_watch {
    pid_t pid;
    uint64_t start_ticks; /* of the process; 0: it is in another pid namespace */
    char *path;           /* of the ledger, malloc'ed */
    struct mt_ledger *ledger;
    int statm_fd;
    struct mt_axis axis;
    uint64_t start_ns;     /* of the recording, CLOCK_MONOTONIC */
    struct mt_tick memory; /* PSS and swap as last read */
    uint64_t next_pss_ns, next_look_ns;
    bool has_pss;
};

/* Finds and opens the process's ledger. Returns 0 or an error of mt_find_ledger or
 * mt_ledger_open. */
int mt_watch_open(pid_t pid, size_t max_ticks, struct mt_watch *watch, struct mt_error *error);
void mt_watch_close(struct mt_watch *watch);

/* Takes a tick at now_ns (CLOCK_MONOTONIC). Returns false when the process has ended. One that
 * executed another program is followed into it, on a new axis. */
bool mt_watch_tick(struct mt_watch *watch, uint64_t now_ns, struct mt_gauge *gauge);

/* Sleeps until until_ns (CLOCK_MONOTONIC), or until SIGINT, SIGTERM or SIGHUP arrives. Returns
 * false once one has arrived, and from then on. */
bool mt_watch_sleep(uint64_t until_ns);

/* Watches a running process for at most for_ns, until it ends or a signal arrives, with a tick
 * every interval_ns. *out is a profile of it with these ticks. Returns 0 or an error of
 * mt_watch_open. */
int mt_watch_profile(pid_t pid, uint64_t for_ns, uint64_t interval_ns, struct mt_profile **out,
                     struct mt_error *error);

#endif
