/* SPDX-License-Identifier: MIT */
/*
 * The kernel says which pid it gave out last, so that a tick at which nothing was started costs one
 * small read. The pids since then are looked at one by one: a process whose parent is one of ours
 * is ours. It counts as unrecorded as long as no ledger carries its pid; most find theirs at the
 * next tick. One that ends without is kept when it has executed another program than its parent: a
 * fork that allocates nothing has nothing to record, and is not worth a word.
 *
 * A process that is recorded and executes such a program goes on under its pid, with the ledger of
 * the program before: what its exe leads to tells.
 *
 * Why there is no ledger is asked of the file in the same way as before the run (target.h).
 * Processes that live shorter than a tick are not seen. Rejected: hooks of exec in the target (it
 * may be confined, or use the system call), and the kernel's process events, which need privileges.
 */
#include "run/unrecorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/process.h"
#include "launch/target.h"
#include "view/format/format.h"
#include "watch/usage.h"

enum { MOST_NEW = 256, MOST_UNRECORDED = 512, MOST_PROGRAMS = 20 };

/* ---- /proc ----------------------------------------------------------------------------------- */

/* Reads the parent and the name of a process. Returns false for a thread that is no process of its
 * own. */
static bool read_status(uint32_t pid, uint32_t *parent, char name[16]) {
    char text[2048];
    uint32_t group = 0;
    if (mt_process_read(pid, "status", text, sizeof text) <= 0)
        return false;
    const char *label = strstr(text, "\nTgid:"), *above = strstr(text, "\nPPid:");
    sscanf(text, "Name:\t%15[^\n]", name);
    return label && above && sscanf(label, "\nTgid: %" SCNu32, &group) == 1 && group == pid &&
           sscanf(above, "\nPPid: %" SCNu32, parent) == 1;
}

/* Returns false when it may not be seen. That is said of a process that has just ended as well. */
static bool read_exe(uint32_t pid, char *exe, size_t bytes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/exe", pid);
    ssize_t n = readlink(path, exe, bytes - 1);
    if (n >= 0)
        exe[n] = 0;
    return n >= 0 || (errno != EACCES && errno != EPERM);
}

static const char *variable_in(const char *text, ssize_t bytes, const char *name) {
    size_t length = strlen(name);
    for (const char *p = text; p < text + bytes; p += strlen(p) + 1)
        if (strncmp(p, name, length) == 0)
            return p + length;
    return NULL;
}

/* Notes as missing the directory that its environment names, when it is not there for the process:
 * that has another root, or other mounts. */
static void look_for_directory(uint32_t pid, const char *directory, char *missing, size_t bytes) {
    char path[4096];
    struct stat st;
    if (!directory || directory[0] != '/' || strlen(directory) >= bytes ||
        stat(directory, &st) != 0)
        return;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/root%s", pid, directory);
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR) &&
        mt_process_start_ticks(pid) != 0)
        snprintf(missing, bytes, "%s", directory);
}

/* Returns false when the environment can be read and does not ask for the tracker. */
static bool asks_for_tracker(uint32_t pid, char *missing, size_t bytes) {
    static char text[1 << 17];
    ssize_t n = mt_process_read(pid, "environ", text, sizeof text);
    if (n < 0 || n == (ssize_t)sizeof text - 1)
        return true;
    look_for_directory(pid, variable_in(text, n, "MEMTRACK_DIR="), missing, bytes);
    return memmem(text, (size_t)n, "libmemtrack", strlen("libmemtrack")) != NULL;
}

/* ---- who is ours ----------------------------------------------------------------------------- */

static bool is_running_track(const struct mt_ticker *ticker, uint32_t pid) {
    for (size_t i = ticker->n_tracks; i-- > 0;)
        if (ticker->tracks[i]->name.pid == pid && ticker->tracks[i]->state == MT_TICKER_RUNNING)
            return true;
    return false;
}

static bool has_ledger(const struct mt_ticker *ticker, const struct mt_unrecorded_process *s) {
    for (size_t i = ticker->n_tracks; i-- > 0;)
        if (ticker->tracks[i]->name.pid == s->pid && ticker->tracks[i]->name.counter >= s->counter)
            return true;
    return false;
}

static struct mt_unrecorded_process *unrecorded_of(struct mt_unrecorded *unrecorded, uint32_t pid) {
    for (size_t i = 0; i < unrecorded->n; i++)
        if (unrecorded->items[i].pid == pid)
            return &unrecorded->items[i];
    return NULL;
}

/* A process that has ended, and waits for its parent to notice, has no memory and says nothing true
 * any more. */
static void look_at(struct mt_unrecorded_process *s) {
    char text[128];
    unsigned long long size, resident;
    bool has_tracker = asks_for_tracker(s->pid, s->missing, sizeof s->missing);
    bool is_seen = read_exe(s->pid, s->exe, sizeof s->exe);
    if (is_seen || mt_process_start_ticks(s->pid) == s->start_ticks) {
        s->is_hidden = !is_seen;
        if (!is_seen)
            s->exe[0] =
                0; /* it has become another user; of one that has ended the last answer stays */
    }
    if (mt_process_read(s->pid, "statm", text, sizeof text) <= 0 ||
        sscanf(text, "%llu %llu", &size, &resident) != 2 || resident == 0)
        return;
    s->has_tracker = has_tracker;
    if (resident * (uint64_t)sysconf(_SC_PAGESIZE) > s->most_rss_bytes)
        s->most_rss_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add(struct mt_unrecorded *unrecorded, uint32_t pid, uint32_t parent, uint32_t counter,
                const char *name) {
    if (unrecorded->n == MOST_UNRECORDED ||
        !mt_array_grow(&unrecorded->items, unrecorded->n, sizeof *unrecorded->items))
        return;
    struct mt_unrecorded_process *s = &unrecorded->items[unrecorded->n++];
    *s = (struct mt_unrecorded_process){.pid = pid,
                                        .parent = parent,
                                        .counter = counter,
                                        .start_ticks = mt_process_start_ticks(pid)};
    snprintf(s->name, sizeof s->name, "%s", name);
    if (parent) {
        uint32_t above;
        read_exe(parent, s->exe_first, sizeof s->exe_first);
        read_status(parent, &above, s->name_first);
        s->of_unrecorded = unrecorded_of(unrecorded, parent) != NULL;
    }
    look_at(s);
}

static void look_at_tracks(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        struct mt_ticker_track *track = ticker->tracks[i];
        char name[16] = "";
        uint32_t parent;
        if (!track->is_left || track->is_left_noticed || track->state != MT_TICKER_RUNNING)
            continue;
        track->is_left_noticed = true;
        if (read_status(track->name.pid, &parent, name))
            add(unrecorded, track->name.pid, 0, track->name.counter + 1, name);
    }
}

static void look_at_new(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker,
                        uint32_t pid) {
    char name[16] = "";
    uint32_t parent;
    if (is_running_track(ticker, pid) || (pid_t)pid == ticker->main_pid || (pid_t)pid == getpid() ||
        !read_status(pid, &parent, name))
        return;
    if (is_running_track(ticker, parent) || unrecorded_of(unrecorded, parent) ||
        (pid_t)parent == ticker->main_pid)
        add(unrecorded, pid, parent, 0, name);
}

/* ---- the end of one -------------------------------------------------------------------------- */

static bool is_worth_a_word(const struct mt_unrecorded_process *s) {
    if (s->of_unrecorded)
        return true;
    if (!s->exe[0] &&
        !s->is_hidden) /* it ended too soon; that it has executed something shows in its name */
        return s->name_first[0] && strcmp(s->name, s->name_first) != 0;
    return strcmp(s->exe, s->exe_first) != 0;
}

static void remember(struct mt_unrecorded *unrecorded, const struct mt_unrecorded_process *s) {
    for (size_t i = 0; i < unrecorded->n_gone; i++) {
        struct mt_unrecorded_process *gone = &unrecorded->gone[i];
        if (strcmp(gone->exe, s->exe) != 0 || (!s->exe[0] && strcmp(gone->name, s->name) != 0))
            continue;
        unrecorded->n_like[i]++;
        if (s->most_rss_bytes > gone->most_rss_bytes)
            gone->most_rss_bytes = s->most_rss_bytes;
        return;
    }
    if (unrecorded->n_gone == MOST_PROGRAMS)
        return;
    if (!unrecorded->gone) {
        unrecorded->gone = calloc(MOST_PROGRAMS, sizeof *unrecorded->gone);
        unrecorded->n_like = calloc(MOST_PROGRAMS, sizeof *unrecorded->n_like);
    }
    if (!unrecorded->gone || !unrecorded->n_like)
        return;
    unrecorded->gone[unrecorded->n_gone] = *s;
    unrecorded->n_like[unrecorded->n_gone++] = 1;
}

static void visit_known(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker) {
    size_t kept = 0;
    for (size_t i = 0; i < unrecorded->n; i++) {
        struct mt_unrecorded_process *s = &unrecorded->items[i];
        bool is_gone = mt_process_start_ticks(s->pid) != s->start_ticks;
        if (has_ledger(ticker, s)) /* it is recorded after all */
            continue;
        if (is_gone) {
            if (is_worth_a_word(s))
                remember(unrecorded, s);
            continue;
        }
        look_at(s);
        if (kept != i)
            unrecorded->items[kept] = *s;
        kept++;
    }
    unrecorded->n = kept;
}

void mt_unrecorded_look(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker) {
    uint32_t newest = mt_process_newest(),
             first = unrecorded->last_pid ? unrecorded->last_pid : (uint32_t)ticker->main_pid;
    if (unrecorded->n)
        visit_known(unrecorded, ticker);
    look_at_tracks(unrecorded, ticker);
    if (newest == 0 || newest == first)
        return;
    if (newest < first ||
        newest - first > MOST_NEW) /* numbers began anew, or the machine has much else to do */
        first = newest > MOST_NEW ? newest - MOST_NEW : 0;
    for (uint32_t pid = first + 1; pid <= newest; pid++)
        look_at_new(unrecorded, ticker, pid);
    unrecorded->last_pid = newest;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Returns false when nothing is known that would have kept the tracker out. */
static bool find_reason(const struct mt_unrecorded_process *s, char *why, size_t bytes) {
    struct mt_target target = {0};
    struct mt_error error = {{0}, {0}};
    if (!s->exe[0] && !s->is_hidden) {
        snprintf(why, bytes, "it left no ledger, and ended before it could be asked why");
        return true;
    }
    if (s->is_hidden) {
        snprintf(why, bytes,
                 "it has the rights of another user, so that the dynamic linker ignores preloaded "
                 "libraries");
        return true;
    }
    if (s->has_tracker && s->missing[0]) {
        snprintf(why, bytes,
                 "where it runs (mount namespace, chroot) there is no %s, to make a ledger in",
                 s->missing);
        return true;
    }
    if (access(s->exe, F_OK) != 0) /* in another mount namespace, or removed since */
        return false;
    int status = mt_target_inspect(s->exe, &target, &error);
    if (status != 0) {
        const char *reason = error.message, *behind = strstr(error.message, ": ");
        if (strncmp(error.message, s->exe, strlen(s->exe)) == 0 && behind)
            reason =
                error.message + strlen(s->exe) + 2; /* without the name, which is said already */
        snprintf(why, bytes, "it %s", reason);
    } else if (!s->has_tracker)
        snprintf(why, bytes, "it was started with an environment without LD_PRELOAD");
    mt_target_free(&target);
    return status != 0 || !s->has_tracker;
}

int mt_unrecorded_note(struct mt_unrecorded *unrecorded, const struct mt_ticker *ticker,
                       struct mt_profile *profile) {
    int rc = 0;
    visit_known(unrecorded, ticker);
    for (size_t i = 0; i < unrecorded->n; i++) /* these still run */
        if (is_worth_a_word(&unrecorded->items[i]))
            remember(unrecorded, &unrecorded->items[i]);
    unrecorded->n = 0;
    for (size_t i = 0; i < unrecorded->n_gone && rc == 0; i++) {
        const struct mt_unrecorded_process *s = &unrecorded->gone[i];
        char why[600], note[5400], times[48] = "", rss[MT_FORMAT_BYTES];
        if (!find_reason(s, why, sizeof why))
            continue;
        if (unrecorded->n_like[i] > 1)
            snprintf(times, sizeof times, ", %zu times", unrecorded->n_like[i]);
        snprintf(note, sizeof note,
                 "Not recorded: %s (process %" PRIu32 "%s, up to %s resident): %s.",
                 s->exe[0] ? s->exe : s->name, s->pid, times,
                 mt_format_size(rss, (int64_t)s->most_rss_bytes, false), why);
        rc = mt_profile_add_note(profile, note);
    }
    return rc;
}

void mt_unrecorded_free(struct mt_unrecorded *unrecorded) {
    free(unrecorded->items);
    free(unrecorded->gone);
    free(unrecorded->n_like);
    *unrecorded = (struct mt_unrecorded){0};
}
