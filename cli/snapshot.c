/* SPDX-License-Identifier: MIT */
/*
 * memtrack snapshot: a profile of a process that runs, once or again and again. A series keeps its
 * rhythm: a snapshot that took longer than the interval costs the ones that it overran, and does
 * not move the others. When the process ends the series takes what it has left, as long as it is
 * there, and stops.
 *
 * A signal ends a series between two snapshots, so that no cut stays open and no temporary file
 * behind.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/process.h"
#include "command/charged.h"
#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "export/export.h"
#include "profile/called.h"
#include "profile/pprof/output.h"
#include "run/summary.h"
#include "run/triggers.h"
#include "text/terminal.h"
#include "view/format/format.h"
#include "view/refused.h"
#include "view/rows/patterns.h"
#include "view/subject.h"
#include "view/symbols/symbols.h"
#include "watch/past.h"

#define TRIGGER_INTERVAL_NS UINT64_C(50000000)

enum key { KEY_EVERY = 256, KEY_COUNT };
enum { MAX_COUNT = 1000000 };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", MT_HELP_COMMON,
     "Write the profile to FILE (default: " MT_OUTPUT_DEFAULT
     "). %p is the pid, %e the program, %h the host, %t the start time, %n the number in a series. "
     "When the default exists, a number is added",
     0},
    {"force", MT_KEY_FORCE, NULL, MT_HELP_COMMON, "Replace an existing file", 0},
    {"every", KEY_EVERY, "DUR", MT_HELP_COMMON,
     "Take one snapshot every DUR, such as 10s or 5m, until the process ends", 0},
    {"count", KEY_COUNT, "N", MT_HELP_COMMON,
     "Stop after N snapshots. With --when: after the condition was true N times", 0},
    {"quiet", MT_KEY_QUIET, NULL, MT_HELP_COMMON, "Print no summary, only problems", 0},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print a line of JSON for each snapshot", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {NULL, 0, NULL, 0, "Charging, here and in later views of the profile:", 4},
    MT_CHARGED_OPTIONS(4, 0),
    {NULL, 0, NULL, 0, "Names:", 5},
    MT_SYMBOL_OPTIONS(5),
    {0},
};

struct request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    pid_t pid;
    const char *output; /* NULL: the default */
    uint64_t every_ns;  /* 0: once */
    unsigned long count;
    struct mt_triggers *triggers; /* always there */
};

/* ---- options --------------------------------------------------------------------------------- */

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = r->triggers;
        return 0;
    case 'o':
        r->output = text;
        return 0;
    case KEY_EVERY:
        r->every_ns = mt_options_duration(state, "--every", text, 0, 1000000, "10s");
        return 0;
    case KEY_COUNT:
        r->count = mt_options_number(state, "--count", text, 1, MAX_COUNT);
        return 0;
    case ARGP_KEY_ARG:
        mt_options_pid(state, text, &r->pid);
        return 0;
    case ARGP_KEY_END:
        mt_options_need_pid(state, r->pid);
        if (mt_trigger_any(r->triggers) && (r->every_ns || r->shared.json))
            argp_error(state, "--when excludes --every and --json");
        if (r->count && !r->every_ns && !mt_trigger_any(r->triggers))
            argp_error(state, "--count needs --every or --when");
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ||
                       mt_charged_parse(key, text, state, &r->charged)
                   ? 0
                   : ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&mt_run_triggers_argp, 0, "Triggers:", 2}, {0}};

const struct argp mt_snapshot_argp = {
    .options = options,
    .children = children,
    .parser = parse_option,
    .args_doc = "PID",
    .doc = "Write a profile of a running process, without stopping it."
           "\vExample: memtrack snapshot --every 10s --count 6 1234\n\n"
           "The profile shows one instant of the process, whatever its threads do "
           "meanwhile. The process may also be stopped or deadlocked. When it has ended, what "
           "it has left is read. Without --count a series goes on until the process ends or a "
           "signal arrives."
           "\n\nExit status: 0, 2 wrong usage, 3 the process cannot be read or the profile "
           "cannot be written.",
};

/* ---- names ----------------------------------------------------------------------------------- */

static int digits(unsigned long number) {
    int n = 1;
    while (number /= 10)
        n++;
    return n;
}

/* The name of the number-th snapshot (1: the first; 0: there is no series). malloc'ed. */
static char *name_snapshot(const struct request *r, const struct mt_output_fields *fields,
                           unsigned long number) {
    char plain[24], insert[26] = "";
    bool has_number;
    snprintf(plain, sizeof plain, "%0*lu", digits(r->count), number);
    char *pattern = mt_output_number(r->output ? r->output : MT_OUTPUT_DEFAULT, plain, &has_number);
    if (number && !has_number)
        snprintf(insert, sizeof insert, ".%s", plain);
    char *name = pattern ? mt_output_name(pattern, fields, insert) : NULL;
    free(pattern);
    return name;
}

static int check_output(const struct request *r, struct mt_error *error) {
    bool found;
    if (!r->output)
        return 0;
    char *pattern = mt_output_number(r->output, "1", &found);
    int rc = pattern ? mt_output_check_pattern(pattern, error) : -MEMTRACK_ENOMEM;
    free(pattern);
    return rc;
}

/* ---- one snapshot ---------------------------------------------------------------------------- */

struct series {
    const struct request *request;
    struct mt_symbols_cache *symbols;
    uint64_t start_ticks; /* of the process, when it was first looked at */
    uint64_t since_ns;    /* files older than this may be replaced with --force */
    struct mt_profile *profile;
};

static int print_snapshot(const struct request *r, const struct mt_profile *profile,
                          const char *path, struct mt_error *error) {
    const struct mt_run_summary_options summary = {
        .profile_path = path,
        .color = r->shared.color,
        .by_live = true,
        .wrappers = mt_charged_wrappers(&r->charged),
    };
    const struct mt_export thing = {.what = MT_EXPORT_SNAPSHOT, .snapshot = {profile, path}};
    int rc = r->shared.json ? mt_export(stdout, &thing, MT_EXPORT_JSON, error) : 0;
    if (!r->shared.json && !r->shared.quiet)
        mt_run_summary_print(stdout, profile, &summary);
    if (rc == 0 && fflush(stdout) != 0) /* who follows a series waits for it */
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot print: %s", strerror(errno));
    return rc;
}

static int write_snapshot(const struct series *s, unsigned long number, struct mt_error *error) {
    const struct request *r = s->request;
    const struct mt_profile *profile = s->profile;
    const struct mt_output_fields fields = {
        .pid = (uint32_t)r->pid,
        .program = mt_called_name(profile),
        .start_time_ns = profile->info.start_time_ns,
    };
    char *wanted = name_snapshot(r, &fields, number), *written = NULL;
    int rc = wanted ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc == 0 && r->output)
        rc = mt_output_check(wanted, r->shared.force, error);
    if (rc == 0) {
        *error = (struct mt_error){{0}, {0}};
        rc = mt_output_write(profile, wanted, r->shared.force, s->since_ns, &written, error);
    }
    if (rc == 0) {
        mt_output_explain(wanted, written, error);
        if (error->message[0])
            mt_terminal_print_error(r->shared.program, error);
        rc = print_snapshot(r, profile, written, error);
    }
    free(wanted);
    free(written);
    return rc;
}

static int take_snapshot(struct series *s, unsigned long number, struct mt_error *error) {
    struct mt_symbols_options symbols = s->request->shared.symbols;
    symbols.cache = s->symbols;
    int rc = mt_past_profile(s->request->pid, &s->profile, NULL, error);
    if (rc != 0)
        return rc;
    const struct mt_wrapper_options wrappers = mt_charged_wrappers(&s->request->charged);
    mt_symbols_resolve(s->profile, &symbols, NULL); /* a profile without names is still one */
    mt_refused_note(s->profile);
    mt_patterns_store(s->profile, &wrappers); /* as many as fit */
    rc = write_snapshot(s, number, error);
    mt_profile_free(s->profile);
    s->profile = NULL;
    return rc;
}

/* ---- a series -------------------------------------------------------------------------------- */

/* Until due (CLOCK_MONOTONIC). True: one of the signals, which are blocked, has come by then. */
static bool wait_until(uint64_t due, const sigset_t *signals) {
    for (;;) {
        uint64_t now = mt_clock_now_ns(), left = due > now ? due - now : 0;
        const struct timespec time = {.tv_sec = (time_t)(left / 1000000000),
                                      .tv_nsec = (long)(left % 1000000000)};
        if (sigtimedwait(signals, NULL, &time) > 0)
            return true;
        if (errno == EAGAIN)
            return false;
    }
}

static bool has_ended(const struct series *s) {
    return mt_process_start_ticks((uint32_t)s->request->pid) != s->start_ticks;
}

/* The last one of a process that has ended; that its ledger is gone by now is no problem. */
static int finish_series(struct series *s, unsigned long number, struct mt_error *error) {
    const struct request *r = s->request;
    int rc = mt_process_start_ticks((uint32_t)r->pid) ? -MEMTRACK_ENOTFOUND
                                                      : take_snapshot(s, number, error);
    if (!r->shared.quiet && !r->shared.json)
        fprintf(stderr, "%s: process %d has ended\n", r->shared.program, r->pid);
    return rc == -MEMTRACK_ENOTFOUND ? 0 : rc;
}

static int take_series(struct series *s, struct mt_error *error) {
    const struct request *r = s->request;
    uint64_t due = mt_clock_now_ns();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    for (unsigned long number = 1;; number++) {
        int rc = take_snapshot(s, number, error);
        if (rc == -MEMTRACK_ENOTFOUND && number > 1) /* it ended just now, and its ledger with it */
            return 0;
        if (rc != 0 || number == r->count)
            return rc;
        uint64_t now = mt_clock_now_ns();
        due += (now > due ? (now - due) / r->every_ns + 1 : 1) * r->every_ns;
        if (wait_until(due, &signals))
            return 0;
        if (has_ended(s))
            return finish_series(s, number + 1, error);
    }
}

static int wait_for_triggers(const struct request *r, struct mt_error *error) {
    struct mt_run_triggers_output output = {
        .program = r->shared.program,
        .pattern = r->output ? r->output : MT_OUTPUT_DEFAULT,
        .force = r->shared.force,
        .quiet = r->shared.quiet,
        .symbols = r->shared.symbols,
        .wrappers = mt_charged_wrappers(&r->charged),
    };
    size_t n_fired;
    mt_run_triggers_set_output(r->triggers, &output);
    int rc = mt_trigger_follow(r->triggers, r->pid, TRIGGER_INTERVAL_NS, r->count, &n_fired, error);
    if (rc == 0 && n_fired == 0 && !r->shared.quiet)
        fprintf(stderr, "%s: process %d: no condition became true\n", r->shared.program,
                (int)r->pid);
    return rc;
}

static int take(const struct request *r, struct mt_error *error) {
    struct series s = {
        .request = r,
        .symbols = mt_symbols_cache_new(),
        .start_ticks = mt_process_start_ticks((uint32_t)r->pid),
        .since_ns = mt_clock_ns(CLOCK_REALTIME),
    };
    int rc = check_output(r, error);
    if (rc == 0 && mt_trigger_any(r->triggers))
        rc = wait_for_triggers(r, error);
    else if (rc == 0)
        rc = r->every_ns ? take_series(&s, error) : take_snapshot(&s, 0, error);
    mt_symbols_cache_free(s.symbols);
    return rc;
}

int mt_snapshot_command(int argc, char **argv) {
    struct request r = {.shared.program = argv[0], .triggers = mt_trigger_new()};
    struct mt_error error = {0};
    if (!r.triggers) {
        mt_terminal_print_problem(argv[0], NULL, "out of memory");
        return MT_EXIT_UNREADABLE;
    }
    mt_help_parse(&mt_snapshot_argp, argc, argv, 0, &r);
    mt_charged_complete(r.shared.program, &r.charged);
    int rc = take(&r, &error);
    mt_charged_free(&r.charged);
    mt_trigger_free(r.triggers);
    return mt_command_end(r.shared.program, rc, &error);
}
