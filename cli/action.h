/* SPDX-License-Identifier: MIT */
/* What is done when a trigger fires (trigger.h): parsing --do, and doing it in a process of its
 * own. */
#ifndef MT_CLI_ACTION_H
#define MT_CLI_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/symbols/symbols.h"
#include "watch/composition.h"

struct mt_action {
    enum { MT_ACTION_SNAPSHOT, MT_ACTION_SIGNAL, MT_ACTION_COMMAND } kind;
    int signal_number;
    const char *text; /* as it was given; the command */
};

/* text must outlive the action. -MEMTRACK_EUSAGE. */
int mt_action_parse(const char *text, struct mt_action *action, struct mt_error *error);

struct mt_trigger_mark {
    uint64_t time_ns;
    const char *name;
};

/* One firing: all that the actions need to know. */
struct mt_firing {
    const char *program;   /* for messages */
    const char *condition; /* as it was given */
    char figure[64];       /* "1.2 GiB": what made it true */
    uint64_t time_ns;      /* since the start of the recording */
    pid_t pid;
    uint64_t start_ticks;    /* 0: the pid means nothing here */
    const char *ledger_path; /* absolute */
    const struct mt_tick *ticks;
    size_t n_ticks;
    struct mt_composition *composition; /* so far, or NULL */
    const struct mt_trigger_mark *marks;
    size_t n_marks;
    const char *pattern; /* of the snapshot's name */
    unsigned number;     /* put into it */
    uint64_t since_ns;   /* for mt_output_write */
    bool force, quiet;
    struct mt_symbols_options symbols;
};

/* Does the n actions one after the other and ends the process: to be called in a fork. Exit status
 * 0 when all went well; what did not has been said on standard error. */
_Noreturn void mt_action_work(const struct mt_action *actions, size_t n,
                              const struct mt_firing *firing);

#endif
