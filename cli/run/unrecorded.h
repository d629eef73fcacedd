/* SPDX-License-Identifier: MIT */
/*
 * Processes of a run that leave no ledger: children that execute something into which the tracker
 * cannot be loaded. Who reads "3 other processes were recorded" has to learn of the fourth.
 */
#ifndef MT_CLI_RUN_UNRECORDED_H
#define MT_CLI_RUN_UNRECORDED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/profile.h"
#include "watch/ticker.h"

struct mt_unrecorded_process {
    uint32_t pid, parent; /* 0: this place is free */
    uint32_t counter;     /* a ledger with its pid is its own when it has this counter or a later */
    uint64_t start_ticks;
    uint64_t most_rss_bytes;
    char name[16];       /* of the process, where its file may not be seen */
    char exe[4096];      /* "": may not be seen, or was not in time */
    char exe_first[512]; /* exe of the process which it was forked from */
    char name_first[16]; /* name of the process which it was forked from */
    bool is_hidden;      /* it runs, and its file may not be seen */
    bool of_unrecorded;  /* the process that it was forked from has no ledger either */
    char missing[512];   /* the directory for ledgers, when there is none where it runs; else "" */
    bool has_tracker;    /* its environment asks for the tracker, or may not be read */
};

struct mt_unrecorded {
    struct mt_unrecorded_process *items; /* those that live and have no ledger yet */
    size_t n;
    struct mt_unrecorded_process *gone; /* those that have ended without one, each program once */
    size_t n_gone;
    size_t *n_like; /* how many there were of each of these programs */
    uint32_t last_pid;
};

/* Looks for processes that have been started since the last time. When there are none, that costs a
 * read of a small file. */
void mt_unrecorded_look(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker);

/* Appends a note to the profile for each program that went unrecorded: its name, how often, and
 * why. 0 or -MEMTRACK_ENOMEM. */
int mt_unrecorded_note(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker,
                       struct mt_profile *profile);
void mt_unrecorded_free(struct mt_unrecorded *unrecorded);

#endif
