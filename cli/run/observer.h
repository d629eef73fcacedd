/* SPDX-License-Identifier: MIT */
/*
 * The half of memtrack run that reads ledgers and files, in a process of its own: what becomes of
 * it must not change how the run ends.
 */
#ifndef MT_CLI_RUN_OBSERVER_H
#define MT_CLI_RUN_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "launch/launch.h"
#include "launch/session.h"

struct mt_observer {
    pid_t pid;  /* 0: there is none, the caller does the work itself */
    int end_fd; /* the observer's: news of the end of the program; the starter's: where it is told.
                   -1: none */
};

/*
 * Make the observer, in which work(context) is called on a stack of sufficient size, before the
 * process ends. Returns in the starter alone; *observer says whether there is one.
 */
void mt_observer_start(struct mt_observer *observer, bool (*work)(void *context), void *context);

/* In the starter: tell that the child has ended, and wait for the observer. What work returned;
 * true when it has died, of which it is said what is lost, and where the rest is. */
bool mt_observer_finish(struct mt_observer *observer, const struct mt_launched *child,
                        const struct mt_session *session, const char *name);

/* In the observer: wait for the end of the program, other_fd (-1: none) to become readable, or
 * until_ns, whatever comes first. child->ended is set with what is known of the end. False: the
 * starter is gone, and with it all purpose. */
bool mt_observer_wait(const struct mt_observer *observer, struct mt_launched *child, int other_fd,
                      uint64_t until_ns);

#endif
