/* SPDX-License-Identifier: MIT */
/*
 * Starting the program and waiting for it, as if memtrack were not there: its files, environment,
 * process group, signals and exit status are its own.
 */
#ifndef MT_LAUNCH_LAUNCH_H
#define MT_LAUNCH_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "launch/target.h"

struct mt_launch {
    const struct mt_target *target;
    char **arguments;      /* of the program, argv[0] first, NULL at the end */
    const char *preload;   /* in front of what LD_PRELOAD holds already; NULL: it is not recorded,
                              and its environment stays as it is */
    const char *directory; /* for the ledgers */
    const char *options;   /* "key=value,..." for the tracker */
    const char *only;      /* patterns of programs to be recorded, ':' between; NULL: all */
    bool follow;           /* record its children as well */
    bool dormant;          /* begin with recording off */
};

struct mt_launched {
    pid_t pid;
    int signals; /* signalfd: signals to forward, and the news of children */
    bool ended;
    bool is_refused; /* it could not be made for want of descriptors, memory or processes: all is as
                        before */
    int wait_status;
    uint64_t most_rss_bytes; /* the most that it alone had, once ended; 0: not known */
    /* The most that any of it had: of the program, and of the children that it has waited for. */
    uint64_t peak_rss_bytes;
    uint64_t at_most_rss_bytes;   /* the same, or what it had before it was executed */
    const long *before_kilobytes; /* what the child had before it executed the program */
    uint64_t end_ns;              /* CLOCK_MONOTONIC, when it was noticed */
};

/* Starts the program. Returns 0, or the exit status that memtrack run ends with: 125, 126, 127.
 * From then on signals are blocked here. */
int mt_launch(const struct mt_launch *launch, struct mt_launched *child, struct mt_error *error);

/*
 * Waits until a signal has arrived, other_fd (-1: none) can be read, or the time until_ns
 * (CLOCK_MONOTONIC) has come. Forwards signals, and notices the end of the child. Signals from the
 * terminal reach the child by themselves, as it is in the same process group.
 */
void mt_launch_wait(struct mt_launched *child, int other_fd, uint64_t until_ns);

/* Stops forwarding signals. From then on SIGQUIT alone ends memtrack, so that what was recorded
 * gets written. */
void mt_launch_release(struct mt_launched *child);

/* Returns what a shell makes of a wait status: the exit code, or 128 + the signal. */
int mt_launch_exit_status(int wait_status);

#endif
