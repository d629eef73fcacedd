/* SPDX-License-Identifier: MIT */
/* Which of the blocks that are live at the end of a program it should have freed. */
#ifndef MT_VIEW_LEAKS_H
#define MT_VIEW_LEAKS_H

#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

/*
 * Per sample of the symbolized profile 1 when its live blocks are the program's own to free, 0 when there are none or
 * they belong to the C and C++ runtime, which keeps them until the end of the process: buffers of stdio, tables of
 * the dynamic linker, what setlocale or localtime have read, the emergency memory of exceptions. For
 * mt_view_options.among with among_value 1. malloc'ed (*out is not NULL even without samples); 0 or -MEMTRACK_ENOMEM.
 */
int mt_leaks_mark(const struct mt_profile *profile, uint32_t **out, struct mt_error *error);

#endif
