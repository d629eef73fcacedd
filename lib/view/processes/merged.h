/* SPDX-License-Identifier: MIT */
/* The profiles of a run of several processes as one. */
#ifndef MT_VIEW_PROCESSES_MERGED_H
#define MT_VIEW_PROCESSES_MERGED_H

#include <stddef.h>

#include "base/error.h"
#include "profile/merge.h"
#include "view/processes/processes.h"

struct mt_merged_options {
    struct mt_merge_keep keep;
    size_t most; /* of the profiles, those with the highest peaks; 0: all */
};

/*
 * Loads the profiles that the entries name, of the directory (NULL: names are paths as they are),
 * and merges them. Samples are labelled "PID LABEL" (view/processes/label.h). *n_merged: how many
 * there are in it (may be NULL). A file that cannot be read is a note in the result. Returns 0,
 * -MEMTRACK_ENOTFOUND when there is no profile at all, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT.
 */
int mt_merged_load(const char *directory, const struct mt_processes *processes,
                   const struct mt_merged_options *options, struct mt_profile **out,
                   size_t *n_merged, struct mt_error *error);

#endif
