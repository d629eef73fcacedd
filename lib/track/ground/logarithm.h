/* SPDX-License-Identifier: MIT */
/* The natural logarithm, for what is drawn at random. */
#ifndef MT_TRACK_LOGARITHM_H
#define MT_TRACK_LOGARITHM_H

#include "base/os.h"

/* Returns ln(x) for x in (0, 1]. */
MT_HIDDEN double mt_logarithm(double x);
/* The same for a number in (0, 1] that is made of any of 64 bits. */
MT_HIDDEN double mt_logarithm_of_random(uint64_t random);

#endif
