/* SPDX-License-Identifier: MIT */
/* Names that do not fit, shortened where least is lost. Lengths are columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format-local.h"

static char *join(const char *head, size_t head_length, const char *middle, const char *end) {
    char *out = NULL;
    if (asprintf(&out, "%.*s%s%s", (int)head_length, head, middle, end) < 0)
        return NULL;
    return out;
}

char *mt_format_shorten_end(const char *text, size_t columns, const char *ellipsis) {
    if (mt_format_width(text) <= columns)
        return strdup(text);
    size_t dots = mt_format_width(ellipsis);
    return columns <= dots ? join(text, mt_format_width_head(text, columns), "", "")
                           : join(text, mt_format_width_head(text, columns - dots), ellipsis, "");
}

static char *shorten_middle(const char *text, size_t columns, size_t head_columns,
                            const char *ellipsis) {
    size_t dots = mt_format_width(ellipsis);
    if (columns <= dots)
        return strdup(mt_format_width_tail(text, columns));
    if (head_columns > columns - dots)
        head_columns = columns - dots;
    return join(text, mt_format_width_head(text, head_columns), ellipsis,
                mt_format_width_tail(text, columns - dots - head_columns));
}

char *mt_format_shorten_path(const char *path, size_t columns, const char *ellipsis) {
    size_t width = mt_format_width(path), dots = mt_format_width(ellipsis);
    if (width <= columns)
        return strdup(path);
    const char *base = strrchr(path, '/');
    size_t base_width = base ? mt_format_width(base) : width;
    if (!base || base_width + dots > columns)
        return shorten_middle(base ? base + 1 : path, columns, columns / 3, ellipsis);
    /* Keeps whole directories from the end while they fit, then as much of the beginning as is
     * left up to a slash. */
    const char *from = base;
    for (const char *at = base; at-- > path;)
        if (*at == '/') {
            if (mt_format_width(at) + dots > columns)
                break;
            from = at;
        }
    size_t room = columns - dots - mt_format_width(from), head = mt_format_width_head(path, room);
    while (head > 0 && path[head - 1] != '/')
        head--;
    if (head == 1) /* a lone slash says nothing */
        head = 0;
    return join(path, head, ellipsis, from);
}

char *mt_format_shorten_templates(const char *name, const char *ellipsis) {
    char *out = malloc(strlen(name) + strlen(ellipsis) * (strlen(name) / 2 + 1) + 1), *end = out;
    size_t depth = 0;
    for (const char *at = name; out && *at; at++) {
        bool is_operator = at - name >= 8 && strncmp(at - 8, "operator", 8) == 0;
        bool arrow = *at == '>' && at > name && at[-1] == '-';
        if (*at == '<' && !is_operator && at > name && at[-1] != '<' && depth++ == 0)
            end = stpcpy(stpcpy(end, "<"), ellipsis);
        else if (*at == '>' && !is_operator && !arrow && depth > 0 && --depth > 0)
            continue;
        if (depth == 0)
            *end++ = *at;
    }
    if (out)
        *end = '\0';
    return out;
}

char *mt_format_shorten_function(const char *function, size_t columns, const char *ellipsis) {
    if (mt_format_width(function) <= columns)
        return strdup(function);
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name);
    if (bytes == 0) /* "0x1f00 (module)": not the name of a function */
        return shorten_middle(function, columns, columns / 3, ellipsis);
    char *qualified = strndup(name, bytes);
    if (!qualified || mt_format_width(qualified) <= columns)
        return qualified;
    char *emptied = mt_format_shorten_templates(qualified, ellipsis);
    free(qualified);
    if (!emptied || mt_format_width(emptied) <= columns)
        return emptied;
    char *shortened = shorten_middle(emptied, columns, columns / 3, ellipsis);
    free(emptied);
    return shortened;
}
