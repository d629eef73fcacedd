/* SPDX-License-Identifier: MIT */
/*
 * Who watches a process from outside has no use for its call paths, which are most of a ledger: a
 * conversion without them is quick enough for every process that ends. Functions that are scopes
 * have names in the call paths alone, and are left out.
 */
#include "profile/ledger/said.h"

#include "profile/ledger/scopes.h"

static int take(struct mt_ledger *ledger, struct mt_profile *profile) {
    struct mt_ledger_paths paths = {.ledger = ledger, .profile = profile};
    struct mt_ledger_labels names = {.paths = &paths};
    struct mt_ledger_threads threads = {0};
    int rc = mt_ledger_threads_take(ledger, profile, &threads);
    if (rc == 0)
        rc = mt_ledger_paths_load(&paths);
    if (rc == 0)
        rc = mt_ledger_scopes_take(ledger, &names, &threads);
    mt_ledger_threads_free(&threads);
    mt_ledger_labels_free(&names);
    mt_ledger_paths_free(&paths);
    return rc;
}

int mt_ledger_said_take(struct mt_ledger *ledger, struct mt_profile **out) {
    *out = NULL;
    int rc = mt_ledger_refresh(ledger, NULL);
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    if (rc != 0 || (info->events_seen == 0 && info->n_open == 0))
        return rc;
    struct mt_profile *profile = mt_profile_new();
    rc = profile ? take(ledger, profile) : -MEMTRACK_ENOMEM;
    if (rc != 0)
        mt_profile_free(profile);
    else
        *out = profile;
    return rc;
}
