/* SPDX-License-Identifier: MIT */
/* A comparison of two commands as JSON, schema memtrack-compare/1
 * (docs/schema/memtrack-compare-1.json). */
#ifndef MT_EXPORT_COMPARISON_JSON_H
#define MT_EXPORT_COMPARISON_JSON_H

#include <stdio.h>

#include "base/error.h"
#include "view/compare/comparison.h"

/* commands: the two, NULL at the end of each. Text is made valid UTF-8. 0, -MEMTRACK_ENOMEM or
 * -MEMTRACK_EIO. */
int mt_json_comparison(FILE *stream, const struct mt_comparison *comparison,
                       char *const *const commands[2], struct mt_error *error);

#endif
