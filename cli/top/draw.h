/* SPDX-License-Identifier: MIT */
/* The picture of `memtrack top`. */
#ifndef MT_CLI_TOP_DRAW_H
#define MT_CLI_TOP_DRAW_H

#include "top/screen_state.h"

/* Draws the whole picture, in whatever size the terminal has. Keeps the selection in sight. */
void mt_top_draw(struct mt_top_screen *screen);

#endif
