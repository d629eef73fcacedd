/* SPDX-License-Identifier: MIT */
/*
 * A session directory belongs to one run and is named by nobody else: 0700, with a random name.
 * Memory file systems come first, since a ledger is written at memory speed and its write-back to a
 * disk would be paid by the target. Each is taken only when it has room for more than a small
 * program: a container's /dev/shm of 64 MB fills within seconds.
 *
 * What root starts may become another user before it forks or execs (a server's workers, runuser,
 * setpriv), and has to make its next ledger as that user. So root's session is a directory within:
 * nobody may list the outer one, the inner one's name cannot be guessed and is told to the
 * processes of the run alone, and in it everybody may make files but not list, open or remove those
 * of others. Rejected: another search path of the tracker's, whose ledgers the run would not find.
 *
 * Directories of earlier runs that were killed are left alone: their ledgers may be all that is
 * left of a recording, and the processes in them may still run.
 */
#include "launch/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/process.h"
#include "ledger/find.h"
#include "ledger/layout.h"

#define WANTED_ROOM (UINT64_C(256) << 20)

struct candidate {
    const char *path;
    uint64_t room;
    int why; /* errno: why it is not usable; 0: it is */
};

static void look_at(struct candidate *c) {
    struct statvfs fs;
    if (!c->path || c->path[0] != '/')
        c->why = EINVAL;
    else if (faccessat(AT_FDCWD, c->path, W_OK | X_OK, AT_EACCESS) != 0 ||
             statvfs(c->path, &fs) != 0)
        c->why = errno;
    else
        c->room = (uint64_t)fs.f_bavail * fs.f_frsize;
}

static char *inner_name(const char *outer) {
    uint64_t secret[2];
    char *path;
    if (getrandom(secret, sizeof secret, GRND_NONBLOCK) != (ssize_t)sizeof secret ||
        asprintf(&path, "%s/" MT_SESSION_PREFIX "%016" PRIx64 "%016" PRIx64, outer, secret[0],
                 secret[1]) < 0)
        return NULL;
    return path;
}

/* Makes the inner directory when we are root: *path becomes that of it. Where that fails, processes
 * that become another user go unrecorded. */
static void make_inner(char **path) {
    char *inner = geteuid() == 0 ? inner_name(*path) : NULL;
    if (inner && mkdir(inner, 0700) == 0) {
        if (chmod(inner, S_ISVTX | S_IRWXU | S_IWGRP | S_IXGRP | S_IWOTH | S_IXOTH) == 0 &&
            chmod(*path, S_IRWXU | S_IXGRP | S_IXOTH) == 0) {
            free(*path);
            *path = inner;
            return;
        }
        rmdir(inner);
    }
    free(inner);
}

void mt_session_remove(char *path) {
    char *slash = strrchr(path, '/');
    if (rmdir(path) != 0 || !slash)
        return;
    *slash = 0;
    if (mt_find_is_session(path))
        rmdir(path);
}

static int make_in(struct mt_session *session, struct candidate *c) {
    char *path;
    if (asprintf(&path, "%s/" MT_SESSION_PREFIX "XXXXXX", c->path) < 0)
        return -ENOMEM;
    if (!mkdtemp(path)) {
        c->why = errno;
        free(path);
        return -c->why;
    }
    make_inner(&path);
    session->path = path;
    session->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (session->fd >= 0) {
        /* until it is closed, the lock says that the ledgers in it are about to be converted */
        flock(session->fd, LOCK_SH | LOCK_NB);
        return 0;
    }
    c->why = errno;
    mt_session_remove(path);
    free(path);
    session->path = NULL;
    return -c->why;
}

static int none_usable(const struct candidate *candidates, size_t n, struct mt_error *error) {
    char tried[384] = "";
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof tried; i++)
        if (candidates[i].path) {
            int length = snprintf(tried + used, sizeof tried - used, "%s%s (%s)", used ? ", " : "",
                                  candidates[i].path,
                                  candidates[i].why == EINVAL ? "not an absolute path"
                                                              : strerror(candidates[i].why));
            used += length > 0 ? (size_t)length : 0;
        }
    return mt_error_set(error, MEMTRACK_EIO, "Set MEMTRACK_DIR to a directory that you may write.",
                        "no directory for the ledgers: tried %s", tried);
}

int mt_session_create(struct mt_session *session, struct mt_error *error) {
    struct candidate candidates[] = {{.path = getenv("MEMTRACK_DIR")},
                                     {.path = getenv("XDG_RUNTIME_DIR")},
                                     {.path = "/dev/shm"},
                                     {.path = getenv("TMPDIR")},
                                     {.path = "/tmp"}};
    const size_t n = sizeof candidates / sizeof *candidates;
    *session = (struct mt_session){.fd = -1};
    for (size_t i = 0; i < n; i++) {
        if (candidates[i].path && !candidates[i].path[0])
            candidates[i].path = NULL;
        look_at(&candidates[i]);
        bool asked_for = i == 0; /* MEMTRACK_DIR is taken as it is */
        if (candidates[i].why == 0 && (asked_for || candidates[i].room >= WANTED_ROOM) &&
            make_in(session, &candidates[i]) == 0)
            return 0;
    }
    for (;;) { /* the roomiest of those that are left */
        struct candidate *best = NULL;
        for (size_t i = 0; i < n; i++)
            if (candidates[i].why == 0 && (!best || candidates[i].room > best->room))
                best = &candidates[i];
        if (!best)
            return none_usable(candidates, n, error);
        if (make_in(session, best) == 0)
            return 0;
    }
}

void mt_session_close(struct mt_session *session) {
    if (!session->path)
        return;
    if (session->is_in_use) {
        close(session->fd);
        free(session->path);
        return;
    }
    int copy = dup(session->fd);
    DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
    if (!directory && copy >= 0)
        close(copy);
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        if (entry->d_type == DT_LNK)
            unlinkat(session->fd, entry->d_name, 0);
    if (directory)
        closedir(directory);
    close(session->fd);
    mt_session_remove(session->path);
    free(session->path);
    *session = (struct mt_session){.fd = -1};
}

int mt_session_link(const struct mt_session *session, const char *name, const char *target) {
    return symlinkat(target, session->fd, name) == 0 ? 0 : -MEMTRACK_EIO;
}

uint64_t mt_session_room(const struct mt_session *session) {
    struct statvfs fs;
    return fstatvfs(session->fd, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}

/* ---- processes ------------------------------------------------------------------------------- */

static bool has_our_directory(uint32_t pid, const char *wanted) {
    char path[64], *variable = NULL;
    size_t capacity = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/environ", pid);
    FILE *environment = fopen(path, "re"); /* fails for processes of others */
    while (environment && !found && getdelim(&variable, &capacity, 0, environment) > 0)
        found = strcmp(variable, wanted) == 0;
    free(variable);
    if (environment)
        fclose(environment);
    return found;
}

size_t mt_session_processes(const struct mt_session *session, uint32_t first_pid) {
    char wanted[4200];
    size_t n = 0;
    if (mt_process_newest() == first_pid)
        return 0; /* the usual case: nothing was started since */
    snprintf(wanted, sizeof wanted, "MEMTRACK_DIR=%s", session->path);
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes)) != NULL;) {
        uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);
        if (pid > first_pid && has_our_directory(pid, wanted) && mt_process_start_ticks(pid) != 0)
            n++;
    }
    if (processes)
        closedir(processes);
    return n;
}
