/* SPDX-License-Identifier: MIT */
/*
 * The terminal while curses has it: taken, and given back on every way out. One at a time in a
 * process; the functions below need a terminal that was taken.
 */
#ifndef MT_CLI_TOP_CURSES_H
#define MT_CLI_TOP_CURSES_H

#include <stdbool.h>

#include "base/error.h"

enum mt_paint {
    MT_PAINT_PLAIN,
    MT_PAINT_BOLD,
    MT_PAINT_DIM,
    MT_PAINT_BAR,
    MT_PAINT_HEAP,
    MT_PAINT_RSS,
    MT_PAINT_MORE,
    MT_PAINT_LESS,
    MT_PAINT_WARN,
    MT_N_PAINTS
};

/* -MEMTRACK_EIO when the terminal's type is not known, or cannot move its cursor. */
int mt_top_curses_begin(bool color, struct mt_error *error);
void mt_top_curses_end(void); /* as often as one likes */

/* The signal (INT, TERM, HUP, QUIT) that asks to leave, 0: none so far. */
int mt_top_curses_asked_to_leave(void);
/* After mt_top_curses_end: die of that signal, as whoever sent it expects. */
void mt_top_curses_leave(int number);

/* A key as curses says it, after at most timeout_ms; also waits for a descriptor (-1: none), whose
 * readiness is no key. ERR: none came. *is_gone: the terminal is not there any more. */
int mt_top_curses_key(int timeout_ms, int fd, bool *is_gone);

/* Attributes of a paint, for attrset. */
unsigned long mt_top_curses_paint(enum mt_paint paint);

#endif
