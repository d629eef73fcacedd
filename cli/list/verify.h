/* SPDX-License-Identifier: MIT */
/* memtrack list --verify: does everything in a ledger fit together? */
#ifndef MT_CLI_LIST_VERIFY_H
#define MT_CLI_LIST_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "text/terminal.h"

/* Verifies the ledgers at these paths, or of these pids; with none, all that mt_find_running and
 * mt_find_left find. Prints a line for each on stdout, as text or as JSON. Returns MT_EXIT_OK,
 * MT_EXIT_FINDING (one does not fit together) or -MEMTRACK_E…. */
int mt_list_verify(const char *const *names, size_t n, bool json, enum mt_terminal_color color,
                   struct mt_error *error);

#endif
