/* SPDX-License-Identifier: MIT */
/* The process that `memtrack top` looks at: which ledger is its own, what it is doing, what became
 * of it. */
#ifndef MT_CLI_TOP_TARGET_H
#define MT_CLI_TOP_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"

enum mt_top_state {
    MT_TOP_RUNNING,
    MT_TOP_STOPPED,  /* by a signal or a debugger */
    MT_TOP_ENDED,    /* gone, or a zombie */
    MT_TOP_REPLACED, /* it executed a program that is not tracked */
};

struct mt_top_target {
    uint32_t pid;
    uint64_t start_ticks; /* of the process; 0: the ledger's name does not tell */
    char *path;           /* of the ledger */
    int statm_fd;         /* belongs to that process for good; -1: it has ended */
    char exe[4096];       /* /proc/PID/exe when it was opened, "" unknown */
    uint64_t look_ns;     /* when to look at what costs more */
    enum mt_top_state state;
};

/* Finds a target. what is a process id, or the path of a ledger. On success *ledger is the
 * caller's. Returns 0, an error of mt_ledger_open, or -MEMTRACK_ENOTFOUND when the process does not
 * exist or is not tracked. */
int mt_top_target_open(struct mt_top_target *target, const char *what, struct mt_ledger **ledger,
                       struct mt_error *error);
void mt_top_target_close(struct mt_top_target *target);

/* Returns RSS in bytes now, 0 when the process has ended, and updates the state. */
uint64_t mt_top_target_look(struct mt_top_target *target, uint64_t now_ns);

/* Returns the ledger of another program, when the process has executed one that is tracked: the
 * target is about that one from now on. NULL: it has not. */
struct mt_ledger *mt_top_target_next(struct mt_top_target *target);

const char *mt_top_target_state_name(enum mt_top_state state);

#endif
