/* SPDX-License-Identifier: MIT */
/* A frame as other tools describe it in text; private to lib/profile. */
#ifndef MT_PROFILE_OTHERS_DESCRIBED_H
#define MT_PROFILE_OTHERS_DESCRIBED_H

#include <stddef.h>

#include "profile/heap/scan.h"

/* The parts are pieces of the text that was parsed. One that is empty was not in it. */
struct mt_described {
    struct mt_scan function, file, module;
    int64_t line;     /* 0: none */
    uint64_t address; /* 0: none */
};

/* Takes a frame apart; what is not understood is the function's name. Nothing fails. */
struct mt_described mt_described_parse(const char *text, size_t bytes);

#endif
