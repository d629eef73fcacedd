/* SPDX-License-Identifier: MIT */
/*
 * A pid alone names a process only while it runs; with its start time it does so until the next
 * boot. That is why both are in the name of a ledger.
 */
#include "ledger/filename.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/layout.h"

bool mt_ledger_filename_parse(const char *text, struct mt_ledger_filename *name) {
    int end = 0;
    if (text[0] < '0' || text[0] > '9')
        return false;
    if (sscanf(text, "%9" SCNu32 ".%19" SCNu64 ".%9" SCNu32 "%n", &name->pid, &name->start_ticks,
               &name->counter, &end) != 3)
        return false;
    return strcmp(text + end, MT_LEDGER_SUFFIX) == 0;
}

void mt_ledger_filename_format(const struct mt_ledger_filename *name, char *out, size_t bytes) {
    snprintf(out, bytes, "%" PRIu32 ".%" PRIu64 ".%" PRIu32 MT_LEDGER_SUFFIX, name->pid,
             name->start_ticks, name->counter);
}
