/* SPDX-License-Identifier: MIT */
/* Several profiles as one, for a command that takes FILE... */
#ifndef MT_CLI_COMMAND_INPUTS_H
#define MT_CLI_COMMAND_INPUTS_H

#include <stddef.h>

#include "base/error.h"
#include "command/input.h"
#include "profile/profile.h"
#include "view/processes/processes.h"

/*
 * Reads the n >= 1 profiles of these paths, each chosen by mt_input_choose_at, and gives them the
 * names that wanted->symbols find. One is *out as it is, and of a run of several processes *processes tells of them (the
 * caller's to free); several are merged (profile/merge.h), and there are no processes. Errors are
 * those of mt_input_read_run, mt_symbols_resolve and mt_merge_add.
 */
int mt_inputs_read(char *const *paths, size_t n, const struct mt_input_wanted *wanted,
                   struct mt_processes *processes, struct mt_profile **out, struct mt_error *error);

#endif
