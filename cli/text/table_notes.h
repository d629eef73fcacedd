/* SPDX-License-Identifier: MIT */
/* What is said in few words between the head and the rows: where the sources lie, what was left
 * out. */
#ifndef MT_CLI_TEXT_TABLE_NOTES_H
#define MT_CLI_TEXT_TABLE_NOTES_H

#include <stddef.h>

#include "text/terminal.h"
#include "view/rows/rows.h"

enum { MT_TABLE_NOTES_MAX = 4 };

struct mt_table_notes { /* zero-initialized is empty */
    char *items[MT_TABLE_NOTES_MAX];
    size_t n;
};

/* Adds a note, such as "sources in /srv/u/imagetool". One too many, or without memory, is not
 * added. */
__attribute__((format(printf, 2, 3))) void mt_table_notes_add(struct mt_table_notes *notes,
                                                              const char *format, ...);

/* Adds which functions were recognised as wrappers, if any. */
void mt_table_notes_add_skipped(struct mt_table_notes *notes, const struct mt_rows *rows);

/* Prints the notes, beside each other as far as they fit, and frees them. */
void mt_table_notes_print(const struct mt_terminal *terminal, struct mt_table_notes *notes);

#endif
