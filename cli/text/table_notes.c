/* SPDX-License-Identifier: MIT */
/* Short notes share a line, since each line above a table is one row less on the screen. */
#include "text/table_notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "view/format/format.h"
#include "view/summary/summary.h"

enum { INDENT = 1 };

void mt_table_notes_add(struct mt_table_notes *notes, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text && notes->n < MT_TABLE_NOTES_MAX)
        notes->items[notes->n++] = text;
    else
        free(text);
}

void mt_table_notes_add_skipped(struct mt_table_notes *notes, const struct mt_rows *rows) {
    char *skipped = mt_summary_skipped(rows);
    if (skipped)
        mt_table_notes_add(notes, "%s", skipped);
    free(skipped);
}

void mt_table_notes_print(const struct mt_terminal *terminal, struct mt_table_notes *notes) {
    const char *between = terminal->utf8 ? " · " : " | ";
    size_t taken = 0, gap = mt_format_width(between);
    for (size_t i = 0; i < notes->n; i++) {
        char *visible = mt_format_visible(notes->items[i], terminal->utf8);
        size_t width = mt_format_width(visible ? visible : "?");
        bool fits = taken && taken + gap + width <= terminal->width;
        if (fits)
            mt_terminal_put(terminal, MT_STYLE_DIM, between);
        else
            fprintf(terminal->stream, "%s%*s", taken ? "\n" : "", INDENT, "");
        taken = fits ? taken + gap + width : INDENT + width;
        mt_terminal_put_wrapped(terminal, fits ? taken - width : INDENT, MT_STYLE_DIM,
                                visible ? visible : "?");
        free(visible);
        free(notes->items[i]);
    }
    if (notes->n)
        fputc('\n', terminal->stream);
    *notes = (struct mt_table_notes){0};
}
