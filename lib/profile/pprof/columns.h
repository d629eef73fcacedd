/* SPDX-License-Identifier: MIT */
/* What pprof calls the columns of a heap profile; private to lib/profile. */
#ifndef MT_PROFILE_PPROF_COLUMNS_H
#define MT_PROFILE_PPROF_COLUMNS_H

#include <stdbool.h>

#include "profile/profile.h"

struct mt_column {
    const char *type, *unit;
};

/* The fields are never NULL, and value < MT_N_VALUES. */
struct mt_column mt_columns_name(enum mt_value value);

/* Returns the value that a column of another tool holds, or -1 when the name says nothing. '-'
 * and '_' are alike. */
int mt_columns_find(const char *type);

/* Returns true when the unit counts bytes. */
bool mt_columns_is_bytes(const char *unit);

#endif
