/* SPDX-License-Identifier: MIT */
/*
 * What somebody names to be looked at, whatever its kind: "app.pb.gz", "1234.5678.0.ledger",
 * "1234", "app.pb.gz@peak". A file of the very name comes first.
 */
#ifndef MT_VIEW_SUBJECT_H
#define MT_VIEW_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"

/* Returns whether the text is a number, and no file is called so: a process. */
bool mt_subject_is_process(const char *what, pid_t *pid);

/* Returns where "@MOMENT" begins, or NULL when there is none. */
const char *mt_subject_at(const char *what);

/* Loads a profile, the ledger of a process that runs or was left behind (told apart by their
 * first bytes), or a process as it is now. The profile is not symbolized. Errors are those of
 * mt_pprof_read, mt_ledger_open and mt_ledger_live_profile. */
int mt_subject_load(const char *what, struct mt_profile **out, struct mt_error *error);

#endif
