/* SPDX-License-Identifier: MIT */
/*
 * Nothing is ever written outside of the terminal, whatever size it has become meanwhile: what lies
 * beyond the end of the line or below the last one is left out.
 */
#include "top/pen.h"

#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINE = 1024 };

struct mt_top_pen mt_top_pen_at(const struct mt_labels *labels, int y, int x) {
    return (struct mt_top_pen){.y = y, .x = x, .end = COLS, .labels = labels};
}

void mt_top_pen_put_safe(struct mt_top_pen *pen, enum mt_paint paint, const char *text) {
    int room = pen->end - pen->x, width = (int)mt_format_width(text);
    char *cut = NULL;
    if (room <= 0 || pen->y < 0 || pen->y >= LINES)
        return;
    if (width > room) {
        cut = mt_format_shorten_end(text, (size_t)room, pen->labels->ellipsis);
        width = cut ? (int)mt_format_width(cut) : 0;
    }
    attron((attr_t)mt_top_curses_paint(paint));
    mvaddstr(pen->y, pen->x, cut ? cut : width > room ? "" : text);
    attroff((attr_t)mt_top_curses_paint(paint));
    pen->x += width;
    free(cut);
}

void mt_top_pen_put(struct mt_top_pen *pen, enum mt_paint paint, const char *text) {
    char *visible = mt_format_visible(text, pen->labels->utf8);
    mt_top_pen_put_safe(pen, paint, visible ? visible : "?");
    free(visible);
}

void mt_top_pen_print(struct mt_top_pen *pen, enum mt_paint paint, const char *format, ...) {
    char text[MAX_LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mt_top_pen_put(pen, paint, text);
}

void mt_top_pen_put_right(struct mt_top_pen *pen, int width, enum mt_paint paint,
                          const char *text) {
    int taken = (int)mt_format_width(text);
    pen->x += width > taken ? width - taken : 0;
    mt_top_pen_put_safe(pen, paint, text);
}

const char *mt_top_pen_age(char buffer[MT_FORMAT_BYTES], uint64_t ns) {
    uint64_t s = ns / 1000000000u;
    if (s < 60)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " s", s);
    else if (s < 3600)
        snprintf(buffer, MT_FORMAT_BYTES,
                 s % 60 ? "%" PRIu64 " min %" PRIu64 " s" : "%" PRIu64 " min", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    return buffer;
}
