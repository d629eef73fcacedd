/* SPDX-License-Identifier: MIT */
/* Labels in one column, wrapped text in the other; a warning is marked by colour and says what it
 * is in words. */
#include "text/lines.h"

#include <string.h>

enum { LABEL_WIDTH = 11, INDENT = 1, LEAST_WIDTH = 20 };

struct mt_summary_format mt_lines_format(const struct mt_terminal *terminal, bool exact_bytes,
                                         bool verbose) {
    size_t taken = INDENT + LABEL_WIDTH;
    return (struct mt_summary_format){
        .exact_bytes = exact_bytes,
        .utf8 = terminal->utf8,
        .verbose = verbose,
        .columns = terminal->width > taken + LEAST_WIDTH ? terminal->width - taken : LEAST_WIDTH};
}

void mt_lines_print(const struct mt_terminal *terminal, struct mt_summary *lines) {
    mt_lines_print_styled(terminal, lines, MT_STYLE_NONE);
}

void mt_lines_print_styled(const struct mt_terminal *terminal, struct mt_summary *lines,
                           enum mt_terminal_style style) {
    for (size_t i = 0; i < lines->n; i++) {
        const struct mt_summary_line *line = &lines->items[i];
        size_t width = strlen(line->label);
        fprintf(terminal->stream, "%*s", INDENT, "");
        mt_terminal_put(terminal, MT_STYLE_DIM, line->label);
        fprintf(terminal->stream, "%*s", (int)(LABEL_WIDTH > width ? LABEL_WIDTH - width : 1), "");
        mt_terminal_put_wrapped(terminal, INDENT + LABEL_WIDTH,
                                line->is_warning ? MT_STYLE_WARN : style, line->text);
        fputc('\n', terminal->stream);
    }
    if (lines->failed)
        mt_terminal_put(terminal, MT_STYLE_WARN, " (out of memory: some lines are missing)");
    mt_summary_free(lines);
}
