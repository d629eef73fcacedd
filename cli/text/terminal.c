/* SPDX-License-Identifier: MIT */
/*
 * Colour, width and safe text. The rules for colour are those that tools have agreed on: a flag
 * beats the environment, NO_COLOR (no-color.org) and TERM=dumb beat a terminal, FORCE_COLOR beats
 * its absence. The pager is in pager.c.
 */
#include "text/terminal.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "view/format/format.h"

enum { DEFAULT_WIDTH = 80, MIN_WIDTH = 40, MAX_WIDTH = 1000 };

bool mt_terminal_parse_color(const char *text, enum mt_terminal_color *color) {
    static const char *const names[] = {"auto", "always", "never"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *color = (enum mt_terminal_color)i;
            return true;
        }
    return false;
}

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

static bool is_on(const char *variable) {
    const char *value = getenv(variable);
    return value && *value && strcmp(value, "0") != 0;
}

static bool wants_color(bool is_tty, enum mt_terminal_color color) {
    if (color != MT_COLOR_AUTO)
        return color == MT_COLOR_ALWAYS;
    if (is_set("NO_COLOR"))
        return false;
    if (is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE"))
        return true;
    const char *term = getenv("TERM");
    return is_tty && term && strcmp(term, "dumb") != 0;
}

static size_t find_width(int fd, bool is_tty) {
    struct winsize size;
    if (is_tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 ? (size_t)width : DEFAULT_WIDTH;
}

void mt_terminal_init(struct mt_terminal *terminal, FILE *stream, enum mt_terminal_color color) {
    int fd = fileno(stream);
    bool is_tty = fd >= 0 && isatty(fd);
    size_t width = find_width(fd, is_tty);
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    *terminal = (struct mt_terminal){
        .stream = stream,
        .is_tty = is_tty,
        .color = wants_color(is_tty, color),
        .utf8 = utf8,
        .width = width < MIN_WIDTH   ? MIN_WIDTH
                 : width > MAX_WIDTH ? MAX_WIDTH
                                     : width,
        .ellipsis = utf8 ? "…" : "...",
    };
}

const char *mt_terminal_style(const struct mt_terminal *terminal, enum mt_terminal_style style) {
    static const char *const sequences[] = {
        [MT_STYLE_NONE] = "\033[0m",    [MT_STYLE_BOLD] = "\033[1m",  [MT_STYLE_DIM] = "\033[2m",
        [MT_STYLE_SOURCE] = "\033[32m", [MT_STYLE_BAR] = "\033[34m",  [MT_STYLE_WARN] = "\033[33m",
        [MT_STYLE_ERROR] = "\033[31m",  [MT_STYLE_MORE] = "\033[31m", [MT_STYLE_LESS] = "\033[32m",
    };
    return terminal->color ? sequences[style] : "";
}

static void put_visible(const struct mt_terminal *terminal, enum mt_terminal_style style,
                        const char *visible) {
    bool styled = style != MT_STYLE_NONE && *visible;
    fprintf(terminal->stream, "%s%s%s", styled ? mt_terminal_style(terminal, style) : "", visible,
            styled ? mt_terminal_style(terminal, MT_STYLE_NONE) : "");
}

void mt_terminal_put(const struct mt_terminal *terminal, enum mt_terminal_style style,
                     const char *text) {
    char *visible = mt_format_visible(text ? text : "", terminal->utf8);
    put_visible(terminal, style, visible ? visible : "?");
    free(visible);
}

/* Returns how many bytes of text go on one line: up to the last blank that fits, or to the first
 * that does not. With may_break a word that is longer than a line is cut. */
static size_t line_bytes(const char *text, size_t columns, bool may_break) {
    size_t bytes = 0, end = 0;
    for (;;) {
        size_t word = strcspn(text + end, " ");
        char *upto = strndup(text, end + word);
        bool fits = upto && mt_format_width(upto) <= columns;
        free(upto);
        if (!fits && bytes)
            return bytes;
        bytes = end + word;
        if (!fits)
            return may_break ? mt_format_width_fit(text, columns) : bytes;
        if (!text[bytes])
            return bytes;
        end = bytes + strspn(text + bytes, " ");
    }
}

void mt_terminal_put_wrapped(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text) {
    char *visible = mt_format_visible(text, terminal->utf8);
    size_t columns = terminal->width > column + 20 ? terminal->width - column : 20;
    for (const char *at = visible ? visible : "?"; *at;) {
        size_t bytes = line_bytes(at, columns, terminal->is_tty);
        char *line = strndup(at, bytes);
        put_visible(terminal, style, line ? line : "");
        free(line);
        at += bytes + strspn(at + bytes, " ");
        if (*at)
            fprintf(terminal->stream, "\n%*s", (int)column, "");
    }
    free(visible);
}

void mt_terminal_put_fitting(const struct mt_terminal *terminal, size_t column,
                             enum mt_terminal_style style, const char *text) {
    char *visible = mt_format_visible(text, terminal->utf8);
    size_t columns = terminal->width > column ? terminal->width - column : 1;
    char *fitting = visible && terminal->is_tty
                        ? mt_format_shorten_end(visible, columns, terminal->ellipsis)
                        : NULL;
    put_visible(terminal, style, fitting ? fitting : visible ? visible : "?");
    free(fitting);
    free(visible);
}

static void put_message(const struct mt_terminal *terminal, size_t column, const char *text) {
    if (terminal->is_tty)
        mt_terminal_put_wrapped(terminal, column, MT_STYLE_NONE, text);
    else
        mt_terminal_put(terminal, MT_STYLE_NONE, text);
    fputc('\n', terminal->stream);
}

void mt_terminal_print_error(const char *program, const struct mt_error *error) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stderr, MT_COLOR_AUTO);
    fprintf(stderr, "%s%s:%s ", mt_terminal_style(&terminal, MT_STYLE_ERROR), program,
            mt_terminal_style(&terminal, MT_STYLE_NONE));
    put_message(&terminal, strlen(program) + 2, error->message);
    if (error->hint[0]) {
        fputs("  ", stderr);
        put_message(&terminal, 2, error->hint);
    }
}

void mt_terminal_print_problem(const char *program, const char *hint, const char *format, ...) {
    struct mt_error error = {0};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.message, sizeof error.message, format, arguments);
    va_end(arguments);
    snprintf(error.hint, sizeof error.hint, "%s", hint ? hint : "");
    mt_terminal_print_error(program, &error);
}
