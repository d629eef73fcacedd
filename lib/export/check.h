/* SPDX-License-Identifier: MIT */
/* What `memtrack check` found, for other programs: JSON of the schema memtrack-check/1, JUnit's XML,
 * Markdown, and annotations for GitHub. */
#ifndef MT_EXPORT_CHECK_H
#define MT_EXPORT_CHECK_H

#include "base/error.h"
#include "profile/profile.h"
#include "view/budget/budget.h"

/* One profile and what was found in it. The profile itself is not kept: the processes of a run may
 * be many. */
struct mt_checked {
    char *path, *exe, *program; /* program: the name without directories; "" when unreadable */
    char *problem;              /* why the profile could not be read; NULL: it could */
    uint32_t pid;
    uint64_t duration_ns, sample_bytes;
    bool approximate, partial;
    struct mt_findings findings;
};

/* The program that the check has run itself. A result tells of it too, so that it never looks
 * better than the run was. */
struct mt_check_run {
    const char *program; /* as it was called */
    int status; /* as a shell has it: 128 and the signal when it was killed; 125 to 127: it was not
                   started */
    const char *problem; /* why nothing could be checked; NULL: it could */
};

/* Returns what went wrong, such as "app ended with status 7", malloc'ed: "" when all went well,
 * NULL when out of memory. */
char *mt_export_check_run_message(const struct mt_check_run *run);

/* Copies what describes the profile (NULL: problem says why there is none). Returns 0 or
 * -MEMTRACK_ENOMEM; the caller frees checked either way. */
int mt_export_check_init(struct mt_checked *checked, const char *path,
                         const struct mt_profile *profile, const char *problem,
                         struct mt_error *error);
void mt_export_check_free(struct mt_checked *checked);
/* A budget, or a profile that could not be read: then finding is NULL. */
struct mt_check_item {
    const struct mt_checked *checked;
    const struct mt_finding *finding;
};

/* Lists all of them, first those that fail, the worst first: profiles that cannot be read, budgets
 * by how many times they are exceeded, those that are unknown. *items is malloc'ed, of the n
 * profiles' texts; *n_failed of the *n_items fail. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_export_check_items(const struct mt_checked *checked, size_t n, struct mt_check_item **items,
                          size_t *n_items, size_t *n_failed);

/* Returns "1 of 3 budgets exceeded in 2 profiles", malloc'ed; NULL when out of memory. */
char *mt_export_check_count(const struct mt_checked *checked, size_t n);

/* Tells whether the profile could be read and no budget of it failed. */
bool mt_export_check_is_good(const struct mt_checked *checked);

#endif
