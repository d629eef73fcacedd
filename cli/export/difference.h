/* SPDX-License-Identifier: MIT */
/* memtrack export --diff: what two profiles differ in, in the format of another tool. */
#ifndef MT_CLI_EXPORT_DIFFERENCE_H
#define MT_CLI_EXPORT_DIFFERENCE_H

#include "command/html.h"
#include "command/view_options.h"
#include "export/output.h"
#include "view/compare/side.h"

struct mt_export_difference {
    const char *arguments[MT_N_SIDES];
    struct mt_view_request *view;
    const struct mt_html *html; /* of the page; what is redacted holds of the other formats too */
    const struct mt_export_output *output;
};

/* Returns the exit status when the reason was printed, else 0 or a negative error. */
int mt_export_difference_run(const struct mt_export_difference *difference, struct mt_error *error);

#endif
