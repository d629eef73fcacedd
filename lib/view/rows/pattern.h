/* SPDX-License-Identifier: MIT */
/* Shell patterns against many names. */
#ifndef MT_VIEW_ROWS_PATTERN_H
#define MT_VIEW_ROWS_PATTERN_H

#include <stdbool.h>

/* Says what fnmatch says without flags: '*' stands for any text, '/' too, and '?' for one
 * character; brackets and backslashes are fnmatch's. */
bool mt_pattern_matches(const char *pattern, const char *text);

#endif
