/* SPDX-License-Identifier: MIT */
/* Fields and ends of CSV files; private to lib/export. */
#ifndef MT_EXPORT_CSV_LOCAL_H
#define MT_EXPORT_CSV_LOCAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* Writes a field, made printable, and quoted where it has to be. Returns false when out of
 * memory. */
bool mt_csv_put(FILE *stream, const char *raw);
/* Returns how the writing went: -MEMTRACK_ENOMEM unless done, else 0 or -MEMTRACK_EIO by the state
 * of the stream. */
int mt_csv_finish(FILE *stream, bool done, struct mt_error *error);

#endif
