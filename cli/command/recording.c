/* SPDX-License-Identifier: MIT */
/*
 * Recording is a byte in the ledger of the process; its threads see it at their next allocation or
 * free. That is also all there is to be sure of: a process that allocates nothing has nothing to
 * notice, so neither command waits for a sign of it.
 */
#include "command/recording.h"

#include <stdio.h>

#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "export/export.h"
#include "ledger/control.h"
#include "profile/ledger/live.h"
#include "text/pager.h"
#include "text/terminal.h"

const struct argp_option mt_recording_options[] = {
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON,
     "Print as JSON whether recording was on, and is now", 0},
    {"quiet", MT_KEY_QUIET, NULL, MT_HELP_COMMON, "Print only problems", 0},
    {0},
};

struct request {
    struct mt_options_shared shared;
    pid_t pid;
};

error_t mt_recording_parse(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        mt_options_pid(state, text, &r->pid);
        return 0;
    case ARGP_KEY_END:
        mt_options_need_pid(state, r->pid);
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

static void say(const struct request *r, bool was_on, bool on) {
    if (was_on == on)
        printf("process %d: recording was %s already\n", r->pid, on ? "on" : "off");
    else if (on)
        printf("process %d: recording is on. Look at it: memtrack report %d\n", r->pid, r->pid);
    else
        printf("process %d: recording is off. Look at what it recorded: memtrack report %d\n",
               r->pid, r->pid);
}

static int switch_process(const struct request *r, bool on, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_ledger_live_open(r->pid, &ledger, error);
    if (rc != 0)
        return rc;
    bool was_on = mt_ledger_info(ledger)->control.request.off == 0;
    if (!mt_ledger_is_live(ledger))
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND, "memtrack report reads what it has recorded.",
                          "process %d has ended", r->pid);
    if (rc == 0 && was_on != on)
        rc = mt_ledger_control_switch(ledger, on, error);
    mt_ledger_close(ledger);
    if (rc != 0)
        return rc;
    const struct mt_export thing = {
        .what = MT_EXPORT_SWITCH,
        .switched = {(uint32_t)r->pid, was_on, on},
    };
    if (r->shared.json)
        return mt_export(stdout, &thing, MT_EXPORT_JSON, error);
    if (!r->shared.quiet)
        say(r, was_on, on);
    return 0;
}

int mt_recording_command(int argc, char **argv, const struct argp *parser, bool on) {
    struct request r = {.shared.program = argv[0]};
    struct mt_error error = {0};
    mt_help_parse(parser, argc, argv, 0, &r);
    int rc = switch_process(&r, on, &error);
    bool written = mt_pager_finish(r.shared.program);
    if (rc != 0 && written && error.message[0])
        mt_terminal_print_error(r.shared.program, &error);
    return rc == 0 && written ? MT_EXIT_OK : MT_EXIT_UNREADABLE;
}
