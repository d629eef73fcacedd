/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions
// flags: -fno-omit-frame-pointer
/* Frames of every shape without unwind tables: only the chain of frame pointers is there. */
#include "stack_frames.h"
