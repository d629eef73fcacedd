/* SPDX-License-Identifier: MIT */
/*
 * What stands between the commands and the person: colour, width, pager, and the escaping of
 * whatever comes out of a profile. main() must have called setlocale(LC_CTYPE, "").
 */
#ifndef MT_CLI_TEXT_TERMINAL_H
#define MT_CLI_TEXT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum mt_terminal_color { MT_COLOR_AUTO, MT_COLOR_ALWAYS, MT_COLOR_NEVER };

struct mt_terminal {
    FILE *stream;
    bool is_tty;
    bool color;
    bool utf8;    /* else ASCII alone is printed */
    size_t width; /* columns; COLUMNS or 80 when it is not a terminal */
    const char *ellipsis;
};

enum mt_terminal_style {
    MT_STYLE_NONE,
    MT_STYLE_BOLD,
    MT_STYLE_DIM,
    MT_STYLE_SOURCE,
    MT_STYLE_BAR,
    MT_STYLE_WARN,
    MT_STYLE_ERROR,
    MT_STYLE_MORE, /* growth */
    MT_STYLE_LESS,
};

/* "auto", "always", "never". */
bool mt_terminal_parse_color(const char *text, enum mt_terminal_color *color);
/* AUTO: colour on a terminal, unless NO_COLOR is not empty or TERM is dumb; FORCE_COLOR and
 * CLICOLOR_FORCE switch it on elsewhere. */
void mt_terminal_init(struct mt_terminal *terminal, FILE *stream, enum mt_terminal_color color);

/* Escape sequences, "" without colour. */
const char *mt_terminal_style(const struct mt_terminal *terminal, enum mt_terminal_style style);
/* Text of unknown origin, made harmless (view/format.h). NULL is printed as "". */
void mt_terminal_put(const struct mt_terminal *terminal, enum mt_terminal_style style,
                     const char *text);
/* Words of text, wrapped to the width; the first line begins at column, later ones are indented by
 * it. On a terminal a word that is longer than a line is cut; in a file it stays whole, to be
 * searched for. */
void mt_terminal_put_wrapped(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text);
/* Text that begins at column: on a terminal its end is left out where it does not fit. */
void mt_terminal_put_fitting(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text);

/* "PROGRAM: message" and the hint on a line of its own, to stderr. */
void mt_terminal_print_error(const char *program, const struct mt_error *error);
/* The same for a message made here; hint may be NULL. */
__attribute__((format(printf, 3, 4))) void
mt_terminal_print_problem(const char *program, const char *hint, const char *format, ...);

#endif
