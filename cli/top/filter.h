/* SPDX-License-Identifier: MIT */
/* What is typed behind '/' on the screen of `memtrack top`. */
#ifndef MT_CLI_TOP_FILTER_H
#define MT_CLI_TOP_FILTER_H

#include <stdbool.h>

#include "view/rows/filter.h"

/* Makes a filter of the patterns as they were typed: words, of which those that begin with '!'
 * exclude, and those without a wildcard match anywhere. The filter's lists and texts are malloc'ed.
 * Returns false when out of memory. */
bool mt_top_filter_parse(const char *text, struct mt_filter *filter);
void mt_top_filter_free(struct mt_filter *filter);

#endif
