/* SPDX-License-Identifier: MIT */
/* The records of lines in the ledger: one for each thread's bank and call path, or block. */
#ifndef MT_TRACK_LINES_RECORDS_H
#define MT_TRACK_LINES_RECORDS_H

#include "ledger/lines.h"
#include "track/thread/thread.h"

/* Forgets all records, in a new process. */
MT_HIDDEN void mt_lines_records_start(void);
/* Returns the thread's record of a node, which is new if need be and was emptied if all has been
 * cleared since; NULL, and that is counted, when there is no room. */
MT_HIDDEN struct mt_line_record *mt_lines_records_of(struct mt_thread *t, mt_node_id node,
                                                     bool is_step);
/* Empties a record that is of before the last clear. */
MT_HIDDEN void mt_lines_records_renew(const struct mt_thread *t, struct mt_line_record *r);
/* Notes what the process holds now, and has held since the event before, change bytes ago. */
MT_HIDDEN void mt_lines_records_note(const struct mt_thread *t, struct mt_line_record *r,
                                     int64_t change, uint64_t now_ns);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_lines_records_check(void);
#endif

#endif
