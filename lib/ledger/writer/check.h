/* SPDX-License-Identifier: MIT */
/* The walker of the writer: see track/check.h for what walkers are. */
#ifndef MT_LEDGER_WRITER_CHECK_H
#define MT_LEDGER_WRITER_CHECK_H

#include "ledger/writer/table.h"

#ifdef MEMTRACK_CHECKS
/* Checks that segments follow one another in the file, that extents are inside of them and no
 * two share a byte, and that room is inside of one as well. Returns NULL, or what does not hold.
 * To be called under the growth lock. */
MT_HIDDEN const char *mt_writer_check(const struct mt_writer *w);
/* Checks that every id below n has its chunk. */
MT_HIDDEN const char *mt_writer_check_table(const struct mt_table *table, uint32_t n);
#endif

#endif
