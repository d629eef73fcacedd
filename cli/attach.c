/* SPDX-License-Identifier: MIT */
/*
 * memtrack attach, memtrack detach: recording on and off in a running process. One byte in its
 * ledger; its threads see it at their next allocation or free. That is also all there is to be sure
 * of: a process that allocates nothing has nothing to notice, so neither command waits for a sign
 * of it.
 */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>

#include "command/command.h"
#include "ledger/control.h"
#include "profile/ledger/live.h"
#include "text/terminal.h"
#include "view/subject.h"

enum { KEY_JSON = 256 };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print as JSON whether recording was on before, and is now", 0},
    {"quiet", 'q', NULL, 0, "Print only problems", 0},
    {0},
};

struct request {
    const char *program;
    pid_t pid;
    bool json, quiet;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_JSON:
        r->json = true;
        return 0;
    case 'q':
        r->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->pid)
            argp_error(state, "one process at a time");
        if (!mt_subject_is_process(text, &r->pid))
            argp_error(state,
                       "%s is no process: give a pid; memtrack list shows those that are tracked",
                       text);
        return 0;
    case ARGP_KEY_END:
        if (!r->pid)
            argp_error(state,
                       "give the pid of a process; memtrack list shows those that are tracked");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp attach_parser = {
    .options = options,
    .parser = parse_option,
    .args_doc = "PID",
    .doc = "Record the allocations of a running process from now on."
           "\vThe process must have been started with the tracker in it, dormant (memtrack "
           "run --dormant, or MEMTRACK_ACTIVE=0) or not. What it has allocated before stays "
           "unknown, and when it frees that, these are counted as unknown frees. Nothing is "
           "done when recording is on already."
           "\n\nExit status: 0, 2 wrong usage, 3 the process is not tracked or may not be "
           "asked.",
};

static const struct argp detach_parser = {
    .options = options,
    .parser = parse_option,
    .args_doc = "PID",
    .doc = "Do not record the allocations of a running process from now on."
           "\vWhat was recorded stays and can be read, and the recorder still sees when "
           "recorded blocks are freed. memtrack attach switches recording on again. Nothing "
           "is done when recording is off already."
           "\n\nExit status: 0, 2 wrong usage, 3 the process is not tracked or may not be "
           "asked.",
};

static int say_json(const struct request *r, bool was_on, bool on) {
    json_t *object = json_pack("{s:s, s:i, s:b, s:b}", "schema", "memtrack-switch/1", "pid",
                               (int)r->pid, "was_recording", (int)was_on, "recording", (int)on);
    bool done =
        object && json_dumpf(object, stdout, JSON_COMPACT) == 0 && fputc('\n', stdout) != EOF;
    json_decref(object);
    return done ? 0 : -MEMTRACK_EIO;
}

static void say(const struct request *r, bool was_on, bool on) {
    if (was_on == on)
        printf("process %d: recording was %s already\n", r->pid, on ? "on" : "off");
    else if (on)
        printf("process %d: recording is on; look at it with: memtrack report %d\n", r->pid,
               r->pid);
    else
        printf("process %d: recording is off; what was recorded stays: memtrack report %d\n",
               r->pid, r->pid);
}

static int switch_process(const struct request *r, bool on, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_ledger_live_open(r->pid, &ledger, error);
    if (rc != 0)
        return rc;
    bool was_on = mt_ledger_info(ledger)->control.request.off == 0;
    if (!mt_ledger_is_live(ledger))
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND,
                          "What it has recorded can be read with memtrack report.",
                          "process %d has ended", r->pid);
    if (rc == 0 && was_on != on)
        rc = mt_ledger_control_switch(ledger, on, error);
    mt_ledger_close(ledger);
    if (rc != 0)
        return rc;
    if (r->json)
        return say_json(r, was_on, on);
    if (!r->quiet)
        say(r, was_on, on);
    return 0;
}

static int run(int argc, char **argv, const struct argp *parser, bool on) {
    struct request r = {.program = argv[0]};
    struct mt_error error = {0};
    argp_parse(parser, argc, argv, 0, NULL, &r);
    int rc = switch_process(&r, on, &error);
    if (rc != 0 && error.message[0])
        mt_terminal_print_error(r.program, &error);
    bool written = mt_pager_finish(r.program);
    return rc == 0 && written ? MT_EXIT_OK : MT_EXIT_UNREADABLE;
}

int mt_attach_command(int argc, char **argv) {
    return run(argc, argv, &attach_parser, true);
}

int mt_detach_command(int argc, char **argv) {
    return run(argc, argv, &detach_parser, false);
}
