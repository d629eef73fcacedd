/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a profile until all have been checked: a copy of the few texts and numbers that
 * its results are shown with, so that the processes of a large run need not be in memory at once.
 */
#include "export/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/budget/sentence.h"

int mt_export_check_init(struct mt_checked *checked, const char *path,
                         const struct mt_profile *profile, const char *problem,
                         struct mt_error *error) {
    const char *exe = profile ? mt_profile_text(profile, profile->info.exe) : "";
    *checked = (struct mt_checked){
        .path = strdup(path), .exe = strdup(exe), .program = strdup(basename(exe))};
    if (problem)
        checked->problem = strdup(problem);
    if (!checked->path || !checked->exe || !checked->program || (problem && !checked->problem))
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (profile) {
        checked->pid = profile->info.pid;
        checked->duration_ns = profile->info.duration_ns;
        checked->sample_bytes = profile->info.sample_bytes;
        checked->approximate = profile->info.approximate;
        checked->partial = profile->info.partial;
    }
    return 0;
}

void mt_export_check_free(struct mt_checked *checked) {
    free(checked->path);
    free(checked->exe);
    free(checked->program);
    free(checked->problem);
    mt_finding_free_all(&checked->findings);
    *checked = (struct mt_checked){0};
}

bool mt_export_check_is_good(const struct mt_checked *checked) {
    return !checked->problem && mt_finding_count_failed(&checked->findings) == 0;
}

/* ---- all profiles ---------------------------------------------------------------------------- */

static bool fails(const struct mt_check_item *item) {
    return !item->finding || mt_finding_fails(item->finding);
}

static double badness(const struct mt_check_item *item) {
    const struct mt_finding *finding = item->finding;
    if (!finding)
        return 4e19; /* more than any ratio */
    if (finding->outcome == MT_OUTCOME_UNKNOWN)
        return 0.5;
    return finding->limit ? (double)finding->actual / (double)finding->limit
                          : (double)finding->actual * 2;
}

static int by_badness(const void *a, const void *b) {
    const struct mt_check_item *one = a, *other = b;
    double first = badness(one), second = badness(other);
    if (first != second)
        return first < second ? 1 : -1;
    return one->checked != other->checked ? (one->checked < other->checked ? -1 : 1)
                                          : (one->finding < other->finding ? -1 : 1);
}

/* Appends the items of a profile that fail, or those that do not. */
static void add_items(const struct mt_checked *checked, bool failed, struct mt_check_item *items,
                      size_t *n) {
    struct mt_check_item item = {.checked = checked};
    if (checked->problem && failed)
        items[(*n)++] = item;
    for (size_t i = 0; i < checked->findings.n; i++) {
        item.finding = &checked->findings.items[i];
        if (fails(&item) == failed)
            items[(*n)++] = item;
    }
}

int mt_export_check_items(const struct mt_checked *checked, size_t n, struct mt_check_item **items,
                          size_t *n_items, size_t *n_failed) {
    size_t most = 1;
    for (size_t i = 0; i < n; i++)
        most += checked[i].findings.n + 1;
    *n_items = *n_failed = 0;
    *items = calloc(most, sizeof **items);
    if (!*items)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < n; i++)
        add_items(&checked[i], true, *items, n_items);
    *n_failed = *n_items;
    qsort(*items, *n_failed, sizeof **items, by_badness);
    for (size_t i = 0; i < n; i++)
        add_items(&checked[i], false, *items, n_items);
    return 0;
}

char *mt_export_check_count(const struct mt_checked *checked, size_t n) {
    size_t n_budgets = 0, n_exceeded = 0, n_unknown = 0, n_unreadable = 0;
    char *text = NULL, unreadable[64] = "";
    for (size_t i = 0; i < n; i++) {
        n_unreadable += checked[i].problem != NULL;
        n_budgets += checked[i].findings.n;
        for (size_t k = 0; k < checked[i].findings.n; k++) {
            n_exceeded += checked[i].findings.items[k].outcome == MT_OUTCOME_BROKEN;
            n_unknown += checked[i].findings.items[k].outcome == MT_OUTCOME_UNKNOWN;
        }
    }
    if (n_unreadable)
        snprintf(unreadable, sizeof unreadable, "%zu profile%s cannot be read", n_unreadable,
                 n_unreadable == 1 ? "" : "s");
    char *count = mt_sentence_count(n - n_unreadable, n_budgets, n_exceeded, n_unknown);
    bool both = n_unreadable && n_unreadable < n;
    if (!count ||
        asprintf(&text, "%s%s%s", n == n_unreadable ? "" : count, both ? ", " : "", unreadable) < 0)
        text = NULL;
    free(count);
    return text;
}

char *mt_export_check_run_message(const struct mt_check_run *run) {
    const char *name = basename(run->program);
    const char *signal = run->status > 128 ? sigdescr_np(run->status - 128) : NULL;
    char *text = NULL;
    int length;
    if (run->problem)
        return strdup(run->problem);
    if (run->status == 0)
        return strdup("");
    if (run->status >= 125 && run->status <= 127)
        length = asprintf(&text, "%s could not be run: status %d", name, run->status);
    else if (signal)
        length = asprintf(&text, "%s ended with status %d, as after signal %d (%s)", name,
                          run->status, run->status - 128, signal);
    else
        length = asprintf(&text, "%s ended with status %d", name, run->status);
    return length < 0 ? NULL : text;
}
