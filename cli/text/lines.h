/* SPDX-License-Identifier: MIT */
/* Labelled lines (view/summary.h) on a terminal. */
#ifndef MT_CLI_FACTS_H
#define MT_CLI_FACTS_H

#include "text/terminal.h"
#include "view/summary/summary.h"

/* Prints them, wrapped, and frees them. */
void mt_facts_print_styled(const struct mt_terminal *terminal, struct mt_summary *facts,
                           enum mt_style style);
void mt_facts_print(const struct mt_terminal *terminal, struct mt_summary *facts);

#endif
