/* SPDX-License-Identifier: MIT */
/* Is a ledger still written to, whoever its process is and whatever pid namespace it is in? */
#ifndef MT_LEDGER_UNUSED_H
#define MT_LEDGER_UNUSED_H

#include <stdbool.h>

/* Tells whether nobody has the file open or mapped; true as well when it is not there. False where
 * the file system does not say. The caller must not have it open itself. Not for several threads:
 * the disposition of SIGIO is changed for a moment. */
bool mt_unused_file(const char *path);

#endif
