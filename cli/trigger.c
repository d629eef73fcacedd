/* SPDX-License-Identifier: MIT */
/*
 * Conditions are looked at with every tick of a process; what becomes true is handed to a worker
 * (action.h). Two bounds keep a trigger from becoming the problem that it was set up against: at
 * most MOST_RUNNING workers at a time (what fires meanwhile fires when one has ended, if it is
 * still true), and at most MOST_FIRINGS of one condition on one process, so that a figure that
 * swings all night does not fill a disk.
 */
#include "trigger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "action.h"
#include "base/clock.h"
#include "output.h"
#include "text/terminal.h"
#include "ticker.h"
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
    unsigned n_snapshots;        /* numbers that have been given */
    uint64_t said_limit;         /* which limit the percentages have been explained with */
};

struct mt_trigger_watch {
    struct mt_condition_watch *watches; /* one per condition */
    size_t *n_fired;
    struct mt_trigger_mark *marks;
    size_t n_marks, capacity;
    struct mt_limit limit;
    bool has_looked; /* for the limit */
};

/* ---- options --------------------------------------------------------------------------------- */

struct mt_triggers *mt_trigger_new(void) {
    struct mt_triggers *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->since_ns = mt_clock_ns(CLOCK_REALTIME);
    t->again_ns = MT_TRIGGER_AGAIN_NS;
    t->output = (struct mt_trigger_output){.program = "memtrack", .pattern = MT_OUTPUT_DEFAULT};
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

static int add_when(struct mt_triggers *t, const char *text, struct mt_error *error) {
    struct mt_error why = {{0}, {0}};
    if (t->n_conditions == MOST_CONDITIONS)
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "--when: more than %d conditions",
                            MOST_CONDITIONS);
    if (mt_condition_parse(text, &t->conditions[t->n_conditions], &why) != 0)
        return mt_error_set(error, MEMTRACK_EUSAGE, why.hint, "--when %s", why.message);
    t->n_conditions++;
    return 0;
}

static int add_do(struct mt_triggers *t, const char *text, struct mt_error *error) {
    if (t->n_actions == MOST_ACTIONS)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Put them into one script.",
                            "--do: more than %d actions", MOST_ACTIONS);
    int rc = mt_action_parse(text, &t->actions[t->n_actions], error);
    t->n_actions += rc == 0;
    return rc;
}

static int set_again(struct mt_triggers *t, const char *text, struct mt_error *error) {
    t->again_given = true;
    if (!mt_format_parse_duration(text, 0, &t->again_ns))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give a duration such as 0s, 30s or 10m.",
                            "--again %.100s: is no duration", text);
    return 0;
}

static int complete(struct mt_triggers *t, struct mt_error *error) {
    if (t->n_conditions == 0 && (t->n_actions || t->again_given))
        return mt_error_set(error, MEMTRACK_EUSAGE, "For example: --when 'live>1G'.",
                            "%s needs --when: a condition", t->n_actions ? "--do" : "--again");
    if (t->n_conditions && t->n_actions == 0)
        t->actions[t->n_actions++] =
            (struct mt_action){.kind = MT_ACTION_SNAPSHOT, .text = "snapshot"};
    return 0;
}

enum { KEY_WHEN = 0x7000, KEY_DO, KEY_AGAIN };

static const struct argp_option options[] = {
    {"when", KEY_WHEN, "CONDITION", 0,
     "Do something when a figure passes a bound: live>1G, peak, rss>80% (of the memory limit), "
     "pss, swap, growth>1M/s "
     "(over 10s; growth(60s)>1M/s), blocks, unknown_frees, failed, dropped, time>10m. May be "
     "repeated",
     0},
    {"do", KEY_DO, "ACTION", 0,
     "Do this when the condition is true: snapshot (default), signal:NAME, or a "
     "command, which finds MEMTRACK_PID, MEMTRACK_PROFILE and MEMTRACK_CONDITION in its "
     "environment. May be repeated: one is done after the other",
     0},
    {"again", KEY_AGAIN, "DUR", 0,
     "Wait at least so long before the same condition acts again (default: 10s)", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct mt_triggers *t = state->input;
    struct mt_error error = {{0}, {0}};
    int rc = 0;
    switch (key) {
    case KEY_WHEN:
        rc = add_when(t, text, &error);
        break;
    case KEY_DO:
        rc = add_do(t, text, &error);
        break;
    case KEY_AGAIN:
        rc = set_again(t, text, &error);
        break;
    case ARGP_KEY_END:
    case ARGP_KEY_NO_ARGS:
        return 0;
    case ARGP_KEY_SUCCESS:
        rc = complete(t, &error);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (rc != 0) {
        mt_terminal_print_error(state->argv[0], &error);
        exit(argp_err_exit_status);
    }
    return 0;
}

const struct argp mt_trigger_argp = {.options = options, .parser = parse_option};

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
        mt_terminal_print_problem(t->output.program, "Their output may still appear.",
                                  "%zu trigger action%s still run%s", n, n == 1 ? "" : "s",
                                  n == 1 ? "s" : "");
    return n;
}

/* ---- one process ----------------------------------------------------------------------------- */

struct mt_trigger_watch *mt_trigger_watch_new(const struct mt_triggers *t) {
    struct mt_trigger_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->watches = calloc(t->n_conditions + 1, sizeof *w->watches);
    w->n_fired = calloc(t->n_conditions + 1, sizeof *w->n_fired);
    if (!w->watches || !w->n_fired) {
        mt_trigger_watch_free(w);
        return NULL;
    }
    for (size_t i = 0; i < t->n_conditions; i++)
        mt_condition_watch_init(&w->watches[i], &t->conditions[i]);
    return w;
}

void mt_trigger_watch_free(struct mt_trigger_watch *w) {
    if (!w)
        return;
    free(w->watches);
    free(w->n_fired);
    free(w->marks);
    free(w);
}

int mt_trigger_marks_apply(const struct mt_trigger_watch *w, struct mt_profile *profile) {
    int rc = 0;
    for (size_t i = 0; w && rc == 0 && i < w->n_marks; i++)
        rc = mt_profile_add_mark(profile, w->marks[i].time_ns, w->marks[i].name, MT_MARK_TRIGGER);
    return rc;
}

static void add_mark(struct mt_trigger_watch *w, uint64_t time_ns, const char *name) {
    if (w->n_marks == w->capacity) {
        size_t want = w->capacity ? w->capacity * 2 : 8;
        struct mt_trigger_mark *grown = realloc(w->marks, want * sizeof *grown);
        if (!grown)
            return; /* the action is what matters */
        w->marks = grown;
        w->capacity = want;
    }
    w->marks[w->n_marks++] = (struct mt_trigger_mark){time_ns, name};
}

/* What percentages are of is asked once per process, and told once. */
static void find_limit(struct mt_triggers *t, struct mt_trigger_watch *w, pid_t pid) {
    char size[MT_FORMAT_BYTES];
    const struct mt_condition *percent = NULL;
    for (size_t i = 0; i < t->n_conditions && !percent; i++)
        percent = t->conditions[i].is_percent ? &t->conditions[i] : NULL;
    w->has_looked = true;
    if (!percent)
        return;
    mt_limit_of("", pid, &w->limit);
    if (w->limit.bytes == t->said_limit || t->output.quiet)
        return;
    t->said_limit = w->limit.bytes;
    fprintf(stderr, "%s: %s is of %s: %s\n", t->output.program, percent->text,
            mt_format_size(size, (int64_t)w->limit.bytes, false), w->limit.source);
}

static void start_actions(struct mt_triggers *t, pid_t *slot, const struct mt_firing *firing) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        mt_action_work(t->actions, t->n_actions, firing);
    if (pid < 0)
        mt_terminal_print_problem(
            t->output.program,
            "Close other programs, or raise the limits of this shell (ulimit -a).",
            "%s: its action could not be started: %s", firing->condition, strerror(errno));
    else
        *slot = pid;
}

static void fire(struct mt_triggers *t, struct mt_trigger_watch *w, size_t i, pid_t *slot,
                 const struct mt_gauge *gauge, const struct mt_trigger_target *target) {
    const struct mt_condition *condition = &t->conditions[i];
    double figure = 0, bound;
    mt_condition_figure(condition, &w->watches[i], gauge, &figure, &bound);
    add_mark(w, gauge->time_ns, condition->text);
    struct mt_firing firing = {
        .program = t->output.program,
        .condition = condition->text,
        .time_ns = gauge->time_ns,
        .pid = target->pid,
        .start_ticks = target->start_ticks,
        .ledger_path = target->ledger_path,
        .ticks = target->ticks,
        .n_ticks = target->n_ticks,
        .composition = target->composition,
        .marks = w->marks,
        .n_marks = w->n_marks,
        .pattern = t->output.pattern,
        .number = ++t->n_snapshots,
        .since_ns = t->since_ns,
        .force = t->output.force,
        .quiet = t->output.quiet,
        .symbols = t->output.symbols,
    };
    mt_condition_format(condition, figure, firing.figure, sizeof firing.figure);
    start_actions(t, slot, &firing);
    if (++w->n_fired[i] == MOST_FIRINGS)
        mt_terminal_print_problem(t->output.program,
                                  "A wider bound or a longer --again makes it fire less often.",
                                  "%s has fired %d times in process %d: this was the last one",
                                  condition->text, MOST_FIRINGS, (int)target->pid);
}

size_t mt_trigger_check(struct mt_triggers *t, struct mt_trigger_watch *w, struct mt_gauge *gauge,
                        const struct mt_trigger_target *target) {
    size_t n = 0;
    reap(t);
    if (!w->has_looked)
        find_limit(t, w, target->pid);
    gauge->limit_bytes = w->limit.bytes;
    for (size_t i = 0; i < t->n_conditions; i++) {
        const struct mt_condition_watch before = w->watches[i];
        if (!mt_condition_fires(&t->conditions[i], &w->watches[i], gauge, t->again_ns) ||
            w->n_fired[i] >= MOST_FIRINGS)
            continue;
        pid_t *slot = free_slot(t);
        if (slot) {
            fire(t, w, i, slot, gauge, target);
            n++;
        } else {
            w->watches[i].is_true = before.is_true; /* again at the next tick */
            w->watches[i].has_fired = before.has_fired;
            w->watches[i].fired_ns = before.fired_ns;
        }
    }
    return n;
}

/* ---- a process that somebody else started ---------------------------------------------------- */

static size_t check_watched(struct mt_triggers *t, struct mt_trigger_watch *w,
                            const struct mt_watch *watch, struct mt_gauge *gauge) {
    const struct mt_trigger_target target = {
        .pid = watch->pid,
        .start_ticks = watch->start_ticks,
        .ledger_path = watch->path,
        .ticks = watch->axis.ticks,
        .n_ticks = watch->axis.n,
    };
    return mt_trigger_check(t, w, gauge, &target);
}

int mt_trigger_follow(struct mt_triggers *t, pid_t pid, uint64_t interval_ns, size_t count,
                      size_t *n_fired, struct mt_error *error) {
    struct mt_watch watch;
    struct mt_gauge gauge;
    *n_fired = 0;
    int rc = mt_watch_open(pid, FOLLOW_TICKS, &watch, error);
    if (rc != 0)
        return rc;
    struct mt_trigger_watch *w = mt_trigger_watch_new(t);
    uint64_t next = mt_clock_now_ns();
    while (w && mt_watch_sleep(next) && mt_watch_tick(&watch, mt_clock_now_ns(), &gauge)) {
        *n_fired += check_watched(t, w, &watch, &gauge);
        if (count && *n_fired >= count)
            break;
        next = mt_clock_now_ns() + interval_ns;
    }
    rc = w ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_trigger_collect(t, true);
    mt_trigger_watch_free(w);
    mt_watch_close(&watch);
    return rc;
}
