/* SPDX-License-Identifier: MIT */
/* A file that holds a recording, whatever its kind, as a profile. */
#ifndef MT_CLI_LOAD_H
#define MT_CLI_LOAD_H

#include "base/error.h"
#include "profile/profile.h"

/* A profile, or the ledger of a process that runs or was left behind: told apart by their first bytes. Not symbolized.
 * Errors as of mt_pprof_read and mt_ledger_open. */
int mt_cli_load(const char *path, struct mt_profile **out, struct mt_error *error);

#endif
