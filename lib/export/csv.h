/* SPDX-License-Identifier: MIT */
/* The rows of a report as CSV (RFC 4180: CRLF, fields quoted where needed), with a header line. */
#ifndef MT_EXPORT_CSV_H
#define MT_EXPORT_CSV_H

#include <stdio.h>

#include "base/error.h"
#include "view/compare/diff.h"
#include "view/rows/rows.h"

/* The first n rows, all of them when n is 0. Columns are those of the JSON rows. Control bytes,
 * which the format has no place for, are written as \x1b. 0, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
int mt_csv_report(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error);

/* The same of a difference: for each column old_x, new_x and diff_x, behind the state of the row
 * and its old key. */
int mt_csv_diff(FILE *stream, const struct mt_diff *diff, size_t n, struct mt_error *error);

#endif
