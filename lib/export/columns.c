/* SPDX-License-Identifier: MIT */
/* One list for all formats: a column has one name wherever it is written. */
#include "export/columns.h"

const struct mt_export_column mt_export_columns[MT_N_VALUES] = {
    {"live_bytes", MT_VALUE_LIVE_BYTES},
    {"live_blocks", MT_VALUE_LIVE_BLOCKS},
    {"peak_bytes", MT_VALUE_PEAK_BYTES},
    {"peak_blocks", MT_VALUE_PEAK_BLOCKS},
    {"total_bytes", MT_VALUE_TOTAL_BYTES},
    {"total_blocks", MT_VALUE_TOTAL_BLOCKS},
    {"temporary_blocks", MT_VALUE_TEMPORARY_BLOCKS},
    {"max_bytes", MT_VALUE_MAX_BYTES},
    {"waste_bytes", MT_VALUE_WASTE_BYTES},
};
