/* SPDX-License-Identifier: MIT */
/* What is done when a trigger fires (trigger.h): what --do says, and doing it. What there is to say
 * of it goes to a listener. */
#ifndef MT_WATCH_ACTION_H
#define MT_WATCH_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/wrappers.h"
#include "view/symbols/symbols.h"
#include "watch/composition.h"
#include "watch/firings.h"
#include "watch/limit.h"

struct mt_action {
    enum { MT_ACTION_SNAPSHOT, MT_ACTION_SIGNAL, MT_ACTION_COMMAND } kind;
    int signal_number;
    const char *text; /* as it was given: of a command, the command itself */
};

/* What --do understands: the hint of its errors. */
#define MT_ACTION_HINT "Give snapshot, signal:NAME (such as signal:TERM), or a command."

/* Reads what --do says; text must outlive the action. Returns 0 or -MEMTRACK_EUSAGE. */
int mt_action_parse(const char *text, struct mt_action *action, struct mt_error *error);

struct mt_firing;

/* Who is told of what happens. Its functions are called in the process that does the actions as
 * well, a fork of the one that watches: whoever prints there has to flush. */
struct mt_action_listener {
    void *context;
    /* Tells the limit that the percentages of this condition are of, when it is another one than
     * before. */
    void (*limit)(void *context, const char *condition, const struct mt_limit *limit);
    /* Tells what was done: "wrote", FILE; "sent it", "signal:TERM"; "running", COMMAND. */
    void (*action)(void *context, const struct mt_firing *firing, const char *what,
                   const char *argument);
    void (*problem)(void *context, const struct mt_error *problem);
};

/* One firing: all that the actions need to know. */
struct mt_firing {
    const char *condition; /* as it was given */
    char figure[64];       /* "1.2 GiB": what made it true */
    uint64_t time_ns;      /* since the start of the recording */
    pid_t pid;
    uint64_t start_ticks;    /* 0: the pid means nothing here */
    const char *ledger_path; /* absolute */
    const struct mt_tick *ticks;
    size_t n_ticks;
    struct mt_composition *composition; /* of the heap so far, or NULL */
    const struct mt_firings *firings;   /* of this process, so far */
    const char *pattern;                /* of the snapshot's name */
    unsigned number;                    /* is put into the name */
    uint64_t since_ns;                  /* for mt_output_write */
    bool force;
    struct mt_symbols_options symbols;
    struct mt_wrapper_options wrappers; /* whose patterns are stored */
    const struct mt_action_listener *listener;
};

/* Does the n actions one after the other. To be called in a fork of the process that watches: the
 * dispositions of signals are changed for good. Returns 0 when all went well, else 1, and the
 * listener was told of what did not. */
int mt_action_work(const struct mt_action *actions, size_t n, const struct mt_firing *firing);

#endif
