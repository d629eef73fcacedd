/* SPDX-License-Identifier: MIT */
/*
 * Conditions are looked at with every tick of a process; what becomes true is handed to a worker
 * (action.h). Two bounds keep a trigger from becoming the problem that it was set up against: at
 * most MOST_RUNNING workers at a time (what fires meanwhile fires when one has ended, if it is
 * still true), and at most MOST_FIRINGS of one condition on one process, so that a figure that
 * swings all night does not fill a disk.
 */
#include "watch/trigger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "profile/pprof/output.h"
#include "view/format/format.h"
#include "watch/limit.h"
#include "watch/watch.h"

#define NS_PER_MS UINT64_C(1000000)

enum {
    MOST_RUNNING = 4,
    MOST_FIRINGS = 100,
    MOST_CONDITIONS = 32,
    MOST_ACTIONS = 8,
    FOLLOW_TICKS = 2000
};
enum { LAST_WAIT_MS = 5000, WAIT_STEP_MS = 10 };

struct mt_triggers {
    struct mt_condition conditions[MOST_CONDITIONS];
    struct mt_action actions[MOST_ACTIONS];
    size_t n_conditions, n_actions;
    uint64_t again_ns;
    bool again_given;
    struct mt_trigger_output output;
    uint64_t since_ns;
    pid_t running[MOST_RUNNING]; /* 0: free */
    unsigned n_snapshots;        /* how many numbers have been given */
    uint64_t told_limit;         /* which limit the percentages have been explained with */
};

/* ---- options --------------------------------------------------------------------------------- */

struct mt_triggers *mt_trigger_new(void) {
    struct mt_triggers *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->since_ns = mt_clock_ns(CLOCK_REALTIME);
    t->again_ns = MT_TRIGGER_AGAIN_NS;
    t->output.pattern = MT_OUTPUT_DEFAULT;
    return t;
}

void mt_trigger_free(struct mt_triggers *t) {
    free(t);
}

bool mt_trigger_any(const struct mt_triggers *t) {
    return t && t->n_conditions > 0;
}

void mt_trigger_set_output(struct mt_triggers *t, const struct mt_trigger_output *output) {
    t->output = *output;
}

int mt_trigger_add_condition(struct mt_triggers *t, const char *text, struct mt_error *error) {
    struct mt_error why = {{0}, {0}};
    if (t->n_conditions == MOST_CONDITIONS)
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "give at most %d conditions (--when)",
                            MOST_CONDITIONS);
    if (mt_condition_parse(text, &t->conditions[t->n_conditions], &why) != 0)
        return mt_error_set(error, MEMTRACK_EUSAGE, why.hint, "--when %s", why.message);
    t->n_conditions++;
    return 0;
}

int mt_trigger_add_action(struct mt_triggers *t, const struct mt_action *action,
                          struct mt_error *error) {
    if (t->n_actions == MOST_ACTIONS)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Put them into one script.",
                            "give at most %d actions (--do)", MOST_ACTIONS);
    t->actions[t->n_actions++] = *action;
    return 0;
}

int mt_trigger_set_again(struct mt_triggers *t, const char *text, struct mt_error *error) {
    t->again_given = true;
    if (!mt_format_parse_duration(text, 0, &t->again_ns))
        return mt_error_set(error, MEMTRACK_EUSAGE, "",
                            "--again %.100s: needs a duration, such as 30s", text);
    return 0;
}

int mt_trigger_complete(struct mt_triggers *t, struct mt_error *error) {
    if (t->n_conditions == 0 && (t->n_actions || t->again_given))
        return mt_error_set(error, MEMTRACK_EUSAGE, "For example: --when 'live>1G'.",
                            "%s needs --when", t->n_actions ? "--do" : "--again");
    if (t->n_conditions && t->n_actions == 0)
        t->actions[t->n_actions++] =
            (struct mt_action){.kind = MT_ACTION_SNAPSHOT, .text = "snapshot"};
    return 0;
}

/* ---- workers --------------------------------------------------------------------------------- */

static pid_t *free_slot(struct mt_triggers *t) {
    for (size_t i = 0; i < MOST_RUNNING; i++)
        if (t->running[i] == 0)
            return &t->running[i];
    return NULL;
}

static size_t reap(struct mt_triggers *t) {
    size_t n = 0;
    for (size_t i = 0; i < MOST_RUNNING; i++) {
        if (t->running[i] && waitpid(t->running[i], NULL, WNOHANG) != 0)
            t->running[i] = 0;
        n += t->running[i] != 0;
    }
    return n;
}

static void tell(const struct mt_triggers *t, const struct mt_error *problem) {
    t->output.listener.problem(t->output.listener.context, problem);
}

static void tell_of_running(const struct mt_triggers *t, size_t n) {
    struct mt_error problem;
    mt_error_set(&problem, MEMTRACK_EIO, "Their output may still appear.",
                 "%zu trigger action%s still run%s", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
    tell(t, &problem);
}

size_t mt_trigger_collect(struct mt_triggers *t, bool wait) {
    if (!t)
        return 0;
    size_t n = reap(t);
    uint64_t end = mt_clock_now_ns() + LAST_WAIT_MS * NS_PER_MS;
    while (wait && n && mt_clock_now_ns() < end) {
        const struct timespec nap = {.tv_nsec = (long)(WAIT_STEP_MS * NS_PER_MS)};
        nanosleep(&nap, NULL);
        n = reap(t);
    }
    if (wait && n)
        tell_of_running(t, n);
    return n;
}

/* ---- one process ----------------------------------------------------------------------------- */

/* The process that is judged. */
struct target {
    pid_t pid;
    uint64_t start_ticks;    /* of /proc/PID/stat, which tells it from another one; 0: no signal */
    const char *ledger_path; /* absolute */
    const struct mt_tick *ticks; /* the time axis so far: the snapshot gets a copy */
    size_t n_ticks;
    struct mt_composition *composition; /* of the heap so far; NULL: nobody follows it */
};

/* Asks once per process for the limit that percentages are of, and tells it unless it is the one
 * that was told last. */
static void find_limit(struct mt_triggers *t, struct mt_firings *f, pid_t pid) {
    const struct mt_condition *percent = NULL;
    for (size_t i = 0; i < t->n_conditions && !percent; i++)
        percent = t->conditions[i].is_percent ? &t->conditions[i] : NULL;
    f->has_looked = true;
    if (!percent)
        return;
    mt_limit_of("", pid, &f->limit);
    if (f->limit.bytes == t->told_limit)
        return;
    t->told_limit = f->limit.bytes;
    t->output.listener.limit(t->output.listener.context, percent->text, &f->limit);
}

static void start_actions(struct mt_triggers *t, pid_t *slot, const struct mt_firing *firing) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(mt_action_work(t->actions, t->n_actions, firing));
    if (pid > 0) {
        *slot = pid;
        return;
    }
    struct mt_error problem;
    mt_error_set(&problem, MEMTRACK_EIO,
                 "Close other programs, or raise the limits of this shell (ulimit -a).",
                 "%s: its action could not be started: %s", firing->condition, strerror(errno));
    tell(t, &problem);
}

static void tell_last(const struct mt_triggers *t, const struct mt_condition *condition,
                      pid_t pid) {
    struct mt_error problem;
    mt_error_set(&problem, MEMTRACK_EIO, "Use a wider bound or a longer --again.",
                 "%s fired %d times in process %d: it will not fire again", condition->text,
                 MOST_FIRINGS, (int)pid);
    tell(t, &problem);
}

static void fire(struct mt_triggers *t, struct mt_firings *f, size_t i, pid_t *slot,
                 const struct mt_gauge *gauge, const struct target *target) {
    const struct mt_condition *condition = &t->conditions[i];
    double figure = 0, bound;
    mt_condition_figure(condition, &f->watches[i], gauge, &figure, &bound);
    mt_firings_mark(f, gauge->time_ns, condition->text);
    struct mt_firing firing = {
        .condition = condition->text,
        .time_ns = gauge->time_ns,
        .pid = target->pid,
        .start_ticks = target->start_ticks,
        .ledger_path = target->ledger_path,
        .ticks = target->ticks,
        .n_ticks = target->n_ticks,
        .composition = target->composition,
        .firings = f,
        .pattern = t->output.pattern,
        .number = ++t->n_snapshots,
        .since_ns = t->since_ns,
        .force = t->output.force,
        .symbols = t->output.symbols,
        .wrappers = t->output.wrappers,
        .listener = &t->output.listener,
    };
    mt_condition_format(condition, figure, firing.figure, sizeof firing.figure);
    start_actions(t, slot, &firing);
    if (++f->n_fired[i] == MOST_FIRINGS)
        tell_last(t, condition, target->pid);
}

/* Starts the actions of what has become true; returns how many conditions have. */
static size_t judge(struct mt_triggers *t, struct mt_firings *f, struct mt_gauge *gauge,
                    const struct target *target) {
    size_t n = 0;
    reap(t);
    if (!f->has_looked)
        find_limit(t, f, target->pid);
    gauge->limit_bytes = f->limit.bytes;
    for (size_t i = 0; i < t->n_conditions; i++) {
        const struct mt_condition_watch before = f->watches[i];
        if (!mt_condition_fires(&t->conditions[i], &f->watches[i], gauge, t->again_ns) ||
            f->n_fired[i] >= MOST_FIRINGS)
            continue;
        pid_t *slot = free_slot(t);
        if (slot) {
            fire(t, f, i, slot, gauge, target);
            n++;
        } else {
            f->watches[i].is_true = before.is_true; /* it is tried again at the next tick */
            f->watches[i].has_fired = before.has_fired;
            f->watches[i].fired_ns = before.fired_ns;
        }
    }
    return n;
}

/* ---- the processes of a run ------------------------------------------------------------------ */

static void judge_track(struct mt_triggers *t, struct mt_ticker_track *track) {
    bool is_ours = track->statm_fd >= 0; /* else its pid means nothing here */
    const struct target target = {
        .pid = (pid_t)track->name.pid,
        .start_ticks = is_ours ? track->name.start_ticks : 0,
        .ledger_path = mt_ledger_path(track->ledger),
        .ticks = track->axis.ticks,
        .n_ticks = track->axis.n,
        .composition = track->composition,
    };
    if (!track->firings)
        track->firings = mt_firings_new(t->conditions, t->n_conditions);
    if (track->firings)
        judge(t, track->firings, &track->gauge, &target);
}

void mt_trigger_judge(struct mt_triggers *t, struct mt_ticker *ticker) {
    if (!mt_trigger_any(t))
        return;
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        if (track->has_gauge && track->ledger)
            judge_track(t, track);
        track->has_gauge = false;
    }
}

/* ---- a process that somebody else started ---------------------------------------------------- */

static size_t judge_watched(struct mt_triggers *t, struct mt_firings *f,
                            const struct mt_watch *watch, struct mt_gauge *gauge) {
    const struct target target = {
        .pid = watch->pid,
        .start_ticks = watch->start_ticks,
        .ledger_path = watch->path,
        .ticks = watch->axis.ticks,
        .n_ticks = watch->axis.n,
    };
    return judge(t, f, gauge, &target);
}

int mt_trigger_follow(struct mt_triggers *t, pid_t pid, uint64_t interval_ns, size_t count,
                      size_t *n_fired, struct mt_error *error) {
    struct mt_watch watch;
    struct mt_gauge gauge;
    *n_fired = 0;
    int rc = mt_watch_open(pid, FOLLOW_TICKS, &watch, error);
    if (rc != 0)
        return rc;
    struct mt_firings *f = mt_firings_new(t->conditions, t->n_conditions);
    uint64_t next = mt_clock_now_ns();
    while (f && mt_watch_sleep(next) && mt_watch_tick(&watch, mt_clock_now_ns(), &gauge)) {
        *n_fired += judge_watched(t, f, &watch, &gauge);
        if (count && *n_fired >= count)
            break;
        next = mt_clock_now_ns() + interval_ns;
    }
    rc = f ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_trigger_collect(t, true);
    mt_firings_free(f);
    mt_watch_close(&watch);
    return rc;
}
