/* SPDX-License-Identifier: MIT */
/*
 * A firing is handled in a fork of the process that watches: a snapshot takes as long as its
 * symbols take, a command as long as it likes, and the ticks must not wait for either. It opens the
 * ledger by itself, since the watcher may close its own at any time.
 *
 * A signal goes through a pidfd: between the look at the start time and the signal the pid cannot
 * pass to another process.
 */
#include "watch/action.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "ledger/ledger.h"
#include "profile/called.h"
#include "profile/ledger/live.h"
#include "profile/pprof/output.h"
#include "view/rows/patterns.h"
#include "view/symbols/symbols.h"
#include "watch/axis.h"

#define SIGNAL_PREFIX "signal:"

/* ---- parsing --------------------------------------------------------------------------------- */

static int parse_signal(const char *name) {
    char *end;
    long number = strtol(name, &end, 10);
    if (isdigit((unsigned char)*name))
        return *end || number < 1 || number > SIGRTMAX ? 0 : (int)number;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (int i = 1; i < NSIG; i++)
        if (sigabbrev_np(i) && strcasecmp(sigabbrev_np(i), name) == 0)
            return i;
    return 0;
}

int mt_action_parse(const char *text, struct mt_action *action, struct mt_error *error) {
    *action = (struct mt_action){.kind = MT_ACTION_COMMAND, .text = text};
    if (strcmp(text, "snapshot") == 0) {
        action->kind = MT_ACTION_SNAPSHOT;
        return 0;
    }
    if (strncmp(text, SIGNAL_PREFIX, strlen(SIGNAL_PREFIX)) == 0) {
        action->kind = MT_ACTION_SIGNAL;
        action->signal_number = parse_signal(text + strlen(SIGNAL_PREFIX));
        return action->signal_number ? 0
                                     : mt_error_set(error, MEMTRACK_EUSAGE, MT_ACTION_HINT,
                                                    "--do %.100s: no such signal", text);
    }
    if (text[strspn(text, " \t\n")] == '\0')
        return mt_error_set(error, MEMTRACK_EUSAGE, MT_ACTION_HINT, "--do needs an action");
    return 0;
}

/* ---- snapshot -------------------------------------------------------------------------------- */

/* Adds what has been seen of the process until now. */
static int add_past(const struct mt_firing *f, struct mt_profile *profile,
                    const struct mt_ledger_map *map) {
    int rc = mt_axis_copy(f->ticks, f->n_ticks, 0, profile);
    if (rc == 0)
        rc = mt_firings_apply(f->firings, profile);
    return rc == 0 ? mt_composition_apply(f->composition, profile, map) : rc;
}

static int convert(const struct mt_firing *f, struct mt_profile **profile, struct mt_error *error) {
    struct mt_ledger *ledger;
    struct mt_ledger_map map;
    int rc = mt_ledger_open(f->ledger_path, &ledger, error);
    if (rc != 0)
        return rc;
    rc = mt_ledger_live_convert_mapped(ledger, profile, &map, error);
    mt_ledger_close(ledger);
    if (rc != 0)
        return rc;
    rc = add_past(f, *profile, &map);
    mt_ledger_convert_map_free(&map);
    if (rc != 0) {
        mt_profile_free(*profile);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    mt_symbols_resolve(*profile, &f->symbols, NULL); /* a profile without names is still one */
    mt_patterns_store(*profile, &f->wrappers);       /* as many as fit */
    return 0;
}

/* Returns the name, malloc'ed, with the number where %n is, or before the suffix. */
static char *name_snapshot(const struct mt_firing *f, const struct mt_output_fields *fields) {
    char number[16], insert[18];
    bool has_number;
    snprintf(number, sizeof number, "%u", f->number);
    snprintf(insert, sizeof insert, ".%s", number);
    char *pattern = mt_output_number(f->pattern, number, &has_number);
    char *name = pattern ? mt_output_name(pattern, fields, has_number ? "" : insert) : NULL;
    free(pattern);
    return name;
}

/* Sets *written to the name of the snapshot, malloc'ed. */
static int take_snapshot(const struct mt_firing *f, char **written, struct mt_error *error) {
    struct mt_profile *profile;
    int rc = convert(f, &profile, error);
    if (rc != 0)
        return rc;
    const struct mt_output_fields fields = {
        .pid = (uint32_t)f->pid,
        .program = mt_called_name(profile),
        .start_time_ns = profile->info.start_time_ns,
    };
    char *wanted = name_snapshot(f, &fields);
    rc = wanted ? mt_output_write(profile, wanted, f->force, f->since_ns, written, error)
                : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc == 0) {
        mt_output_explain(wanted, *written, error);
        if (error->message[0])
            f->listener->problem(f->listener->context, error);
    }
    free(wanted);
    mt_profile_free(profile);
    return rc;
}

/* ---- signal and command ---------------------------------------------------------------------- */

static int send_signal(const struct mt_firing *f, int number, struct mt_error *error) {
    int fd = f->start_ticks ? (int)syscall(SYS_pidfd_open, f->pid, 0) : -1;
    bool is_same = fd >= 0 && mt_process_start_ticks((uint32_t)f->pid) == f->start_ticks;
    int rc = 0;
    if (f->start_ticks == 0)
        rc =
            mt_error_set(error, MEMTRACK_EIO, "",
                         "process %d is in another pid namespace: no signal was sent", (int)f->pid);
    else if (!is_same)
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND, "", "process %d has ended: no signal was sent",
                          (int)f->pid);
    else if (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) != 0)
        rc = mt_error_set(error, MEMTRACK_EIO, "", "process %d could not be sent signal %d: %s",
                          (int)f->pid, number, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

_Noreturn static void become_command(const struct mt_firing *f, const char *command,
                                     const char *profile) {
    char pid[16];
    int null = open("/dev/null", O_RDONLY);
    snprintf(pid, sizeof pid, "%d", (int)f->pid);
    setenv("MEMTRACK_PID", pid, 1);
    setenv("MEMTRACK_PROFILE", profile, 1);
    setenv("MEMTRACK_CONDITION", f->condition, 1);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static int run_command(const struct mt_firing *f, const char *command, const char *profile,
                       struct mt_error *error) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        become_command(f, command, profile);
    if (pid < 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "cannot start '%.100s': %s", command,
                            strerror(errno));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return mt_error_set(error, MEMTRACK_EIO, "", "'%.100s' was ended by signal %d", command,
                            WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return mt_error_set(error, MEMTRACK_EIO, "", "'%.100s' ended with status %d", command,
                            WEXITSTATUS(status));
    return 0;
}

/* ---- a firing -------------------------------------------------------------------------------- */

static void say(const struct mt_firing *f, const char *what, const char *argument) {
    f->listener->action(f->listener->context, f, what, argument);
}

static int do_action(const struct mt_action *action, const struct mt_firing *f, char **profile,
                     struct mt_error *error) {
    int rc = 0;
    switch (action->kind) {
    case MT_ACTION_SNAPSHOT:
        free(*profile);
        *profile = NULL;
        rc = take_snapshot(f, profile, error);
        if (rc == 0)
            say(f, "wrote", *profile);
        break;
    case MT_ACTION_SIGNAL:
        rc = send_signal(f, action->signal_number, error);
        if (rc == 0)
            say(f, "sent it", action->text);
        break;
    case MT_ACTION_COMMAND:
        say(f, "running", action->text);
        rc = run_command(f, action->text, *profile ? *profile : "", error);
        break;
    }
    return rc;
}

/* The watcher's signals are its own; a Ctrl-C that is meant for the program must not cost the
 * snapshot. */
static void settle_signals(void) {
    static const int defaults[] = {SIGTERM, SIGHUP, SIGCHLD, SIGPIPE};
    sigset_t none;
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        signal(defaults[i], SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int mt_action_work(const struct mt_action *actions, size_t n, const struct mt_firing *f) {
    char *profile = NULL;
    int status = 0;
    settle_signals();
    for (size_t i = 0; i < n; i++) {
        struct mt_error error = {{0}, {0}}, told;
        if (do_action(&actions[i], f, &profile, &error) == 0)
            continue;
        status = 1;
        mt_error_set(&told, MEMTRACK_EIO, error.hint, "%s in process %d: %s", f->condition,
                     (int)f->pid, error.message);
        f->listener->problem(f->listener->context, &told);
    }
    free(profile);
    return status;
}
