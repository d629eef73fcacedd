/* SPDX-License-Identifier: MIT */
/* The end of a recording that is to last for some time, before the processes end. */
#ifndef MT_WATCH_UNTIL_H
#define MT_WATCH_UNTIL_H

#include "watch/ticker.h"

/* Lets the processes of a ticker record no more, each of them once: what switches recording on
 * again later has its way. One that cannot be told yet is tried again at the next call. */
void mt_until_switch_off(struct mt_ticker *ticker);

#endif
