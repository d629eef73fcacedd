/* SPDX-License-Identifier: MIT */
/*
 * Both sides are compared as memtrack diff compares them, so that lines which have moved are one.
 * Formats of rows and the page have the difference itself. The others get it as a profile
 * (view/compare/difference.h), whose call paths begin already where they are charged: nothing of
 * them is filtered or taken for a wrapper once more.
 */
#include "export/difference.h"

#include "command/sides.h"
#include "view/compare/difference.h"
#include "view/redact/redact.h"

static int write_rows(const struct mt_export_difference *d, const struct mt_sides *sides,
                      const struct mt_diff *diff, struct mt_error *error) {
    const struct mt_export thing = {.what = MT_EXPORT_DIFF,
                                    .diff = {diff, sides->name, d->view->shared.n}};
    return mt_export_output_write(d->output, &thing, error);
}

static int write_profile(const struct mt_export_difference *d, const struct mt_profile *profile,
                         enum mt_value sort, struct mt_error *error) {
    const struct mt_view_options view = {
        .by = MT_BY_STACK,
        .sort = sort,
        .wrappers = {.keep_all = true},
        .keeps_samples = true,
    };
    struct mt_rows *rows = NULL;
    int status = mt_rows_build(profile, &view, &rows, error);
    const struct mt_export thing = {.what = MT_EXPORT_PROFILE,
                                    .profile = {.rows = rows, .n = d->view->shared.n}};
    if (status == 0)
        status = mt_export_output_write(d->output, &thing, error);
    mt_rows_free(rows);
    return status;
}

static int write_signed(const struct mt_export_difference *d, const struct mt_diff *diff,
                        struct mt_error *error) {
    struct mt_profile *profile = NULL;
    int status = mt_difference_profile(diff, &profile, error);
    if (status == 0 && d->html->redact)
        status = mt_redact(profile, NULL, error);
    if (status == 0)
        status = write_profile(d, profile, mt_diff_sort(diff), error);
    mt_profile_free(profile);
    return status;
}

static int write_difference(const struct mt_export_difference *d, struct mt_sides *sides,
                            struct mt_diff **diff, struct mt_error *error) {
    unsigned flags = d->output->format->flags;
    return flags & MT_PROFILE_PAGE   ? mt_sides_write_page(d->view, d->html, sides, diff, error)
           : flags & MT_PROFILE_ROWS ? write_rows(d, sides, *diff, error)
                                     : write_signed(d, *diff, error);
}

int mt_export_difference_run(const struct mt_export_difference *d, struct mt_error *error) {
    struct mt_sides sides = {.for_page = d->output->format->flags & MT_PROFILE_PAGE};
    struct mt_diff *diff = NULL;
    int result = 0;
    if (!d->view->by_given)
        d->view->view.by = d->output->format->by;
    if (!d->view->shared.n_given)
        d->view->shared.n = d->output->format->n;
    if (mt_sides_find(d->view, d->arguments, &sides, &result)) {
        result = mt_sides_compare(d->view, &sides, &diff, error);
        if (result == 0)
            result = write_difference(d, &sides, &diff, error);
    }
    mt_diff_free(diff);
    mt_sides_free(&sides);
    return result;
}
