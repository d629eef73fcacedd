/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -mstackrealign -fno-optimize-sibling-calls
/* Frames of every shape of which each realigns its stack (the CFA is an expression). */
#include "stack_frames.h"
