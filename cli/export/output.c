/* SPDX-License-Identifier: MIT */
/* A file is whole or not there; what the format has no place for is said when it is there. */
#include "export/output.h"

#include <stdio.h>

#include "text/file.h"

static void print_losses(const struct mt_export_output *output,
                         const struct mt_export_profile *profile) {
    const char *losses = mt_profile_format_loses(output->format, profile);
    if (*losses && !output->is_quiet)
        fprintf(
            stderr, "%s: %s has no place for %s%s\n", output->program, output->format->name, losses,
            mt_profile_format_drops(output->format, profile) ? ", and rows below zero are left out"
                                                             : "");
}

int mt_export_output_write(const struct mt_export_output *output, const struct mt_export *thing,
                           struct mt_error *error) {
    struct mt_file file;
    int rc = mt_file_create(&file, output->path ? output->path : "-", output->force, error);
    if (rc != 0)
        return rc;
    rc = mt_file_finish(&file, mt_export(file.stream, thing, output->format->format, error), error);
    if (rc == 0 && thing->what == MT_EXPORT_PROFILE)
        print_losses(output, &thing->profile);
    return rc;
}
