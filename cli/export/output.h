/* SPDX-License-Identifier: MIT */
/* Where memtrack export writes to. */
#ifndef MT_CLI_EXPORT_OUTPUT_H
#define MT_CLI_EXPORT_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "export/export.h"
#include "export/profile_format.h"

struct mt_export_output {
    const char *program;
    const char *path; /* NULL: standard output */
    const struct mt_profile_format *format;
    bool force, is_quiet;
};

/* Writes the thing, and says what of a profile the format cannot hold. Returns 0 or a negative
 * error. */
int mt_export_output_write(const struct mt_export_output *output, const struct mt_export *thing,
                           struct mt_error *error);

#endif
