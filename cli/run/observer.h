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
    int end_fd; /* in the observer it brings the news that the program has ended, in the starter it
                   takes them; -1: none */
};

/*
 * Makes the observer, a process in which work(context) is called on a stack of sufficient size, and
 * which ends then. Returns in the starter alone; *observer says whether there is one.
 */
void mt_observer_start(struct mt_observer *observer, bool (*work)(void *context), void *context);

/* Tells the observer that the child has ended, and waits for it; to be called in the starter.
 * Returns what work returned, or true when the observer has died: then it is said what is lost, and
 * where the rest is. */
bool mt_observer_finish(struct mt_observer *observer, const struct mt_launched *child,
                        const struct mt_session *session, const char *name);

/* Waits until the program has ended, one of the two other descriptors (-1: none) can be read, or the time until_ns
 * (CLOCK_MONOTONIC) has come; to be called in the observer. At the end of the program child->ended
 * is set, with what is known of it. Returns false when the starter is gone, and with it all
 * purpose. */
bool mt_observer_wait(const struct mt_observer *observer, struct mt_launched *child,
                      const int others[2], uint64_t until_ns);

#endif
