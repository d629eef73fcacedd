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

/* Takes the terminal. Returns 0, or -MEMTRACK_EIO when its type is not known, or cannot move its
 * cursor. */
int mt_top_curses_begin(bool color, struct mt_error *error);
void mt_top_curses_end(void); /* gives it back; a second call does nothing */

/* Returns the signal (INT, TERM, HUP, QUIT) that asks to leave, 0: none so far. */
int mt_top_curses_asked_to_leave(void);
/* Lets the process die of that signal, as whoever sent it expects. To be called after
 * mt_top_curses_end. */
void mt_top_curses_leave(int number);

/* Returns a key as curses says it, after at most timeout_ms, or ERR when none came. The wait also
 * ends when the descriptor fd (-1: none) can be read, which is no key. *is_gone becomes true when
 * the terminal is not there any more. */
int mt_top_curses_key(int timeout_ms, int fd, bool *is_gone);

/* Returns the attributes of a paint, for attrset. */
unsigned long mt_top_curses_paint(enum mt_paint paint);

#endif
