/* SPDX-License-Identifier: MIT */
/*
 * Frames of an interpreter, and of the code that it runs. A person who asks which line of a Python
 * program holds the memory means a line of Python: the interpreter's own functions below it, and
 * those of the modules written in C that it calls, are a library to that person.
 */
#ifndef MT_VIEW_ROWS_INTERPRETERS_H
#define MT_VIEW_ROWS_INTERPRETERS_H

#include "view/rows/wrappers.h"

/* Returns whether the frame is of an interpreter or of interpreted code; *kind is what it is then:
 * MT_FRAME_USER or MT_FRAME_LIBRARY. */
bool mt_interpreters_judge(const struct mt_frame_text *frame, enum mt_frame_kind *kind);

#endif
