/* SPDX-License-Identifier: MIT */
/*
 * Profiles are added to the merged one as they are read, so that two are in memory at a time. A
 * problem names its file, as the message of a single one does.
 */
#include "command/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/called.h"
#include "profile/join/join.h"

static int read_one(const char *path, const struct mt_input_wanted *wanted,
                    struct mt_processes *processes, struct mt_profile **out,
                    struct mt_error *error) {
    int rc = mt_input_read_run(path, wanted, processes, out, error);
    return rc == 0 ? mt_symbols_resolve(*out, wanted->symbols, error) : rc;
}

/* Returns how the samples of this profile are labelled, malloc'ed. */
static char *label_of(const struct mt_profile *profile, const char *path) {
    char *label = NULL;
    const char *slash = strrchr(path, '/');
    if (!profile->info.is_memtrack)
        return strdup(slash ? slash + 1 : path);
    return asprintf(&label, "%u %s", profile->info.pid, mt_called_name(profile)) < 0 ? NULL : label;
}

static int add(struct mt_merge *merge, const struct mt_profile *profile, const char *path,
               bool is_first, struct mt_error *error) {
    char *label = label_of(profile, path);
    int rc = label ? mt_merge_add(merge, profile, label, is_first) : -MEMTRACK_ENOMEM;
    free(label);
    if (rc == 0)
        return 0;
    return mt_error_set(error, -rc, "Merge fewer of them.",
                        rc == -MEMTRACK_ENOMEM ? "out of memory while merging %s"
                                               : "%s: too much for one profile",
                        path);
}

static int merge_all(struct mt_merge *merge, char *const *paths, size_t n,
                     const struct mt_input_wanted *wanted, struct mt_error *error) {
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct mt_processes processes;
        struct mt_profile *profile = NULL;
        rc = read_one(paths[i], wanted, &processes, &profile, error);
        if (rc == 0)
            rc = add(merge, profile, paths[i], i == 0, error);
        mt_processes_free(&processes);
        mt_profile_free(profile);
    }
    return rc;
}

int mt_inputs_read(char *const *paths, size_t n, const struct mt_input_wanted *wanted,
                   struct mt_processes *processes, struct mt_profile **out,
                   struct mt_error *error) {
    *out = NULL;
    *processes = (struct mt_processes){0};
    if (n == 1)
        return read_one(paths[0], wanted, processes, out, error);
    struct mt_merge *merge = mt_join_new(&wanted->keep);
    int rc = merge ? merge_all(merge, paths, n, wanted, error) : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        *out = mt_merge_finish(merge);
        merge = NULL;
    }
    mt_merge_free(merge);
    if (rc == 0 && !*out)
        rc = -MEMTRACK_ENOMEM;
    return rc == -MEMTRACK_ENOMEM ? mt_error_set(error, MEMTRACK_ENOMEM, "Merge fewer of them.",
                                                 "out of memory while merging profiles")
                                  : rc;
}
