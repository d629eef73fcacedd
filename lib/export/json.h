/* SPDX-License-Identifier: MIT */
/* A report as JSON, schema memtrack-report/1 (docs/schema/memtrack-report-1.json). */
#ifndef MT_EXPORT_JSON_H
#define MT_EXPORT_JSON_H

#include <stdio.h>

#include "base/error.h"
#include "view/compare/diff.h"
#include "view/rows/rows.h"

/* The first n rows, all of them when n is 0. One row a line. Text is made valid UTF-8. 0,
 * -MEMTRACK_ENOMEM or -MEMTRACK_EIO; a partly written stream is the caller's to judge. */
int mt_json_report(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error);

/* The same of a difference, schema memtrack-diff/1 (docs/schema/memtrack-diff-1.json). names: what
 * the sides are called. */
int mt_json_diff(FILE *stream, const struct mt_diff *diff, const char *const names[MT_N_SIDES],
                 size_t n, struct mt_error *error);

#endif
