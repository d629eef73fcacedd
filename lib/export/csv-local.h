/* SPDX-License-Identifier: MIT */
/* Fields and ends of CSV files; private to lib/export. */
#ifndef MT_EXPORT_CSV_LOCAL_H
#define MT_EXPORT_CSV_LOCAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* A field, made printable and quoted where it has to be. False: out of memory. */
bool mt_csv_put(FILE *stream, const char *raw);
/* 0, -MEMTRACK_ENOMEM unless done, -MEMTRACK_EIO by the state of the stream. */
int mt_csv_finish(FILE *stream, bool done, struct mt_error *error);

#endif
