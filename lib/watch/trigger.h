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
#ifndef MT_WATCH_TRIGGER_H
#define MT_WATCH_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "view/rows/wrappers.h"
#include "view/symbols/symbols.h"
#include "watch/action.h"
#include "watch/ticker.h"

#define MT_TRIGGER_AGAIN_NS UINT64_C(10000000000) /* default of --again */

struct mt_triggers; /* what the options said, and the actions under way */

/* Returns NULL when out of memory. */
struct mt_triggers *mt_trigger_new(void);
void mt_trigger_free(struct mt_triggers *triggers); /* NULL is fine; waits for nothing */

/* Take what --when, --do and --again say; the texts must outlive the triggers. Return 0 or
 * -MEMTRACK_EUSAGE. */
int mt_trigger_add_condition(struct mt_triggers *triggers, const char *text,
                             struct mt_error *error);
int mt_trigger_add_action(struct mt_triggers *triggers, const struct mt_action *action,
                          struct mt_error *error);
int mt_trigger_set_again(struct mt_triggers *triggers, const char *text, struct mt_error *error);
/* Looks for what is missing when all options were taken: it gets its default, or is a mistake.
 * Returns 0 or -MEMTRACK_EUSAGE. */
int mt_trigger_complete(struct mt_triggers *triggers, struct mt_error *error);
bool mt_trigger_any(const struct mt_triggers *triggers); /* is there a condition? NULL has none */

/* How snapshots are written, and who is told. It is set before the first look. */
struct mt_trigger_output {
    const char
        *pattern; /* of names, see profile/pprof/output.h; a number is put before the suffix */
    bool force;
    struct mt_symbols_options symbols;  /* where snapshots get their names from */
    struct mt_wrapper_options wrappers; /* whose patterns snapshots store */
    struct mt_action_listener listener;
};
void mt_trigger_set_output(struct mt_triggers *triggers, const struct mt_trigger_output *output);

/* Judges the gauges that the ticker's last ticks have left, and starts the actions of what has
 * become true. triggers may be NULL. */
void mt_trigger_judge(struct mt_triggers *triggers, struct mt_ticker *ticker);

/* Takes note of actions that have ended; with wait, waits for the others (for commands a few
 * seconds at most). Returns how many are still under way. */
size_t mt_trigger_collect(struct mt_triggers *triggers, bool wait);

/*
 * Watches a running process until it ends, a signal arrives (SIGINT, SIGTERM), or count actions
 * have been started (0: no limit), as snapshot --when does. *n_fired is how often a condition
 * fired. Returns 0, or -MEMTRACK_E… when the process cannot be watched.
 */
int mt_trigger_follow(struct mt_triggers *triggers, pid_t pid, uint64_t interval_ns, size_t count,
                      size_t *n_fired, struct mt_error *error);

#endif
