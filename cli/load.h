/* SPDX-License-Identifier: MIT */
/* What the user names, whatever its kind, as a profile. */
#ifndef MT_CLI_LOAD_H
#define MT_CLI_LOAD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"

/* A number of digits that is no file's name: a process. */
bool mt_cli_is_pid(const char *what, pid_t *pid);

/* A profile, the ledger of a process that runs or was left behind (told apart by their first bytes), or a pid: that
 * process now. Not symbolized. Errors as of mt_pprof_read, mt_ledger_open and mt_profile_from_process. */
int mt_cli_load(const char *what, struct mt_profile **out, struct mt_error *error);

#endif
