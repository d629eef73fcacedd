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

char *mt_format_shorten_middle(const char *text, size_t columns, const char *ellipsis) {
    return mt_format_width(text) <= columns ? strdup(text)
                                            : shorten_middle(text, columns, columns / 2, ellipsis);
}

char *mt_format_shorten_path(const char *path, size_t columns, const char *ellipsis) {
    size_t width = mt_format_width(path), dots = mt_format_width(ellipsis);
    if (width <= columns)
        return strdup(path);
    const char *base = strrchr(path, '/');
    size_t base_width = base ? mt_format_width(base) : width;
    if (!base || base_width + dots > columns)
        return shorten_middle(base ? base + 1 : path, columns, columns / 3, ellipsis);
    const char *from = base;
    for (const char *at = base; at-- > path;)
        if (*at == '/') {
            if (mt_format_width(at) + dots > columns)
                break;
            from = at;
        }
    return join(path, 0, ellipsis, from);
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

/* Returns the longest end of a qualified name that begins with "::", outside of brackets, and fits;
 * NULL: not even the last name does. *last is that name. */
static const char *inner_name(const char *name, size_t columns, const char **last) {
    const char *inner = NULL;
    *last = name;
    size_t depth = 0;
    for (const char *at = name + strlen(name); at-- > name;) {
        depth += strchr(">)}", *at) && *at ? 1 : 0;
        depth -= depth && strchr("<({", *at) && *at ? 1 : 0;
        if (depth == 0 && at > name && strncmp(at, "::", 2) == 0) {
            *last = *last == name ? at + 2 : *last;
            if (mt_format_width(at) > columns)
                break;
            inner = at;
        }
    }
    return inner;
}

char *mt_format_shorten_function(const char *function, size_t columns, const char *ellipsis) {
    if (mt_format_width(function) <= columns)
        return strdup(function);
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name), dots = mt_format_width(ellipsis);
    if (bytes == 0) /* "0x1f00 (module)": not the name of a function */
        return shorten_middle(function, columns, columns / 3, ellipsis);
    char *qualified = strndup(name, bytes);
    if (!qualified || mt_format_width(qualified) <= columns)
        return qualified;
    char *emptied = mt_format_shorten_templates(qualified, ellipsis);
    free(qualified);
    if (!emptied || mt_format_width(emptied) <= columns)
        return emptied;
    const char *last,
        *inner = inner_name(emptied, columns - (dots < columns ? dots : columns), &last);
    char *shortened = inner ? join(emptied, 0, ellipsis, inner)
                      : mt_format_width(last) <= columns
                          ? strdup(last)
                          : shorten_middle(last, columns, columns / 3, ellipsis);
    free(emptied);
    return shortened;
}

size_t mt_format_shorten_least(const char *function, const char *ellipsis) {
    const char *name;
    size_t bytes = mt_format_qualified_name(function, &name), width = mt_format_width(function);
    char *qualified = strndup(name, bytes),
         *emptied = qualified ? mt_format_shorten_templates(qualified, ellipsis) : NULL;
    if (bytes && emptied && mt_format_width(emptied) < width)
        width = mt_format_width(emptied);
    free(qualified);
    free(emptied);
    return width;
}
