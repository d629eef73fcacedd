/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin
/* Frames of every shape as a release build has them: tail calls and merged pushes. */
#include "stack_frames.h"
