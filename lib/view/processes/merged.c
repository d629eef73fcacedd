/* SPDX-License-Identifier: MIT */
/*
 * One profile is in memory at a time beside the merged one. Names are looked up afterwards, in the
 * merged profile: an address without a name is then looked for once, and not once for each process.
 */
#include "view/processes/merged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/join/join.h"
#include "view/processes/label.h"
#include "view/subject.h"

struct loading {
    const char *directory;
    const struct mt_processes *processes;
    char **labels;
    struct mt_merge *merge;
    size_t n_merged, n_unreadable;
    char first_problem[256];
};

static int by_peak(const void *a, const void *b, void *context) {
    const struct mt_process *items = context;
    const struct mt_process *x = &items[*(const size_t *)a], *y = &items[*(const size_t *)b];
    if (x->peak_bytes != y->peak_bytes)
        return x->peak_bytes < y->peak_bytes ? 1 : -1;
    return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

static int add_one(struct loading *l, const struct mt_process *p, const char *label) {
    struct mt_profile *profile = NULL;
    struct mt_error problem = {{0}, {0}};
    char *path = NULL, *process = NULL;
    int rc = 0;
    if (asprintf(&path, "%s%s%s", l->directory ? l->directory : "", l->directory ? "/" : "",
                 p->file) < 0 ||
        asprintf(&process, "%u %s", p->pid, label) < 0) {
        rc = -MEMTRACK_ENOMEM;
    } else if (mt_subject_load(path, &profile, &problem) == 0) {
        rc = mt_merge_add(l->merge, profile, process, p->is_main);
        l->n_merged++;
    } else if (l->n_unreadable++ == 0)
        snprintf(l->first_problem, sizeof l->first_problem, "%.255s", problem.message);
    mt_profile_free(profile);
    free(path);
    free(process);
    return rc;
}

/* Returns the indexes of the entries that have a profile, those with the highest peaks first. */
static size_t *order(const struct mt_processes *processes, size_t *n) {
    size_t *list = malloc((processes->n + 1) * sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < processes->n; i++)
        if (processes->items[i].file)
            list[(*n)++] = i;
    if (list && *n)
        qsort_r(list, *n, sizeof *list, by_peak, processes->items);
    return list;
}

static int add_all(struct loading *l, size_t most) {
    size_t n, *list = order(l->processes, &n);
    int rc = list ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < n && (most == 0 || i < most); i++)
        rc = add_one(l, &l->processes->items[list[i]], l->labels[list[i]]);
    free(list);
    return rc;
}

static int note_unreadable(const struct loading *l, struct mt_profile *profile) {
    char text[512];
    if (l->n_unreadable == 0)
        return 0;
    snprintf(text, sizeof text, "%zu profile%s of the run could not be read and %s not in it: %s",
             l->n_unreadable, l->n_unreadable == 1 ? "" : "s", l->n_unreadable == 1 ? "is" : "are",
             l->first_problem);
    return mt_profile_add_note(profile, text);
}

/* The first of the notes: what else is not recorded is less. */
static int note_left_out(const struct loading *l, struct mt_profile *profile) {
    const struct mt_process *program = mt_processes_left_out(l->processes);
    struct mt_profile_info *info = &profile->info;
    char text[512];
    if (!program)
        return 0;
    snprintf(text, sizeof text, "Not recorded: %.400s (process %u): --only leaves it out.",
             program->program, program->pid);
    int rc = mt_profile_add_note(profile, text);
    if (rc == 0) {
        mt_string last = info->notes[info->n_notes - 1];
        memmove(info->notes + 1, info->notes, (info->n_notes - 1) * sizeof *info->notes);
        info->notes[0] = last;
    }
    return rc;
}

static int note_running(const struct loading *l, struct mt_profile *profile) {
    return l->processes->is_running
               ? mt_profile_add_note(profile, "the run is not over: what its processes that still "
                                              "run have is not in it (memtrack list shows them)")
               : 0;
}

static int refuse_running(const char *directory, const struct mt_processes *processes,
                          struct mt_error *error) {
    const struct mt_process *program = mt_processes_main(processes);
    char hint[128] = "memtrack list shows the processes that run.";
    if (program)
        snprintf(hint, sizeof hint,
                 "For the program as it is now: memtrack report %u. memtrack list shows all.",
                 program->pid);
    return mt_error_set(error, MEMTRACK_ENOTFOUND, hint,
                        "%s: the run is not over, and none of its processes has ended yet",
                        directory);
}

static int refuse(const struct loading *l, struct mt_error *error) {
    if (l->processes->is_running && l->directory && l->n_unreadable == 0)
        return refuse_running(l->directory, l->processes, error);
    return mt_error_set(error, MEMTRACK_ENOTFOUND,
                        "The processes of the run are in its index.json.", "%s: %s",
                        l->directory ? l->directory : "the run",
                        l->n_unreadable ? l->first_problem : "holds no profile that can be read");
}

static int finish(struct loading *l, struct mt_profile **out, struct mt_error *error) {
    if (l->n_merged == 0)
        return refuse(l, error);
    *out = mt_merge_finish(l->merge);
    l->merge = NULL;
    if (*out && note_unreadable(l, *out) == 0 && note_running(l, *out) == 0 &&
        note_left_out(l, *out) == 0)
        return 0;
    mt_profile_free(*out);
    *out = NULL;
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while merging profiles");
}

int mt_merged_load(const char *directory, const struct mt_processes *processes,
                   const struct mt_merged_options *options, struct mt_profile **out,
                   size_t *n_merged, struct mt_error *error) {
    struct loading l = {.directory = directory,
                        .processes = processes,
                        .labels = mt_processes_label(processes, ""),
                        .merge = mt_join_new(&options->keep),
                        .n_unreadable = processes->n_unreadable};
    if (processes->unreadable_reason)
        snprintf(l.first_problem, sizeof l.first_problem, "%.255s", processes->unreadable_reason);
    *out = NULL;
    int rc = l.labels && l.merge ? add_all(&l, options->most) : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = finish(&l, out, error);
    else
        mt_error_set(error, -rc, "Merge fewer: memtrack report takes one profile as well.",
                     "%s while merging profiles",
                     rc == -MEMTRACK_ENOMEM ? "out of memory" : "too much for one profile");
    if (n_merged)
        *n_merged = l.n_merged;
    mt_merge_free(l.merge);
    mt_processes_label_free(l.labels, processes->n);
    return rc;
}
