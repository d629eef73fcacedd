/* SPDX-License-Identifier: MIT */
/*
 * That a process has ended shows in its statm file, which is kept open: it belongs to that process
 * for good and fails when it is gone, whoever gets the pid next; a zombie's says 0 pages.
 *
 * Executing a program keeps pid, start time and the open statm. If the new program is tracked, its
 * ledger is beside the old one under the next counter, so one stat tells; if not, the link
 * /proc/PID/exe has changed and no ledger comes. Rejected: looking for the old ledger in
 * /proc/PID/maps, which locks the mappings of the process while it is read.
 */
#include "top/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "ledger/filename.h"
#include "ledger/find.h"
#include "view/subject.h"
#include "watch/usage.h"

enum { LOOK_MS = 500 };
#define NO_PROGRAM "?" /* is what no link of /proc says */

const char *mt_top_target_state_name(enum mt_top_state state) {
    static const char *const names[] = {"running", "stopped", "ended", "replaced"};
    return names[state];
}

/* ---- /proc ----------------------------------------------------------------------------------- */

static void read_exe(uint32_t pid, char *exe, size_t bytes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/exe", pid);
    ssize_t n = readlink(path, exe, bytes - 1);
    exe[n > 0 ? n : 0] = 0;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Tells whether the process runs the program that writes this ledger. Then exe is that program's:
 * it is read before. */
static bool is_running_it(struct mt_top_target *target, const struct mt_ledger *ledger) {
    read_exe(target->pid, target->exe, sizeof target->exe);
    return mt_ledger_is_live(ledger);
}

/* Finds out whether the process that the ledger names is still the one with that pid. */
static void find_process(struct mt_top_target *target, const struct mt_ledger *ledger) {
    const char *slash = strrchr(target->path, '/');
    struct mt_ledger_filename name;
    target->pid = mt_ledger_info(ledger)->pid;
    target->statm_fd = -1;
    if (mt_ledger_filename_parse(slash ? slash + 1 : target->path, &name) &&
        name.pid == target->pid)
        target->start_ticks = name.start_ticks;
    bool is_same =
        target->start_ticks && mt_process_start_ticks(target->pid) == target->start_ticks;
    if (is_same && is_running_it(target, ledger))
        target->statm_fd = mt_usage_open(target->pid);
    target->state =
        target->statm_fd >= 0 && mt_usage_rss(target->statm_fd) ? MT_TOP_RUNNING : MT_TOP_ENDED;
}

int mt_top_target_open(struct mt_top_target *target, const char *what, struct mt_ledger **ledger,
                       struct mt_error *error) {
    pid_t pid;
    int rc = 0;
    *target = (struct mt_top_target){.statm_fd = -1};
    if (mt_subject_is_process(what, &pid))
        rc = mt_find_ledger(pid, &target->path, NULL, error);
    else
        target->path = strdup(what);
    if (rc == 0 && !target->path)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc == 0)
        rc = mt_ledger_open(target->path, ledger, error);
    if (rc == -MEMTRACK_EFORMAT &&
        error) /* whoever opens a ledger for a report may be shown to a profile */
        snprintf(error->hint, sizeof error->hint,
                 "Give the pid of a tracked process, or a ledger (*.ledger).");
    if (rc != 0) {
        mt_top_target_close(target);
        return rc;
    }
    find_process(target, *ledger);
    return 0;
}

void mt_top_target_close(struct mt_top_target *target) {
    if (target->statm_fd >= 0)
        close(target->statm_fd);
    target->statm_fd = -1;
    free(target->path);
    target->path = NULL;
}

/* ---- looking --------------------------------------------------------------------------------- */

uint64_t mt_top_target_look(struct mt_top_target *target, uint64_t now_ns) {
    uint64_t rss = target->statm_fd >= 0 ? mt_usage_rss(target->statm_fd) : 0;
    if (rss == 0)
        target->state = MT_TOP_ENDED;
    if (rss == 0 || now_ns < target->look_ns)
        return rss;
    target->look_ns = now_ns + LOOK_MS * UINT64_C(1000000);
    char exe[sizeof target->exe];
    read_exe(target->pid, exe, sizeof exe);
    if (*exe && *target->exe && strcmp(exe, target->exe) != 0)
        target->state = MT_TOP_REPLACED;
    else {
        char state = mt_process_state(target->pid);
        target->state = state == 'T' || state == 't' ? MT_TOP_STOPPED : MT_TOP_RUNNING;
    }
    return rss;
}

static char *next_path(const struct mt_top_target *target) {
    const char *slash = strrchr(target->path, '/');
    struct mt_ledger_filename name;
    char file[128], *path = NULL;
    if (!mt_ledger_filename_parse(slash ? slash + 1 : target->path, &name))
        return NULL;
    name.counter++;
    mt_ledger_filename_format(&name, file, sizeof file);
    int directory = slash ? (int)(slash - target->path) : 1;
    return asprintf(&path, "%.*s/%s", directory, slash ? target->path : ".", file) < 0 ? NULL
                                                                                       : path;
}

struct mt_ledger *mt_top_target_next(struct mt_top_target *target) {
    struct mt_ledger *ledger = NULL;
    if (target->statm_fd < 0 || target->start_ticks == 0)
        return NULL;
    char *path = next_path(target);
    if (!path || access(path, R_OK) != 0 || mt_ledger_open(path, &ledger, NULL) != 0) {
        free(path);
        return NULL;
    }
    free(target->path);
    target->path = path;
    bool is_running = is_running_it(target, ledger);
    if (!is_running)
        strcpy(target->exe, NO_PROGRAM); /* it is another one by now */
    target->state = is_running ? MT_TOP_RUNNING : MT_TOP_REPLACED;
    target->look_ns = 0;
    return ledger;
}
