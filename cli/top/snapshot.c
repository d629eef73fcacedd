/* SPDX-License-Identifier: MIT */
/*
 * A snapshot from the screen: cut, converted, named and written by a child process, because naming
 * a large program's addresses takes seconds, and what goes wrong there must not take the screen
 * along. The result comes back as one line of text. The child opens the ledger itself: a lock on
 * the parent's descriptor would be the parent's as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "profile/called.h"
#include "profile/ledger/live.h"
#include "profile/pprof/output.h"
#include "top/top.h"
#include "view/rows/patterns.h"
#include "watch/live_tree.h"

static int take_tree(const struct mt_top *top, struct mt_profile **profile,
                     struct mt_error *error) {
    const struct mt_merge_keep keep = {.processes = true, .threads = true};
    struct mt_symbols_options symbols = top->options.symbols;
    struct mt_processes processes;
    symbols.cache = NULL;
    int rc = mt_live_tree_load(top->tree.root, &keep, &symbols, &processes, profile, error);
    if (rc == 0)
        mt_processes_free(&processes);
    return rc;
}

/* Takes a profile of now. When the ledger's file has been removed, it is read by the descriptor
 * that is still open. */
static int take(const struct mt_top *top, struct mt_profile **profile, struct mt_error *error) {
    struct mt_ledger *own = NULL;
    if (top->is_tree)
        return take_tree(top, profile, error);
    if (!mt_top_model_ledger(top->model)) {
        mt_error_set(error, MEMTRACK_ENOTFOUND, "", "this was written already");
        return -MEMTRACK_ENOTFOUND;
    }
    int rc = mt_ledger_open(top->target.path, &own, NULL);
    struct mt_ledger *ledger = rc == 0 ? own : mt_top_model_ledger(top->model);
    rc = mt_ledger_live_convert(ledger, profile, error);
    mt_ledger_close(own);
    return rc;
}

static int write_profile(const struct mt_top *top, char **written, struct mt_error *error) {
    struct mt_profile *profile;
    int rc = take(top, &profile, error);
    if (rc != 0)
        return rc;
    const struct mt_axis *axis = mt_top_model_axis(top->model);
    const struct mt_output_fields fields = {.pid = profile->info.pid,
                                            .program = mt_called_name(profile),
                                            .start_time_ns = profile->info.start_time_ns};
    char *path = mt_output_name(MT_OUTPUT_DEFAULT, &fields, "");
    uint64_t since_ns = mt_clock_ns(CLOCK_REALTIME);
    rc = path ? mt_axis_copy(axis->ticks, axis->n, top->delay_ns, profile) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = mt_symbols_resolve(
            profile,
            &(struct mt_symbols_options){.debug_path = top->options.symbols.debug_path,
                                         .debuginfod = top->options.symbols.debuginfod},
            error);
    if (rc == 0)
        mt_patterns_store(profile, &top->options.wrappers); /* as many as fit */
    if (rc == 0)
        rc = mt_output_write(profile, path, false, since_ns, written, error);
    else if (!error->message[0])
        mt_error_set(error, -rc, "", "out of memory");
    free(path);
    mt_profile_free(profile);
    return rc;
}

static void write_and_exit(const struct mt_top *top, int to) {
    struct mt_error error = {{0}, {0}};
    char *written = NULL;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2 && nowhere >= 0; fd++) /* the terminal is the parent's */
        dup2(nowhere, fd);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV,
                                  SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    int rc = write_profile(top, &written, &error);
    if (rc == 0)
        dprintf(to, "wrote %s", written);
    else
        dprintf(to, "no snapshot: %s", error.message);
    _exit(0);
}

int mt_top_snapshot_begin(const struct mt_top *top, int *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    *pid = fork();
    if (*pid == 0) {
        close(ends[0]);
        write_and_exit(top, ends[1]);
    }
    close(ends[1]);
    if (*pid > 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

bool mt_top_snapshot_is_ready(int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 0) > 0;
}

char *mt_top_snapshot_end(int fd, int pid) {
    char text[1024];
    size_t have = 0;
    for (ssize_t n; have < sizeof text - 1;) {
        n = read(fd, text + have, sizeof text - 1 - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    text[have] = 0;
    close(fd);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return strdup(have ? text : "no snapshot: its writer ended early");
}
