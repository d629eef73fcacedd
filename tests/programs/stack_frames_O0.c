/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -fno-builtin
/* Frames of every shape as a debug build has them: a frame pointer everywhere. */
#include "stack_frames.h"
