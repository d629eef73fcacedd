/* SPDX-License-Identifier: MIT */
/*
 * What came with the system, as against what somebody is building. To the developer of a program
 * the libraries of the distribution are what the standard library is: the line that is wanted is
 * the call. To who looks into a program of the distribution itself they are a part of it.
 */
#ifndef MT_VIEW_ROWS_SYSTEM_H
#define MT_VIEW_ROWS_SYSTEM_H

#include "profile/profile.h"
#include "view/rows/wrappers.h"

/* Returns whether the program that was recorded is somebody's own; false when that is not known. */
bool mt_system_is_own_program(const struct mt_profile *profile);
/* The same of a program's path. */
bool mt_system_is_own(const char *program);

/* Returns whether a frame is of a shared library, or of a header, of the system, or of code that
 * a tool has generated. */
bool mt_system_has(const struct mt_frame_text *frame);

#endif
