/* SPDX-License-Identifier: MIT */
/* Labels in one column, wrapped text in the other; a warning is marked by colour and says what it
 * is in words. */
#include "text/lines.h"

#include <string.h>

enum { LABEL_WIDTH = 11, INDENT = 1 };

void mt_facts_print(const struct mt_terminal *terminal, struct mt_summary *facts) {
    mt_facts_print_styled(terminal, facts, MT_STYLE_NONE);
}

void mt_facts_print_styled(const struct mt_terminal *terminal, struct mt_summary *facts,
                           enum mt_style style) {
    for (size_t i = 0; i < facts->n; i++) {
        const struct mt_summary_line *fact = &facts->items[i];
        size_t width = strlen(fact->label);
        fprintf(terminal->stream, "%*s", INDENT, "");
        mt_put(terminal, MT_STYLE_DIM, fact->label);
        fprintf(terminal->stream, "%*s", (int)(LABEL_WIDTH > width ? LABEL_WIDTH - width : 1), "");
        mt_put_wrapped(terminal, INDENT + LABEL_WIDTH, fact->is_warning ? MT_STYLE_WARN : style,
                       fact->text);
        fputc('\n', terminal->stream);
    }
    if (facts->failed)
        mt_put(terminal, MT_STYLE_WARN, " (out of memory: some lines are missing)");
    mt_summary_free(facts);
}
