/* SPDX-License-Identifier: MIT */
/*
 * A running process is asked through /proc/PID/maps, which knows the file that is mapped whatever
 * directory it lies in. Only what has ended is looked for in directories.
 *
 * What a directory or a maps file says is not believed: names are parsed, links are not followed,
 * directories of other users are passed over, and the number of entries that are looked at is
 * bounded. Whether a process "has" a ledger is decided by the inode.
 *
 * Rejected: a registry of tracked processes (one more file to go stale); asking /proc/PID/environ
 * (it says what was asked for at the start, not what is mapped).
 */
#include "ledger/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/process.h"
#include "ledger/layout.h"

enum { MAX_ENTRIES = 1 << 17 /* of one directory */ };

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
    struct mt_found_ledgers *found;
    size_t capacity;
};

void mt_find_free(struct mt_found_ledgers *found) {
    for (size_t i = 0; found->items && i < found->n; i++)
        free(found->items[i].path);
    free(found->items);
    *found = (struct mt_found_ledgers){0};
}

/* Takes a copy of path. */
static int add(struct list *list, const struct mt_found_ledger *item, const char *path) {
    struct mt_found_ledgers *found = list->found;
    if (!mt_array_reserve(&found->items, &list->capacity, found->n + 1, sizeof *found->items))
        return -MEMTRACK_ENOMEM;
    found->items[found->n] = *item;
    found->items[found->n].path = strdup(path);
    if (!found->items[found->n].path)
        return -MEMTRACK_ENOMEM;
    found->n++;
    return 0;
}

static const struct mt_found_ledger *with_inode(const struct mt_found_ledgers *found,
                                                const struct stat *st) {
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].inode == st->st_ino && found->items[i].device == st->st_dev)
            return &found->items[i];
    return NULL;
}

static bool is_newer(const struct mt_ledger_filename *a, const struct mt_ledger_filename *b) {
    if (a->start_ticks != b->start_ticks)
        return a->start_ticks > b->start_ticks;
    return a->counter > b->counter;
}

/* ---- what a process has mapped --------------------------------------------------------------- */

/* This is a mapping of a ledger as /proc/PID/maps says it. */
struct mapping {
    struct mt_ledger_filename name;
    ino_t inode;
    uint64_t begin, end;
    bool is_removed;
    char path[MT_PATH_MAX_BYTES];
};

/* The kernel writes a newline in a path as \012, and writes nothing else so. */
static void unescape(char *path) {
    char *to = path;
    for (const char *at = path; *at;) {
        bool is_newline = strncmp(at, "\\012", 4) == 0;
        *to++ = is_newline ? '\n' : *at;
        at += is_newline ? 4 : 1;
    }
    *to = 0;
}

static bool parse_mapping(char *line, struct mapping *out) {
    static const char removed[] = " (deleted)";
    unsigned long long begin, end, inode;
    int at = 0;
    line[strcspn(line, "\n")] = 0;
    if (!strstr(line, MT_LEDGER_SUFFIX) ||
        sscanf(line, "%llx-%llx %*s %*s %*s %llu %n", &begin, &end, &inode, &at) != 3 ||
        line[at] != '/')
        return false;
    char *path = line + at;
    size_t length = strlen(path), tail = sizeof removed - 1;
    out->is_removed = length > tail && strcmp(path + length - tail, removed) == 0;
    if (out->is_removed)
        path[length - tail] = 0;
    unescape(path);
    if (strlen(path) >= sizeof out->path ||
        !mt_ledger_filename_parse(strrchr(path, '/') + 1, &out->name))
        return false;
    out->begin = begin;
    out->end = end;
    out->inode = inode;
    memcpy(out->path, path, strlen(path) + 1);
    return true;
}

/* Finds the newest ledger that the process has mapped. Returns 1 when it is found, 0 when there
 * is none, -errno when the process may not be looked at, or is gone. */
static int mapped_ledger(pid_t pid, struct mapping *out) {
    char path[64], *line = NULL;
    size_t capacity = 0;
    int result = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return -errno;
    struct mapping *m = calloc(1, sizeof *m);
    while (m && getline(&line, &capacity, maps) > 0) {
        if (!parse_mapping(line, m) || (result == 1 && !is_newer(&m->name, &out->name)))
            continue;
        *out = *m;
        result = 1;
    }
    if (!m)
        result = -ENOMEM;
    else if (result == 0 && ferror(maps))
        result = -errno;
    free(m);
    free(line);
    fclose(maps);
    return result;
}

/* A ledger of a third user that a process has mapped is not its own. A process that has become
 * another user keeps the ledger of the user that it was. */
static bool is_trusted(const struct stat *file, const struct stat *process) {
    if (file->st_uid == process->st_uid || file->st_uid == geteuid() ||
        process->st_uid == geteuid())
        return true;
    errno = EACCES;
    return false;
}

/* Finds where the mapped file can be opened from here. Returns false, with errno, when there is
 * no such place. */
static bool find_path(pid_t pid, const struct mapping *m, char *out, size_t bytes,
                      struct stat *st) {
    struct stat process;
    snprintf(out, bytes, "/proc/%d", pid);
    if (stat(out, &process) != 0)
        return false;
    for (int i = 0; i < 2 && !m->is_removed;
         i++) { /* by its name here, and in the process's mount namespace */
        int n = i == 0 ? snprintf(out, bytes, "%s", m->path)
                       : snprintf(out, bytes, "/proc/%d/root%s", pid, m->path);
        if (n > 0 && (size_t)n < bytes && lstat(out, st) == 0 && st->st_ino == m->inode &&
            S_ISREG(st->st_mode))
            return is_trusted(st, &process);
    }
    /* the file is removed, but root can still open what is mapped */
    snprintf(out, bytes, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, m->begin, m->end);
    return stat(out, st) == 0 && st->st_ino == m->inode && S_ISREG(st->st_mode);
}

/* ---- all processes --------------------------------------------------------------------------- */

/* 0 is no process. */
static pid_t parse_pid(const char *text) {
    char *end;
    long pid = *text >= '1' && *text <= '9' ? strtol(text, &end, 10) : 0;
    return pid > 0 && pid <= INT32_MAX && *end == 0 ? (pid_t)pid : 0;
}

/* A child of vfork has its parent's ledger mapped for a moment. The process that the ledger
 * names is preferred. */
static int add_process(struct list *list, pid_t pid, struct mapping *m) {
    char path[MT_PATH_MAX_BYTES + 64];
    struct stat st;
    if (mapped_ledger(pid, m) != 1 || !find_path(pid, m, path, sizeof path, &st))
        return 0;
    struct mt_found_ledger item = {
        .name = m->name, .inode = st.st_ino, .device = st.st_dev, .is_live = true};
    struct mt_found_ledger *there = (struct mt_found_ledger *)with_inode(list->found, &st);
    bool is_its_own = m->name.pid == (uint32_t)pid;
    item.name.pid = (uint32_t)pid;
    if (!there)
        return add(list, &item, path);
    if (is_its_own)
        there->name.pid = (uint32_t)pid;
    return 0;
}

static int compare_pids(const void *a, const void *b) {
    const struct mt_found_ledger *x = a, *y = b;
    if (x->name.pid != y->name.pid)
        return x->name.pid < y->name.pid ? -1 : 1;
    if (x->name.start_ticks != y->name.start_ticks)
        return x->name.start_ticks < y->name.start_ticks ? -1 : 1;
    return x->name.counter < y->name.counter ? -1 : x->name.counter > y->name.counter;
}

static void sort(struct mt_found_ledgers *found) {
    if (found->n)
        qsort(found->items, found->n, sizeof *found->items, compare_pids);
}

int mt_find_running(struct mt_found_ledgers *out) {
    struct list list = {.found = out};
    *out = (struct mt_found_ledgers){0};
    struct mapping *m = calloc(1, sizeof *m);
    DIR *processes = opendir("/proc");
    int rc = m ? 0 : -MEMTRACK_ENOMEM;
    for (struct dirent *entry; rc == 0 && processes && (entry = readdir(processes)) != NULL;) {
        pid_t pid = parse_pid(entry->d_name);
        if (pid)
            rc = add_process(&list, pid, m);
    }
    if (processes)
        closedir(processes);
    free(m);
    if (rc != 0)
        mt_find_free(out);
    sort(out);
    return rc;
}

/* ---- directories ----------------------------------------------------------------------------- */

struct search {
    struct list list;
    struct mt_found_ledgers running;
    uint32_t pid; /* only those of this process; 0: all */
};

/* Returns -1 unless it is a directory of this user. With MEMTRACK_DIR, root may name a directory
 * of somebody else's. */
static int open_directory(int parent, const char *name, bool was_named) {
    struct stat st;
    int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (was_named ? 0 : O_NOFOLLOW));
    if (fd >= 0 &&
        (fstat(fd, &st) != 0 || (st.st_uid != geteuid() && !(was_named && geteuid() == 0)))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int take_entry(struct search *s, int fd, const char *directory, const char *name) {
    struct mt_found_ledger item = {0};
    struct stat st;
    char path[MT_PATH_MAX_BYTES];
    if (!mt_ledger_filename_parse(name, &item.name) || (s->pid && item.name.pid != s->pid))
        return 0;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
        with_inode(s->list.found, &st))
        return 0;
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        return 0;
    item.inode = st.st_ino;
    item.device = st.st_dev;
    item.is_live = with_inode(&s->running, &st) != NULL;
    return add(&s->list, &item, path);
}

/* Adds the ledgers in a directory. fd is closed; -1 is fine. */
static int take_directory(struct search *s, int fd, const char *path) {
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    int rc = 0;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    struct dirent *entry;
    for (size_t n = 0; rc == 0 && n < MAX_ENTRIES && (entry = readdir(directory)) != NULL; n++)
        rc = take_entry(s, dirfd(directory), path, entry->d_name);
    closedir(directory);
    return rc;
}

static bool is_session_name(const char *name) {
    return strncmp(name, MT_SESSION_PREFIX, sizeof MT_SESSION_PREFIX - 1) == 0;
}

bool mt_find_is_session(const char *directory) {
    const char *slash = strrchr(directory, '/');
    return is_session_name(slash ? slash + 1 : directory);
}

/* Looks at memtrack-UID and the session directories below a directory that others may write to
 * as well. directory is closed; NULL is fine. depth is how many more session directories one may
 * be in. */
static int take_below(struct search *s, DIR *directory, const char *parent, int depth) {
    char own[32], path[MT_PATH_MAX_BYTES];
    snprintf(own, sizeof own, "memtrack-%u", (unsigned)geteuid());
    struct dirent *entry;
    int rc = 0;
    for (size_t n = 0;
         directory && rc == 0 && n < MAX_ENTRIES && (entry = readdir(directory)) != NULL; n++) {
        const char *name = entry->d_name;
        bool is_session = is_session_name(name);
        if ((strcmp(name, own) != 0 && !is_session) ||
            snprintf(path, sizeof path, "%s/%s", parent, name) >= (int)sizeof path)
            continue;
        rc = take_directory(s, open_directory(dirfd(directory), name, false), path);
        int fd =
            rc == 0 && is_session && depth > 0 ? open_directory(dirfd(directory), name, false) : -1;
        if (fd >= 0)
            rc = take_below(s, fdopendir(fd), path, depth - 1);
    }
    if (directory)
        closedir(directory);
    return rc;
}

static int search_directories(struct search *s) {
    const char *named = getenv("MEMTRACK_DIR");
    const char *const parents[] = {named, getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"),
                                   "/tmp"};
    if (!named || named[0] != '/')
        named = NULL;
    int rc = named ? take_directory(s, open_directory(AT_FDCWD, named, true), named) : 0;
    /* With MEMTRACK_DIR all of them are in the directory that it names. */
    size_t n = named ? 1 : sizeof parents / sizeof *parents;
    for (size_t i = 0; i < n && rc == 0; i++)
        if (parents[i] && parents[i][0] == '/')
            rc = take_below(s, opendir(parents[i]), parents[i], 1);
    return rc;
}

int mt_find_left(struct mt_found_ledgers *out) {
    struct search s = {.list = {.found = out}};
    *out = (struct mt_found_ledgers){0};
    int rc = mt_find_running(&s.running);
    if (rc == 0)
        rc = search_directories(&s);
    mt_find_free(&s.running);
    if (rc != 0)
        mt_find_free(out);
    sort(out);
    return rc;
}

bool mt_find_is_attended(const char *directory) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    bool is_held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return is_held;
}

/* ---- one process ----------------------------------------------------------------------------- */

/* Returns the newest ledger that a process of this number has left, malloc'ed; NULL when there
 * is none. */
static char *left_by(pid_t pid) {
    struct mt_found_ledgers found = {0};
    struct search s = {.list = {.found = &found}, .pid = (uint32_t)pid};
    const struct mt_found_ledger *best = NULL;
    search_directories(&s);
    for (size_t i = 0; i < found.n; i++)
        if (!best || is_newer(&found.items[i].name, &best->name))
            best = &found.items[i];
    char *path = best ? strdup(best->path) : NULL;
    mt_find_free(&found);
    return path;
}

static int refused(pid_t pid, int why, struct mt_error *error) {
    struct stat st;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (stat(path, &st) == 0 && st.st_uid != geteuid())
        return mt_error_set(error, MEMTRACK_EIO, "Run as that user, or as root.",
                            "process %d belongs to another user (uid %u): %s", pid,
                            (unsigned)st.st_uid, strerror(why));
    return mt_error_set(error, MEMTRACK_EIO,
                        geteuid() ? "Run as root: the process has changed its user or rights."
                                  : "A container or a security module refuses even root.",
                        "process %d cannot be looked at: %s", pid, strerror(why));
}

static int not_tracked(pid_t pid, const char *left, struct mt_error *error) {
    char hint[sizeof((struct mt_error *)0)->hint];
    snprintf(hint, sizeof hint,
             left ? "An earlier process of that number left %.180s."
                  : "Start it with memtrack run or LD_PRELOAD=libmemtrack.so. memtrack list shows "
                    "tracked processes.",
             left);
    return mt_error_set(error, MEMTRACK_ENOTFOUND, hint, "process %d is not tracked by memtrack",
                        pid);
}

static int give(char *text, char **path, struct mt_error *error) {
    *path = text;
    return text ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* Adds a process that runs and has mapped m. */
static int running_ledger(pid_t pid, const struct mapping *m, char **path, struct mt_error *error) {
    char where[MT_PATH_MAX_BYTES + 64];
    struct stat st;
    if (find_path(pid, m, where, sizeof where, &st))
        return give(strdup(where), path, error);
    return mt_error_set(error, MEMTRACK_EIO,
                        m->is_removed
                            ? "Root can still read it. Do not remove ledgers of running processes."
                            : "Run as the user who started it, or as root.",
                        "process %d: its ledger %s cannot be opened: %s", pid, m->path,
                        m->is_removed ? "it has been removed" : strerror(errno ? errno : EACCES));
}

static int ended_ledger(pid_t pid, bool exists, char **path, struct mt_error *error) {
    char *left = left_by(pid);
    if (left && !exists) {
        *path = left;
        return 0;
    }
    int rc = exists
                 ? not_tracked(pid, left, error)
                 : mt_error_set(error, MEMTRACK_ENOTFOUND,
                                "memtrack list shows tracked processes, and ledgers that are left.",
                                "process %d: no such process, and no ledger of one", pid);
    free(left);
    return rc;
}

int mt_find_ledger(pid_t pid, char **path, bool *is_live, struct mt_error *error) {
    struct mapping *m = calloc(1, sizeof *m);
    int found = m ? mapped_ledger(pid, m) : -ENOMEM;
    char state = mt_process_state((uint32_t)pid);
    bool has_ended = state == 0 || state == 'Z' || state == 'X';
    int rc;
    if (is_live)
        *is_live = found == 1;
    if (found == 1)
        rc = running_ledger(pid, m, path, error);
    else if (found == -ENOMEM)
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    else if (found < 0 && !has_ended)
        rc = refused(pid, -found, error);
    else
        rc = ended_ledger(pid, !has_ended, path, error);
    free(m);
    return rc;
}

int mt_find_mapped(pid_t pid, char **path) {
    struct mapping *m = calloc(1, sizeof *m);
    int found = m ? mapped_ledger(pid, m) : -ENOMEM;
    int rc = found == 1         ? running_ledger(pid, m, path, NULL)
             : found == -ENOMEM ? -MEMTRACK_ENOMEM
                                : -MEMTRACK_ENOTFOUND;
    free(m);
    return rc;
}
