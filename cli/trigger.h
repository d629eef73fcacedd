/* SPDX-License-Identifier: MIT */
/*
 * Triggers: conditions (watch/condition.h) on a process that somebody watches, and what is done
 * when one becomes true. All of it happens here, in the reader; the process that is watched does
 * not notice.
 *
 * The actions of one firing run one after the other in a process of their own, so that the ticks go
 * on meanwhile:
 *
 *   snapshot         write a profile of the process as it is now
 *   signal:NAME      send it a signal (checked against its start time first)
 *   anything else    a command for sh, with MEMTRACK_PID, MEMTRACK_PROFILE (of the snapshot before
 *                    it, else empty) and MEMTRACK_CONDITION in its environment; its output goes to
 *                    standard error
 */
#ifndef MT_CLI_TRIGGER_H
#define MT_CLI_TRIGGER_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/symbols/symbols.h"
#include "watch/composition.h"
#include "watch/condition.h"

#define MT_TRIGGER_AGAIN_NS UINT64_C(10000000000) /* default of --again */

struct mt_triggers;      /* what the options said, and the actions under way; NULL: none */
struct mt_trigger_watch; /* the state of all conditions for one process */

/* NULL: out of memory. */
struct mt_triggers *mt_trigger_new(void);
void mt_trigger_free(struct mt_triggers *triggers); /* NULL is fine; waits for nothing */

/* --when, --do and --again, as an argp child whose input is the triggers. What is wrong ends the
 * process with argp_err_exit_status. */
extern const struct argp mt_trigger_argp;
bool mt_trigger_any(const struct mt_triggers *triggers); /* was there a --when? */

/* How snapshots are written, and what is said. */
struct mt_trigger_output {
    const char *program; /* for messages: "memtrack run" */
    const char *pattern; /* of names, see output.h; a number is put before the suffix */
    bool force, quiet;
    struct mt_symbols_options symbols; /* where snapshots get their names from */
};
void mt_trigger_set_output(struct mt_triggers *triggers, const struct mt_trigger_output *output);

/* The process that is looked at. */
struct mt_trigger_target {
    pid_t pid;
    uint64_t start_ticks; /* of /proc/PID/stat: that it is still the same; 0: no signal is sent */
    const char *ledger_path;     /* absolute */
    const struct mt_tick *ticks; /* the time axis so far: the snapshot gets a copy */
    size_t n_ticks;
    struct mt_composition *composition; /* likewise; NULL: nobody follows it */
};

struct mt_trigger_watch *
mt_trigger_watch_new(const struct mt_triggers *triggers);   /* NULL: out of memory */
void mt_trigger_watch_free(struct mt_trigger_watch *watch); /* NULL is fine */

/* One tick: starts the actions of what has become true. Returns the number of conditions that
 * fired; their marks are added to the watch. gauge->limit_bytes is filled in. */
size_t mt_trigger_check(struct mt_triggers *triggers, struct mt_trigger_watch *watch,
                        struct mt_gauge *gauge, const struct mt_trigger_target *target);

/* The firings of this process as marks of its profile. 0 or -MEMTRACK_ENOMEM. */
int mt_trigger_marks_apply(const struct mt_trigger_watch *watch, struct mt_profile *profile);

/* Take note of actions that have ended; with wait, wait for the others (commands: a few seconds at
 * most). Returns the number that is still under way. */
size_t mt_trigger_collect(struct mt_triggers *triggers, bool wait);

/*
 * Watch a running process until it ends, a signal arrives (SIGINT, SIGTERM), or count actions have
 * been started (0: no limit). For snapshot --when. 0; -MEMTRACK_E… when the process cannot be
 * watched. *n_fired: how often it fired.
 */
int mt_trigger_follow(struct mt_triggers *triggers, pid_t pid, uint64_t interval_ns, size_t count,
                      size_t *n_fired, struct mt_error *error);

#endif
