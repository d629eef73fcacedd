/* SPDX-License-Identifier: MIT */
/* What the files of the table of scopes share. Private to them. */
#ifndef MT_TEXT_SCOPES_TABLE_LOCAL_H
#define MT_TEXT_SCOPES_TABLE_LOCAL_H

#include "text/scopes_table.h"

enum { GAP = 2, INDENT = 1, NAME_LEAST = 20 };

/* Prints a text at the right of a column, and the gap behind it. */
void mt_scopes_table_put_right(const struct mt_terminal *terminal, size_t width,
                               enum mt_terminal_style style, const char *text);
/* Prints a name of the program's: it is escaped, then shortened to so many columns. */
void mt_scopes_table_put_name(const struct mt_terminal *terminal, enum mt_terminal_style style,
                              const char *raw, size_t columns_left);

#endif
