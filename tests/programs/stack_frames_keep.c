/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
/* Frames of every shape, optimised with a frame pointer, as distributions build for profilers. */
#include "stack_frames.h"
