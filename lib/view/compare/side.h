/* SPDX-License-Identifier: MIT */
/* The two sides of a comparison. */
#ifndef MT_VIEW_COMPARE_SIDE_H
#define MT_VIEW_COMPARE_SIDE_H

enum mt_side { MT_OLD, MT_NEW, MT_N_SIDES };

#endif
