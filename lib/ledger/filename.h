/* SPDX-License-Identifier: MIT */
/* What the name of a ledger says, whether the process that it names is still that one, and what it
 * is doing. */
#ifndef MT_LEDGER_FILENAME_H
#define MT_LEDGER_FILENAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PID.STARTTICKS.COUNTER.ledger; the counter rises when the process executes another program. */
struct mt_ledger_name {
    uint32_t pid;
    uint64_t start_ticks;
    uint32_t counter;
};

/* False when the text is not the name of a ledger. */
bool mt_ledger_name_parse(const char *text, struct mt_ledger_name *name);
void mt_ledger_name_format(const struct mt_ledger_name *name, char *out, size_t bytes);

/* What the time namespace of this process adds to a clock: "monotonic" or "boottime". */
int64_t mt_clock_offset_ns(const char *clock);

/* Field 22 of /proc/PID/stat, as it is outside of all time namespaces; 0 when there is no such
 * process, or a zombie. */
uint64_t mt_process_start_ticks(uint32_t pid);

/* The letter that /proc/PID/stat says ('R', 'S', 'T', 'Z', ...); 0 when there is no such
 * process. */
char mt_process_state(uint32_t pid);
/* The same of one of its threads. */
char mt_thread_state(uint32_t pid, uint32_t tid);

#endif
