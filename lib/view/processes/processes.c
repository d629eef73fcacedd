/* SPDX-License-Identifier: MIT */
/*
 * A list that a run appends to and an index fills. A parent is found by its pid among those that
 * began before: pids are given out again, so the one that began last is it, which is also the right
 * image of a process that has executed several programs.
 */
#include "view/processes/processes.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "profile/called.h"

void mt_processes_forget(struct mt_process *process) {
    free(process->program);
    free(process->exe);
    if (process->command)
        free(process->command[0]); /* all words are in one piece */
    free(process->command);
    free(process->file);
    free(process->why);
}

void mt_processes_free(struct mt_processes *processes) {
    for (size_t i = 0; i < processes->n; i++)
        mt_processes_forget(&processes->items[i]);
    free(processes->items);
    free(processes->points);
    free(processes->unreadable_reason);
    *processes = (struct mt_processes){0};
}

struct mt_process *mt_processes_add(struct mt_processes *processes) {
    if (!mt_array_grow(&processes->items, processes->n, sizeof *processes->items))
        return NULL;
    struct mt_process *process = &processes->items[processes->n++];
    *process = (struct mt_process){.is_last_image = true};
    return process;
}

int mt_processes_set_command(struct mt_process *process, const char *words, size_t bytes) {
    size_t n = 0;
    char *text = malloc(bytes + 1);
    if (!text)
        return -MEMTRACK_ENOMEM;
    memcpy(text, words, bytes);
    text[bytes] = 0;
    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1)
        n++;
    char **command = calloc(n + 1, sizeof *command);
    if (!command) {
        free(text);
        return -MEMTRACK_ENOMEM;
    }
    command[0] = text; /* freed by it, even when there is no word */
    n = 0;
    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1)
        command[n++] = text + at;
    process->command = command;
    process->n_words = n;
    return 0;
}

static int take_command(struct mt_process *process, const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < info->n_command; i++)
        bytes += strlen(mt_profile_text(profile, info->command[i])) + 1;
    char *words = malloc(bytes + 1);
    if (!words)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < info->n_command; i++) {
        const char *word = mt_profile_text(profile, info->command[i]);
        size_t length = strlen(word) + 1;
        memcpy(words + at, word, length);
        at += length;
    }
    int rc = mt_processes_set_command(process, words, bytes);
    free(words);
    return rc;
}

int mt_processes_add_profile(struct mt_processes *processes, const struct mt_profile *profile,
                             const char *file) {
    const struct mt_profile_info *info = &profile->info;
    struct mt_process *p = mt_processes_add(processes);
    if (!p)
        return -MEMTRACK_ENOMEM;
    p->pid = info->pid;
    p->parent_pid = info->ppid;
    p->start_time_ns = info->start_time_ns;
    p->duration_ns = info->duration_ns;
    p->peak_bytes = info->totals.peak_bytes;
    p->live_bytes = info->totals.live_bytes;
    p->live_blocks = info->totals.live_blocks;
    p->total_bytes = info->totals.total_bytes;
    p->total_blocks = info->totals.total_blocks;
    p->anonymous_bytes = info->anonymous.bytes;
    p->exit_known = info->exit_known;
    p->exit_code = info->exit_code;
    p->exit_signal = info->exit_signal;
    p->program = strdup(mt_called_name(profile));
    p->exe = strdup(mt_profile_text(profile, info->exe));
    p->file = strdup(file);
    if (!p->program || !p->exe || !p->file)
        return -MEMTRACK_ENOMEM;
    return take_command(p, profile);
}

static int by_start(const void *a, const void *b) {
    const struct mt_process *x = a, *y = b;
    if (x->start_time_ns != y->start_time_ns)
        return x->start_time_ns > y->start_time_ns ? 1 : -1;
    if (x->pid != y->pid)
        return x->pid > y->pid ? 1 : -1;
    return x->image > y->image ? 1 : x->image < y->image ? -1 : 0;
}

void mt_processes_sort(struct mt_processes *processes) {
    if (processes->n)
        qsort(processes->items, processes->n, sizeof *processes->items, by_start);
}

const struct mt_process *mt_processes_main(const struct mt_processes *processes) {
    for (size_t i = 0; i < processes->n; i++)
        if (processes->items[i].is_main)
            return &processes->items[i];
    return NULL;
}

const struct mt_process *mt_processes_left_out(const struct mt_processes *processes) {
    const struct mt_process *program = mt_processes_main(processes);
    return program && program->why && strcmp(program->why, MT_PROCESS_LEFT_OUT) == 0 ? program
                                                                                     : NULL;
}

size_t mt_processes_count(const struct mt_processes *processes) {
    size_t n = 0;
    for (size_t i = 0; i < processes->n; i++)
        n += processes->items[i].is_last_image;
    return n - (mt_processes_left_out(processes) != NULL);
}

size_t mt_processes_parent(const struct mt_processes *processes, size_t child) {
    const struct mt_process *c = &processes->items[child];
    size_t first = child;
    while (first > 0 && c->image > 0) { /* the process is a child of who started its first image */
        size_t i = first;
        while (i-- > 0 && processes->items[i].pid != c->pid)
            ;
        if (i == SIZE_MAX || processes->items[i].image >= c->image)
            break;
        c = &processes->items[first = i];
    }
    for (size_t i = first; i-- > 0;)
        if (processes->items[i].pid == c->parent_pid && c->parent_pid != c->pid)
            return i;
    return SIZE_MAX;
}

/* Between the clocks of two processes, and from fork to the first allocation. */
#define SLACK_NS UINT64_C(50000000)

static bool lived_at(const struct mt_process *p, uint64_t time_ns) {
    uint64_t end = p->start_time_ns + p->duration_ns;
    return end < p->start_time_ns || time_ns <= end + SLACK_NS;
}

/* The parent, or the image before; a number that was given again is nobody's parent. */
static size_t origin_of(const struct mt_processes *processes, size_t child) {
    const struct mt_process *c = &processes->items[child];
    for (size_t i = child; i-- > 0;) {
        const struct mt_process *p = &processes->items[i];
        if ((p->pid == c->pid || p->pid == c->parent_pid) && lived_at(p, c->start_time_ns))
            return i;
    }
    return SIZE_MAX;
}

void mt_processes_keep_newest(struct mt_processes *processes) {
    size_t root = processes->n ? processes->n - 1 : 0, kept = 0;
    bool *is_member = calloc(processes->n + 1, sizeof *is_member);
    if (!is_member || processes->n == 0) {
        free(is_member);
        return;
    }
    for (size_t origin; (origin = origin_of(processes, root)) != SIZE_MAX;)
        root = origin;
    is_member[root] = true;
    for (size_t i = root + 1; i < processes->n; i++) {
        size_t origin = origin_of(processes, i);
        is_member[i] = origin != SIZE_MAX && is_member[origin];
    }
    for (size_t i = 0; i < processes->n; i++)
        if (is_member[i])
            processes->items[kept++] = processes->items[i];
        else
            mt_processes_forget(&processes->items[i]);
    processes->n = kept;
    free(is_member);
    for (size_t i = 0; i < kept; i++)
        processes->items[i].is_main = false;
    processes->items[0].is_main = true;
    processes->start_time_ns = processes->items[0].start_time_ns;
}
