/* SPDX-License-Identifier: MIT */
/*
 * The triggers themselves print nothing (watch/trigger.h): they tell a listener, which is here. Its
 * functions are called in the forks that do the actions as well; standard error is not buffered, so
 * that no line is printed twice.
 */
#include "run/triggers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/options.h"
#include "launch/target.h"
#include "text/terminal.h"
#include "view/format/format.h"

/* ---- options --------------------------------------------------------------------------------- */

/* A command of one word that does not exist is "snapshot" mistyped: that would be noticed only when
 * it matters. */
static bool is_mistyped(const char *text) {
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_-./:", *at))
            return false;
    return !mt_target_exists(text);
}

static int add_do(struct mt_triggers *t, const char *text, struct mt_error *error) {
    struct mt_action action;
    int rc = mt_action_parse(text, &action, error);
    if (rc == 0 && action.kind == MT_ACTION_COMMAND && is_mistyped(text))
        rc = mt_error_set(error, MEMTRACK_EUSAGE, MT_ACTION_HINT,
                          "--do %.100s: no such action or program", text);
    return rc == 0 ? mt_trigger_add_action(t, &action, error) : rc;
}

enum { KEY_WHEN = 0x7000, KEY_DO, KEY_AGAIN };

static const struct argp_option options[] = {
    {"when", KEY_WHEN, "CONDITION", MT_HELP_COMMON,
     "Act when a figure passes a bound, such as live>1G (repeatable). The figures are live, "
     "peak, rss, pss, swap, growth, blocks, unknown_frees, failed, dropped and time. rss>80% "
     "is of the memory limit, growth>1M/s is over 10s, growth(60s)>1M/s over 60s",
     0},
    {"do", KEY_DO, "snapshot|signal:NAME|COMMAND", MT_HELP_COMMON,
     "Do this then (default: snapshot; repeatable). Of several, one is done after the other. "
     "A command finds MEMTRACK_PID, MEMTRACK_PROFILE and MEMTRACK_CONDITION in its environment",
     0},
    {"again", KEY_AGAIN, "DUR", 0,
     "Wait at least so long before the same condition acts again (default: 10s)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct mt_triggers *t = state->input;
    struct mt_error error = {{0}, {0}};
    int rc = 0;
    switch (key) {
    case KEY_WHEN:
        rc = mt_trigger_add_condition(t, text, &error);
        break;
    case KEY_DO:
        rc = add_do(t, text, &error);
        break;
    case KEY_AGAIN:
        mt_options_duration(state, "--again", text, 0, 0, "30s");
        rc = mt_trigger_set_again(t, text, &error);
        break;
    case ARGP_KEY_END:
    case ARGP_KEY_NO_ARGS:
        return 0;
    case ARGP_KEY_SUCCESS:
        rc = mt_trigger_complete(t, &error);
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

const struct argp mt_run_triggers_argp = {.options = options, .parser = parse};

/* ---- messages -------------------------------------------------------------------------------- */

static void say_limit(void *context, const char *condition, const struct mt_limit *limit) {
    const struct mt_run_triggers_output *output = context;
    char size[MT_FORMAT_BYTES];
    if (!output->quiet)
        fprintf(stderr, "%s: %s is of %s: %s\n", output->program, condition,
                mt_format_size(size, (int64_t)limit->bytes, false), limit->source);
}

/* Prints "memtrack run: live>1G in process 4242 (1.2 GiB after 3.5 s): wrote FILE". */
static void say_action(void *context, const struct mt_firing *f, const char *what,
                       const char *argument) {
    const struct mt_run_triggers_output *output = context;
    struct mt_terminal terminal;
    char when[MT_FORMAT_BYTES];
    if (output->quiet)
        return;
    mt_terminal_init(&terminal, stderr, MT_COLOR_AUTO);
    fprintf(stderr, "%s: %s in process %d (%s after %s): %s ", output->program, f->condition,
            (int)f->pid, f->figure, mt_format_duration(when, f->time_ns), what);
    mt_terminal_put(&terminal, MT_STYLE_NONE, argument);
    fputc('\n', stderr);
}

static void say_problem(void *context, const struct mt_error *problem) {
    const struct mt_run_triggers_output *output = context;
    mt_terminal_print_error(output->program, problem);
}

void mt_run_triggers_set_output(struct mt_triggers *triggers,
                                struct mt_run_triggers_output *output) {
    const struct mt_trigger_output of = {
        .pattern = output->pattern,
        .force = output->force,
        .symbols = output->symbols,
        .wrappers = output->wrappers,
        .listener = {.context = output,
                     .limit = say_limit,
                     .action = say_action,
                     .problem = say_problem},
    };
    mt_trigger_set_output(triggers, &of);
}
