/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions
// flags: -fomit-frame-pointer
/* Frames of every shape with neither unwind tables nor frame pointers: the path ends there,
 * honestly. */
#include "stack_frames.h"
