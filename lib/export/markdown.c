/* SPDX-License-Identifier: MIT */
/*
 * Names of the profile stand in code spans, where nothing is markup, with as many backticks around
 * them as they need (CommonMark 6.1). A bar ends a cell of a table even there, and is escaped (GFM
 * 4.10); outside of tables the backslash would be shown.
 */
#include <stdlib.h>
#include <string.h>

#include "export/markdown-local.h"
#include "view/format/format.h"

enum { MOST_CODE = 200 };

static int longest_run(const char *text, char of) {
    int longest = 0, n = 0;
    for (; *text; text++) {
        n = *text == of ? n + 1 : 0;
        longest = n > longest ? n : longest;
    }
    return longest;
}

static void put_span(FILE *out, const char *text, bool in_cell) {
    int n = longest_run(text, '`') + 1;
    const char *space = n > 1 || *text == ' ' ? " " : "";
    for (int i = 0; i < n; i++)
        fputc('`', out);
    fputs(space, out);
    for (const char *c = text; *c; c++) {
        if (*c == '|' && in_cell)
            fputc('\\', out);
        fputc(*c, out);
    }
    fputs(space, out);
    for (int i = 0; i < n; i++)
        fputc('`', out);
}

static bool put_code(FILE *out, const char *raw, bool in_cell) {
    char *visible = mt_format_visible(raw, true),
         *text = visible ? mt_format_shorten_end(visible, MOST_CODE, "…") : NULL;
    if (text && *text)
        put_span(out, text, in_cell);
    free(visible);
    free(text);
    return text != NULL;
}

bool mt_markdown_put_code(FILE *out, const char *raw) {
    return put_code(out, raw, false);
}

bool mt_markdown_put_code_cell(FILE *out, const char *raw) {
    return put_code(out, raw, true);
}

bool mt_markdown_put(FILE *out, const char *raw) {
    char *text = raw ? mt_format_visible(raw, true) : NULL;
    for (const char *c = text; c && *c; c++) {
        if (strchr("\\`*_{}[]<>#!|~&", *c))
            fputc('\\', out);
        fputc(*c, out);
    }
    free(text);
    return text != NULL;
}
