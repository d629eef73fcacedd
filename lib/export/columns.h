/* SPDX-License-Identifier: MIT */
/* The columns of rows in JSON and CSV, in their order; private to lib/export. */
#ifndef MT_EXPORT_COLUMNS_H
#define MT_EXPORT_COLUMNS_H

#include "profile/profile.h"

struct mt_export_column {
    const char *name; /* "live_bytes" */
    enum mt_value value;
};
extern const struct mt_export_column mt_export_columns[MT_N_VALUES];

#endif
