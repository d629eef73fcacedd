/* SPDX-License-Identifier: MIT */
/*
 * Who descends from whom is asked of /proc for all processes at once, and joined with the ledgers
 * that are mapped now (ledger/find.h). A process whose parent has ended belongs to somebody else by
 * then; its ledger still says whose child it was.
 *
 * Processes come and go while they are looked at: one that has gone before it could be read was not
 * of this moment, and is left out. One that is not recorded is named, with its reason.
 *
 * Rejected: the ledgers of a session directory as the tree (a server that was preloaded by its unit
 * has none, and a directory may be that of several servers).
 */
#include "watch/live_tree.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/process.h"
#include "ledger/find.h"
#include "profile/called.h"
#include "profile/join/join.h"
#include "profile/ledger/live.h"
#include "view/processes/label.h"
#include "watch/past.h"

#define NS_PER_TICK UINT64_C(10000000)

enum { MOST_PROCESSES = 1 << 16, NAMED = 3, NOTE_BYTES = 256 };

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* ---- finding --------------------------------------------------------------------------------- */

struct listing {
    struct mt_live_members *all;
    size_t capacity;
};

static int add_member(struct listing *list, const struct mt_live_member *member) {
    struct mt_live_members *all = list->all;
    if (all->n == MOST_PROCESSES)
        return 0;
    if (!mt_array_reserve(&all->items, &list->capacity, all->n + 1, sizeof *all->items))
        return -MEMTRACK_ENOMEM;
    all->items[all->n++] = *member;
    return 0;
}

static int list_processes(struct listing *list) {
    DIR *directory = opendir("/proc");
    int rc = 0;
    for (struct dirent *entry; rc == 0 && directory && (entry = readdir(directory)) != NULL;) {
        char *end;
        unsigned long pid = strtoul(entry->d_name, &end, 10);
        struct mt_live_member member = {.pid = (uint32_t)pid};
        if (pid == 0 || pid > INT32_MAX || *end)
            continue;
        member.start_ticks = mt_process_start_ticks(member.pid);
        member.parent_pid = mt_process_parent(member.pid);
        if (member.start_ticks) /* else it has ended, and may still be there as a zombie */
            rc = add_member(list, &member);
    }
    if (directory)
        closedir(directory);
    return rc;
}

static struct mt_live_member *member_of(const struct mt_live_members *all, uint32_t pid) {
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].pid == pid)
            return &all->items[i];
    return NULL;
}

/* Returns who started the process that a ledger is of; 0: not known. In another pid namespace
 * numbers mean something else. */
static uint32_t parent_in_ledger(const struct mt_found_ledger *found) {
    struct mt_ledger *ledger;
    uint32_t parent = 0;
    if (mt_ledger_open(found->path, &ledger, NULL) != 0)
        return 0;
    if (mt_ledger_info(ledger)->pid == found->name.pid)
        parent = mt_ledger_info(ledger)->ppid;
    mt_ledger_close(ledger);
    return parent;
}

/* Ledgers of processes that have ended tell whose children their own children were. */
static int list_gone(struct listing *list) {
    struct mt_found_ledgers left;
    int rc = mt_find_left(&left);
    for (size_t i = 0; rc == 0 && i < left.n; i++) {
        const struct mt_found_ledger *found = &left.items[i];
        if (found->is_live || member_of(list->all, found->name.pid))
            continue;
        rc = add_member(list, &(struct mt_live_member){.pid = found->name.pid,
                                                       .parent_pid = parent_in_ledger(found),
                                                       .start_ticks = found->name.start_ticks,
                                                       .is_gone = true});
    }
    mt_find_free(&left);
    return rc;
}

/* A child that has lost its parent is that of the process that its ledger names, if that one began
 * before it. */
static int take_ledgers(struct mt_live_members *all) {
    struct mt_found_ledgers running;
    int rc = mt_find_running(&running);
    for (size_t i = 0; rc == 0 && i < running.n; i++) {
        struct mt_live_member *member = member_of(all, running.items[i].name.pid);
        uint32_t pid = parent_in_ledger(&running.items[i]);
        const struct mt_live_member *parent = pid ? member_of(all, pid) : NULL;
        if (!member)
            continue;
        member->is_recorded = true;
        if (parent && parent != member && parent->start_ticks <= member->start_ticks)
            member->parent_pid = pid;
    }
    mt_find_free(&running);
    return rc;
}

/* memtrack run watches from a process of its own, which is no part of the program. */
static bool is_memtrack(uint32_t pid) {
    char path[64], own[4096], other[4096];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/exe", pid);
    ssize_t n = readlink("/proc/self/exe", own, sizeof own),
            m = readlink(path, other, sizeof other);
    return n > 0 && n == m && memcmp(own, other, (size_t)n) == 0;
}

static void read_name(struct mt_live_member *member) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/comm", member->pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(member->name, sizeof member->name, file))
        member->name[strcspn(member->name, "\n")] = 0;
    if (file)
        fclose(file);
}

/* Moves the members of the tree to the front, generation by generation. */
static void keep_tree(struct mt_live_members *all, uint32_t root) {
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].pid == root) {
            struct mt_live_member first = all->items[i];
            all->items[i] = all->items[0];
            all->items[0] = first;
            n = 1;
        }
    for (size_t parent = 0; parent < n; parent++)
        for (size_t i = n; i < all->n; i++)
            if (all->items[i].parent_pid == all->items[parent].pid) {
                struct mt_live_member child = all->items[i];
                all->items[i] = all->items[n];
                all->items[n++] = child;
            }
    all->n = n;
}

/* What is gone has led to its children, and is of no more use. */
static void drop_others(struct mt_live_members *members) {
    size_t kept = 0;
    for (size_t i = 0; i < members->n; i++)
        if (!members->items[i].is_gone &&
            (members->items[i].is_recorded || !is_memtrack(members->items[i].pid)))
            members->items[kept++] = members->items[i];
    members->n = kept;
}

static int by_pid(const void *a, const void *b) {
    const struct mt_live_member *x = a, *y = b;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

int mt_live_tree_find(pid_t pid, struct mt_live_members *members, struct mt_error *error) {
    *members = (struct mt_live_members){0};
    struct listing list = {.all = members};
    int rc = list_processes(&list);
    if (rc == 0)
        rc = list_gone(&list);
    if (rc == 0)
        rc = take_ledgers(members);
    if (rc != 0) {
        mt_live_tree_free(members);
        return out_of_memory(error);
    }
    keep_tree(members, (uint32_t)pid);
    bool is_there = members->n != 0 && !members->items[0].is_gone;
    drop_others(members);
    if (members->n > 1)
        qsort(members->items + 1, members->n - 1, sizeof *members->items, by_pid);
    for (size_t i = 0; i < members->n; i++)
        read_name(&members->items[i]);
    if (is_there)
        return 0;
    mt_live_tree_free(members);
    return mt_error_set(error, MEMTRACK_ENOTFOUND, "memtrack list shows those that are tracked.",
                        "there is no process %d", (int)pid);
}

void mt_live_tree_free(struct mt_live_members *members) {
    free(members->items);
    *members = (struct mt_live_members){0};
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    const struct mt_symbols_options *symbols;
    bool with_past;
    struct mt_profile **profiles;
    size_t n, n_gone, n_unread;
    char first_problem[NOTE_BYTES];
    struct mt_processes *processes;
};

/* Since the epoch, within the kernel's hundredth of a second. */
static uint64_t started_at(uint64_t start_ticks) {
    uint64_t now = mt_clock_ns(CLOCK_REALTIME), up = mt_clock_ns(CLOCK_BOOTTIME),
             start = start_ticks * NS_PER_TICK;
    return start < up && up - start < now ? now - (up - start) : 0;
}

static int add_unrecorded(struct mt_processes *processes, const struct mt_live_member *member) {
    struct mt_process *p = mt_processes_add(processes);
    if (!p)
        return -MEMTRACK_ENOMEM;
    p->pid = member->pid;
    p->parent_pid = member->parent_pid;
    p->start_time_ns = started_at(member->start_ticks);
    p->program = strdup(member->name);
    p->exe = strdup("");
    p->why = strdup("it is not recorded");
    return p->program && p->exe && p->why ? mt_processes_set_command(p, "", 0) : -MEMTRACK_ENOMEM;
}

static int keep_profile(struct reading *r, struct mt_profile *profile, bool is_main) {
    char pid[16];
    snprintf(pid, sizeof pid, "%" PRIu32, profile->info.pid);
    if (!mt_array_grow(&r->profiles, r->n, sizeof(struct mt_profile *))) {
        mt_profile_free(profile);
        return -MEMTRACK_ENOMEM;
    }
    r->profiles[r->n++] = profile;
    int rc = mt_processes_add_profile(r->processes, profile, pid);
    if (rc != 0)
        return rc;
    r->processes->items[r->processes->n - 1].is_main = is_main;
    return 0;
}

/* Whoever is not there any more was not to be read; what else went wrong is told. */
static int read_member(struct reading *r, const struct mt_live_member *member, bool is_main) {
    struct mt_error problem = {{0}, {0}};
    struct mt_profile *profile;
    int rc = r->with_past ? mt_past_profile((pid_t)member->pid, &profile, NULL, &problem)
                          : mt_ledger_live_profile((pid_t)member->pid, &profile, &problem);
    if (rc == -MEMTRACK_ENOMEM)
        return rc;
    if (rc == 0) {
        if ((rc = mt_symbols_resolve(profile, r->symbols, NULL)) == 0)
            return keep_profile(r, profile, is_main);
        mt_profile_free(profile);
        return rc;
    }
    if (mt_process_start_ticks(member->pid) != member->start_ticks)
        r->n_gone++;
    else if (r->n_unread++ == 0)
        snprintf(r->first_problem, sizeof r->first_problem, "%.*s", NOTE_BYTES - 1,
                 problem.message);
    return 0;
}

static int read_members(struct reading *r, const struct mt_live_members *members, pid_t root) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < members->n; i++) {
        const struct mt_live_member *m = &members->items[i];
        if (m->is_recorded)
            rc = read_member(r, m, m->pid == (uint32_t)root);
        else
            rc = add_unrecorded(r->processes, m);
    }
    return rc;
}

/* "2 processes of the tree are not recorded: sleep (12), sh (13)" */
static int note_unrecorded(const struct mt_live_members *members, struct mt_profile *profile) {
    char *text = NULL;
    size_t bytes = 0, n = 0, named = 0;
    for (size_t i = 0; i < members->n; i++)
        n += !members->items[i].is_recorded;
    FILE *out = n ? open_memstream(&text, &bytes) : NULL;
    if (n && !out)
        return -MEMTRACK_ENOMEM;
    if (n == 0)
        return 0;
    fprintf(out, "%zu process%s of the tree %s not recorded, and not in it: ", n,
            n == 1 ? "" : "es", n == 1 ? "is" : "are");
    for (size_t i = 0; i < members->n && named < NAMED; i++)
        if (!members->items[i].is_recorded)
            fprintf(out, "%s%s (%" PRIu32 ")", named++ ? ", " : "", members->items[i].name,
                    members->items[i].pid);
    if (n > named)
        fprintf(out, " and %zu more", n - named);
    int rc = fclose(out) == 0 ? mt_profile_add_note(profile, text) : -MEMTRACK_ENOMEM;
    free(text);
    return rc;
}

static int add_notes(const struct reading *r, const struct mt_live_members *members,
                     struct mt_profile *profile) {
    char text[NOTE_BYTES + 96];
    int rc = note_unrecorded(members, profile);
    if (rc == 0 && r->n_unread) {
        snprintf(text, sizeof text, "%zu process%s of the tree could not be read: %s", r->n_unread,
                 r->n_unread == 1 ? "" : "es", r->first_problem);
        rc = mt_profile_add_note(profile, text);
    }
    if (rc == 0 && r->n_gone) {
        snprintf(text, sizeof text, "%zu process%s of the tree ended before it was read", r->n_gone,
                 r->n_gone == 1 ? "" : "es");
        rc = mt_profile_add_note(profile, text);
    }
    return rc;
}

static int none_recorded(pid_t pid, const struct reading *r, const struct mt_live_members *members,
                         struct mt_error *error) {
    if (r->n_unread)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "", "%s", r->first_problem);
    return mt_error_set(error, MEMTRACK_ENOTFOUND,
                        "Start it with memtrack PROGRAM, or with LD_PRELOAD=libmemtrack.so.",
                        "process %d is not tracked, nor is any of the %zu below it", (int)pid,
                        members->n ? members->n - 1 : 0);
}

static void free_profiles(struct reading *r) {
    for (size_t i = 0; i < r->n; i++)
        mt_profile_free(r->profiles[i]);
    free(r->profiles);
    r->profiles = NULL;
    r->n = 0;
}

/* Where the process itself is not recorded, the first that began stands for it. */
static void choose_main(struct mt_processes *processes) {
    for (size_t i = 0; i < processes->n && !mt_processes_main(processes); i++)
        processes->items[i].is_main = processes->items[i].file != NULL;
}

/* The processes are told of as a run that goes on: how long it has is the oldest one's to say. */
static void set_span(struct mt_processes *processes) {
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < processes->n; i++) {
        const struct mt_process *p = &processes->items[i];
        if (!p->file)
            continue;
        first = p->start_time_ns < first ? p->start_time_ns : first;
        last = p->start_time_ns + p->duration_ns > last ? p->start_time_ns + p->duration_ns : last;
    }
    processes->is_live = true;
    processes->start_time_ns = first;
    processes->duration_ns = last > first ? last - first : 0;
}

static int read_tree(pid_t pid, struct reading *r, struct mt_live_members *members,
                     struct mt_error *error) {
    int rc = mt_live_tree_find(pid, members, error);
    if (rc != 0)
        return rc;
    rc = read_members(r, members, pid);
    if (rc != 0)
        return out_of_memory(error);
    if (r->n == 0)
        return none_recorded(pid, r, members, error);
    set_span(r->processes);
    mt_processes_sort(r->processes);
    choose_main(r->processes);
    return 0;
}

int mt_live_tree_profiles(pid_t pid, const struct mt_symbols_options *symbols, bool with_past,
                          struct mt_processes *processes, struct mt_profile ***profiles, size_t *n,
                          struct mt_error *error) {
    struct mt_live_members members = {0};
    struct reading r = {.symbols = symbols, .with_past = with_past, .processes = processes};
    *processes = (struct mt_processes){0};
    int rc = read_tree(pid, &r, &members, error);
    if (rc == 0 && r.profiles && add_notes(&r, &members, r.profiles[0]) != 0)
        rc = out_of_memory(error);
    mt_live_tree_free(&members);
    if (rc != 0) {
        free_profiles(&r);
        mt_processes_free(processes);
        return rc;
    }
    *profiles = r.profiles;
    *n = r.n;
    return 0;
}

/* ---- the sum --------------------------------------------------------------------------------- */

static size_t entry_of(const struct mt_processes *processes, const struct mt_profile *profile) {
    for (size_t i = 0; i < processes->n; i++)
        if (processes->items[i].file && processes->items[i].pid == profile->info.pid)
            return i;
    return SIZE_MAX;
}

/* A sum of one says so, too: the rows of one process alone would hide that it has no other. */
static int merge_all(const struct mt_merge_keep *keep, const struct mt_processes *processes,
                     struct mt_profile *const *profiles, size_t n, struct mt_profile **out) {
    struct mt_merge *merge = mt_join_new(keep);
    char **labels = mt_processes_label(processes, "");
    int rc = merge && labels ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        size_t entry = entry_of(processes, profiles[i]);
        bool has_entry = entry != SIZE_MAX;
        char *label;
        if (asprintf(&label, "%" PRIu32 " %s", profiles[i]->info.pid,
                     has_entry ? labels[entry] : mt_called_name(profiles[i])) < 0) {
            rc = -MEMTRACK_ENOMEM;
            break;
        }
        rc = mt_merge_add(merge, profiles[i], label, has_entry && processes->items[entry].is_main);
        free(label);
    }
    if (rc == 0 && !(*out = mt_merge_finish(merge)))
        rc = -MEMTRACK_ENOMEM;
    else if (rc != 0)
        mt_merge_free(merge);
    mt_processes_label_free(labels, processes->n);
    return rc;
}

int mt_live_tree_load(pid_t pid, const struct mt_merge_keep *keep,
                      const struct mt_symbols_options *symbols, struct mt_processes *processes,
                      struct mt_profile **out, struct mt_error *error) {
    struct mt_live_members members = {0};
    struct reading r = {.symbols = symbols, .with_past = keep->times, .processes = processes};
    *processes = (struct mt_processes){0};
    *out = NULL;
    int rc = read_tree(pid, &r, &members, error);
    if (rc == 0) {
        rc = merge_all(keep, processes, r.profiles, r.n, out);
        if (rc == 0)
            rc = add_notes(&r, &members, *out);
        if (rc != 0)
            mt_error_set(error, -rc, "Look at fewer: memtrack report takes one process as well.",
                         "%s while adding up processes",
                         rc == -MEMTRACK_ENOMEM ? "out of memory" : "too much for one profile");
    }
    mt_live_tree_free(&members);
    free_profiles(&r);
    if (rc != 0) {
        mt_profile_free(*out);
        *out = NULL;
        mt_processes_free(processes);
    }
    return rc;
}
