/* SPDX-License-Identifier: MIT */
/*
 * A process in a container, and a service with PrivateTmp, has another /tmp, and the former another
 * number as well. Both are asked of /proc while it lives. Below /proc/PID/root an absolute symbolic link would lead into our own tree, so there no
 * link is followed.
 */
#include "view/jit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

void mt_jit_files_init(struct mt_jit_files *files) {
    files->map.fd = files->dump.fd = -1;
    files->map.refusal = files->dump.refusal = MT_JIT_TAKEN;
    files->map.path[0] = files->dump.path[0] = '\0';
}

static void close_file(struct mt_jit_file *file) {
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

void mt_jit_files_close(struct mt_jit_files *files) {
    close_file(&files->map);
    close_file(&files->dump);
}

static enum mt_jit_refusal judge(const struct stat *status, uid_t owner) {
    if (!S_ISREG(status->st_mode))
        return MT_JIT_NO_FILE;
    if (status->st_uid != 0 && status->st_uid != geteuid() && status->st_uid != owner)
        return MT_JIT_FOREIGN;
    return status->st_mode & (S_IWGRP | S_IWOTH) ? MT_JIT_WRITABLE : MT_JIT_TAKEN;
}

/* Takes fd (of an open that has set errno) over. inode: that the file must have, 0: any. */
static void take(struct mt_jit_file *file, int fd, const char *path, uid_t owner, ino_t inode) {
    struct stat status;
    enum mt_jit_refusal refusal = MT_JIT_TAKEN;
    if (fd < 0 && errno != ELOOP)
        return;
    if (fd < 0)
        refusal = MT_JIT_NO_FILE;
    else if (fstat(fd, &status) != 0 || (inode && status.st_ino != inode)) {
        close(fd);
        return;
    } else
        refusal = judge(&status, owner);
    snprintf(file->path, sizeof file->path, "%s", path);
    file->refusal = refusal;
    if (refusal == MT_JIT_TAKEN)
        file->fd = fd;
    else if (fd >= 0)
        close(fd);
}

/* ---- of a running process -------------------------------------------------------------------- */

static FILE *open_proc(uint32_t process, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/%s", process, name);
    return fopen(path, "re");
}

/* Returns the number that it has in its own namespace, which is the last of its numbers. */
static uint32_t own_pid(uint32_t process) {
    char line[512];
    uint32_t pid = process;
    FILE *status = open_proc(process, "status");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "NSpid:", 6) == 0) {
            const char *last = strrchr(line, '\t');
            pid = last ? (uint32_t)strtoul(last + 1, NULL, 10) : process;
        }
    if (status)
        fclose(status);
    return pid ? pid : process;
}

/* Tells whether a path means the same to the process as to us: one root, and the same things are
 * mounted below it. A service with a /tmp of its own has our root. */
static bool has_our_paths(uint32_t process) {
    char root[64], mounts[64], theirs[64], ours[64];
    struct stat our_root, their_root;
    snprintf(root, sizeof root, "/proc/%" PRIu32 "/root", process);
    snprintf(mounts, sizeof mounts, "/proc/%" PRIu32 "/ns/mnt", process);
    ssize_t n = readlink(mounts, theirs, sizeof theirs);
    return n > 0 && readlink("/proc/self/ns/mnt", ours, sizeof ours) == n &&
           memcmp(ours, theirs, (size_t)n) == 0 && stat("/", &our_root) == 0 &&
           stat(root, &their_root) == 0 && our_root.st_dev == their_root.st_dev &&
           our_root.st_ino == their_root.st_ino;
}

/* Opens a path of the process, component by component when its paths are not ours. */
static int open_of(uint32_t process, const char *path) {
    char root[64], copy[PATH_MAX], *rest = copy;
    if (has_our_paths(process))
        return open(path, FLAGS);
    snprintf(root, sizeof root, "/proc/%" PRIu32 "/root", process);
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(copy, sizeof copy, "%s", path);
    for (const char *name; at >= 0 && (name = strsep(&rest, "/")) != NULL;) {
        if (!*name)
            continue;
        if (strcmp(name, "..") == 0)
            errno = EINVAL;
        int next = strcmp(name, "..") == 0 ? -1
                   : rest ? openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                          : openat(at, name, FLAGS);
        int saved = errno;
        close(at);
        errno = saved;
        at = next;
    }
    return at;
}

static uid_t owner_of(uint32_t process) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%" PRIu32, process);
    return stat(path, &status) == 0 ? status.st_uid : geteuid();
}

static bool is_dump(const char *path) {
    const char *name = basename(path);
    size_t digits = strncmp(name, "jit-", 4) == 0 ? strspn(name + 4, "0123456789") : 0;
    return digits != 0 && strcmp(name + 4 + digits, ".dump") == 0;
}

/* Its compiler maps the dump so that it can be executed, for perf to see where it is. */
static void look_for_dump(struct mt_jit_file *file, uint32_t process, uid_t owner) {
    char *line = NULL;
    size_t room = 0;
    FILE *maps = open_proc(process, "maps");
    while (maps && file->fd < 0 && getline(&line, &room, maps) > 0) {
        char access[8] = "";
        unsigned long long inode = 0;
        int path = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%*s %7s %*s %*s %llu %n", access, &inode, &path) == 2 && path &&
            access[2] == 'x' && line[path] == '/' && is_dump(line + path))
            take(file, open_of(process, line + path), line + path, owner, (ino_t)inode);
    }
    free(line);
    if (maps)
        fclose(maps);
}

void mt_jit_files_look(struct mt_jit_files *files, uint32_t process) {
    char path[64];
    uid_t owner = owner_of(process);
    if (files->map.fd < 0) {
        snprintf(path, sizeof path, "/tmp/perf-%" PRIu32 ".map", own_pid(process));
        take(&files->map, open_of(process, path), path, owner, 0);
    }
    if (files->dump.fd < 0)
        look_for_dump(&files->dump, process, owner);
}

/* ---- of one that has ended ------------------------------------------------------------------- */

static void look_at(struct mt_jit_file *file, const char *path) {
    if (file->fd < 0)
        take(file, open(path, FLAGS), path, geteuid(), 0);
}

/* perf's agent for Java makes ~/.debug/jit/java-jit-DATE.RANDOM/jit-PID.dump. */
static void look_at_home(struct mt_jit_file *file, uint32_t pid) {
    char pattern[PATH_MAX];
    const char *home = secure_getenv("HOME");
    glob_t found;
    if (!home || strpbrk(home, "*?[\\") ||
        snprintf(pattern, sizeof pattern, "%s/.debug/jit/*/jit-%" PRIu32 ".dump", home, pid) >=
            (int)sizeof pattern)
        return;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && i < 64; i++)
            look_at(file, found.gl_pathv[i]);
        globfree(&found);
    }
}

void mt_jit_files_look_left(struct mt_jit_files *files, uint32_t pid, const char *directory) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/tmp/perf-%" PRIu32 ".map", pid);
    look_at(&files->map, path);
    if (*directory &&
        snprintf(path, sizeof path, "%s/jit-%" PRIu32 ".dump", directory, pid) < (int)sizeof path)
        look_at(&files->dump, path);
    snprintf(path, sizeof path, "/tmp/jit-%" PRIu32 ".dump", pid);
    look_at(&files->dump, path);
    look_at_home(&files->dump, pid);
}
