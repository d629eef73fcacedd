/* SPDX-License-Identifier: MIT */
/*
 * What stands between the commands and the person: colour, width, and the escaping of whatever
 * comes out of a profile. main() must have called setlocale(LC_CTYPE, "").
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
    bool utf8;    /* false: ASCII alone is printed */
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

/* Reads "auto", "always" or "never". Returns false for anything else. */
bool mt_terminal_parse_color(const char *text, enum mt_terminal_color *color);
/* Finds out what the terminal behind stream can do. With AUTO there is colour on a terminal, unless
 * NO_COLOR is not empty or TERM is dumb; FORCE_COLOR and CLICOLOR_FORCE switch it on elsewhere. */
void mt_terminal_init(struct mt_terminal *terminal, FILE *stream, enum mt_terminal_color color);

/* Returns the escape sequence of a style, "" without colour. */
const char *mt_terminal_style(const struct mt_terminal *terminal, enum mt_terminal_style style);
/* Prints text of unknown origin, made harmless (view/format/format.h). NULL is printed as "". */
void mt_terminal_put(const struct mt_terminal *terminal, enum mt_terminal_style style,
                     const char *text);
/* Prints the words of text, wrapped to the width; the first line begins at column, and the others
 * are indented by it. On a terminal a word that is longer than a line is cut; in a file it stays
 * whole, to be searched for. */
void mt_terminal_put_wrapped(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text);
/* Prints text that begins at column: on a terminal its end is left out where it does not fit. */
void mt_terminal_put_fitting(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text);

/* Prints "PROGRAM: message" to stderr, and the hint on a line of its own. */
void mt_terminal_print_error(const char *program, const struct mt_error *error);
/* Prints a message that is made here in the same way; hint may be NULL. */
__attribute__((format(printf, 3, 4))) void
mt_terminal_print_problem(const char *program, const char *hint, const char *format, ...);

#endif
