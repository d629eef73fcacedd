/* SPDX-License-Identifier: MIT */
/* Text on the screen, in a line from left to right. */
#ifndef MT_CLI_TOP_PEN_H
#define MT_CLI_TOP_PEN_H

#include <stdint.h>

#include "text/label.h"
#include "top/curses.h"
#include "view/format/format.h"

struct mt_top_pen { /* where the next text goes, in a line */
    int y, x, end;
    const struct mt_labels *labels;
};

struct mt_top_pen mt_top_pen_at(const struct mt_labels *labels, int y, int x);

/* Writes text that is safe, cut where the line ends. */
void mt_top_pen_put_safe(struct mt_top_pen *pen, enum mt_paint paint, const char *text);
/* Writes text of unknown origin, escaped. */
void mt_top_pen_put(struct mt_top_pen *pen, enum mt_paint paint, const char *text);
__attribute__((format(printf, 3, 4))) void
mt_top_pen_print(struct mt_top_pen *pen, enum mt_paint paint, const char *format, ...);
/* Writes safe text that ends width columns further to the right. */
void mt_top_pen_put_right(struct mt_top_pen *pen, int width, enum mt_paint paint, const char *text);

/* Writes "12 s", "2 min 3 s", "5 h 7 min" or "3 d 4 h": seconds are whole, because it is written
 * anew ten times in each. Returns buffer. */
const char *mt_top_pen_age(char buffer[MT_FORMAT_BYTES], uint64_t ns);

#endif
