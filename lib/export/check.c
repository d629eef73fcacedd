/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a profile until all have been checked: a copy of the few texts and numbers that
 * its results are shown with, so that the processes of a large run need not be in memory at once.
 */
#include "export/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
