/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -fomit-frame-pointer -mno-red-zone -fno-optimize-sibling-calls
/* Frames of every shape without a frame pointer, found by call frame information only. */
#include "stack_frames.h"
