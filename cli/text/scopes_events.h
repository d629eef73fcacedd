/* SPDX-License-Identifier: MIT */
/* Scopes one by one, in the order of time. */
#ifndef MT_TEXT_SCOPES_EVENTS_H
#define MT_TEXT_SCOPES_EVENTS_H

#include "text/scopes_table.h"

/* Prints the scopes that have not ended, below the rows if there are some. */
void mt_scopes_events_print_open(const struct mt_terminal *terminal,
                                 const struct mt_scopes_rows *rows,
                                 const struct mt_scopes_table_options *options);
/* Prints the last n of the scopes that ended, marks and counters, in the order of time. */
void mt_scopes_events_print(const struct mt_terminal *terminal, const struct mt_profile *profile,
                            const struct mt_scopes_table_options *options);

#endif
