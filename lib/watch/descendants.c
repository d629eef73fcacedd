/* SPDX-License-Identifier: MIT */
/*
 * Numbers of processes rise, and the kernel says in /proc/loadavg which was given last. So at each
 * look only the numbers since the one before are asked for, which are few; all of /proc is read
 * when they are many, when they began anew, and at the first look.
 *
 *   look:  last_pid ──┬──┬──┬──► newest        each: whose child is it? threads have numbers too
 *
 * Rejected: /proc/PID/task/TID/children, which is a file for each thread of each process at each
 * look, and tells of a child only while its parent lives; being a subreaper, since the orphans of a
 * program would see another parent; the kernel's news of processes (netlink), which need root.
 */
#include "watch/descendants.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/process.h"

enum { MOST_NEW = 4096 };

struct stat_line {
    char state;
    uint32_t parent, session;
};

/* A thread has a number and a stat file as a process has, but is no process. */
static bool is_thread(uint32_t pid) {
    char text[256];
    if (mt_process_read(pid, "status", text, sizeof text) <= 0)
        return false;
    const char *group = strstr(text, "\nTgid:");
    return group && strtoul(group + 6, NULL, 10) != pid;
}

static bool read_stat(uint32_t pid, struct stat_line *line) {
    char text[1024];
    if (mt_process_read(pid, "stat", text, sizeof text) <= 0)
        return false;
    const char *at = strrchr(text, ')'); /* behind a name that may hold anything */
    return at && sscanf(at + 1, " %c %" SCNu32 " %*d %" SCNu32, &line->state, &line->parent,
                        &line->session) == 3;
}

/* The latest with this number, since numbers are given again. */
static struct mt_descendant *find(const struct mt_descendants *d, uint32_t pid) {
    for (size_t i = d->n; i-- > 0;)
        if (d->items[i].pid == pid)
            return &d->items[i];
    return NULL;
}

static int add_known(struct mt_descendants *d, uint32_t pid, uint32_t parent,
                     uint64_t start_ticks) {
    if (!mt_array_grow(&d->items, d->n, sizeof *d->items))
        return -MEMTRACK_ENOMEM;
    d->items[d->n++] =
        (struct mt_descendant){.pid = pid, .parent_pid = parent, .start_ticks = start_ticks};
    return 0;
}

static int add(struct mt_descendants *d, uint32_t pid, uint32_t parent) {
    uint64_t start_ticks = mt_process_start_ticks(pid);
    const struct mt_descendant *known = find(d, pid);
    if (start_ticks == 0 || (known && known->start_ticks == start_ticks))
        return 0;
    return add_known(d, pid, parent, start_ticks);
}

/* A child that has ended already is the root all the same. */
bool mt_descendants_begin(struct mt_descendants *d, uint32_t root) {
    struct stat_line line;
    *d = (struct mt_descendants){.not_pid = (uint32_t)getpid()};
    return read_stat(root, &line) && !is_thread(root) &&
           add_known(d, root, line.parent, mt_process_start_ticks(root)) == 0;
}

void mt_descendants_free(struct mt_descendants *d) {
    free(d->items);
    *d = (struct mt_descendants){0};
}

/* Adds the process when it is one, and says so in *is_one. */
static int judge(struct mt_descendants *d, uint32_t pid, bool *is_one) {
    struct stat_line line;
    if (pid == d->not_pid || !read_stat(pid, &line) || line.state == 'Z')
        return 0;
    const struct mt_descendant *parent = find(d, line.parent);
    const struct mt_descendant *leader = find(d, line.session); /* may have ended meanwhile */
    if ((!parent || parent->has_ended) && !leader)
        return 0;
    if (pid == line.session && !(parent && !parent->has_ended)) /* it leads itself */
        return 0;
    size_t n = d->n;
    int rc = is_thread(pid) ? 0 : add(d, pid, line.parent);
    *is_one |= d->n > n;
    return rc;
}

/* Children may have lower numbers than their parents, where those began anew: it is repeated until
 * nothing is found. */
static int look_at_all(struct mt_descendants *d) {
    bool found = true;
    int rc = 0;
    while (found && rc == 0) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        found = false;
        while (directory && rc == 0 && (entry = readdir(directory)) != NULL)
            if (*entry->d_name >= '0' && *entry->d_name <= '9')
                rc = judge(d, (uint32_t)strtoul(entry->d_name, NULL, 10), &found);
        if (directory)
            closedir(directory);
    }
    return rc;
}

int mt_descendants_look(struct mt_descendants *d) {
    uint32_t newest = mt_process_newest(), last = d->last_pid;
    bool found = false;
    int rc = 0;
    if (last && newest == last)
        return 0;
    d->last_pid = newest;
    if (!last || newest < last || newest - last > MOST_NEW)
        return look_at_all(d);
    for (uint32_t pid = last + 1; pid <= newest && rc == 0; pid++)
        rc = judge(d, pid, &found);
    return rc;
}
