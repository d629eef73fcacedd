/* SPDX-License-Identifier: MIT */
/* Which of the blocks that are live at the end of a program it should have freed. */
#ifndef MT_VIEW_BUDGET_LEAKS_H
#define MT_VIEW_BUDGET_LEAKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

enum mt_leak_mark { MT_NOTHING_LIVE, MT_LEAKED, MT_KEPT_BY_RUNTIME };

/*
 * Fills *out with an enum mt_leak_mark for each sample of the symbolized profile: whether its live
 * blocks are the program's own to free, or belong to the C, C++ or Rust runtime, which keeps them
 * until the end of the process: buffers of stdio, tables of the dynamic linker, what setlocale or
 * localtime have read, the emergency memory of exceptions, the main thread's handle. With
 * count_runtime those count as leaked, too. This is for mt_view_options.among with among_value.
 * malloc'ed (*out is not NULL even without samples). Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_leaks_mark(const struct mt_profile *profile, bool count_runtime, uint32_t **out,
                  struct mt_error *error);

#endif
