/* SPDX-License-Identifier: MIT */
/* What the name of a ledger's file says. */
#ifndef MT_LEDGER_FILENAME_H
#define MT_LEDGER_FILENAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* These are the parts of PID.STARTTICKS.COUNTER.ledger. The counter rises when the process
 * executes another program. */
struct mt_ledger_filename {
    uint32_t pid;
    uint64_t start_ticks;
    uint32_t counter;
};

/* Returns false when the text is not the name of a ledger. */
bool mt_ledger_filename_parse(const char *text, struct mt_ledger_filename *name);
void mt_ledger_filename_format(const struct mt_ledger_filename *name, char *out, size_t bytes);

#endif
