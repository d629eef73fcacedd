/* SPDX-License-Identifier: MIT */
/* The pager, and the end of what is printed. */
#ifndef MT_CLI_TEXT_PAGER_H
#define MT_CLI_TEXT_PAGER_H

#include <stdbool.h>

/* Puts a pager between stdout and the terminal when stdout is one: that of MEMTRACK_PAGER, else of
 * PAGER, else less -FRX. Does nothing when that cannot be run. The command has to call
 * mt_pager_finish before it returns. */
void mt_pager_start(void);
/* Flushes stdout and waits for the pager. A reader that went away is no error; otherwise what could
 * not be written is reported on stderr. Returns false when not everything was written. */
bool mt_pager_finish(const char *program);

#endif
