/* SPDX-License-Identifier: MIT */
/* The last line of the screen, and the help. */
#ifndef MT_CLI_TOP_FOOT_H
#define MT_CLI_TOP_FOOT_H

#include "top/screen_state.h"

/* Draws the keys, a message, or what is being typed. */
void mt_top_foot_draw(const struct mt_top_screen *screen, int y);
/* Draws all keys, on the whole screen. */
void mt_top_foot_draw_help(const struct mt_top_screen *screen);

#endif
