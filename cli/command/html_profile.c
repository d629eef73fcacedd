/* SPDX-License-Identifier: MIT */
/*
 * The page holds the whole profile, whatever is filtered: the options say what it shows first. The
 * rows that a browser without scripts shows are made here, by the same options.
 */
#include "command/html_profile.h"

#include <string.h>

static int write_page(const struct mt_view_request *request, const struct mt_html *html,
                      const struct mt_html_side *side, const struct mt_processes *processes,
                      const struct mt_profile *profile, const struct mt_sources *sources,
                      struct mt_error *error) {
    struct mt_view_options view = request->view;
    struct mt_rows *rows = NULL;
    if (view.by == MT_BY_STACK) /* the table without scripts has no room for paths */
        view.by = MT_BY_LINE;
    int status = mt_rows_build(profile, &view, &rows, error);
    const struct mt_page_data page = {
        .profiles = {{side->name, side->bytes, side->n_bytes}},
        .n_profiles = 1,
        .rows = rows,
        .n_rows = request->shared.n_given ? request->shared.n : 0,
        .view = &request->view,
        .sort_given = request->sort_given,
        .sources = sources,
        .processes = processes->n && !html->redact ? processes : NULL,
    };
    if (status == 0)
        status = mt_html_write(request->shared.program, html, request->shared.force, &page, error);
    mt_rows_free(rows);
    return status;
}

int mt_html_profile_write(const struct mt_view_request *request, const struct mt_html *html,
                          struct mt_html_side *side, const struct mt_processes *processes,
                          struct mt_profile *profile, struct mt_error *error) {
    struct mt_sources sources = {0};
    bool is_merged = processes->n != 0 || !side->path;
    int status = mt_html_prepare(html, profile, &request->view, &sources, error);
    if (status == 0)
        status = mt_html_take(side, profile, is_merged, html->redact, error);
    if (status == 0)
        status = write_page(request, html, side, processes, profile, &sources, error);
    mt_sources_free(&sources);
    return status;
}

bool mt_html_profile_is_none(const char *file) {
    return file && strcmp(file, "/dev/null") == 0;
}

int mt_html_profile_write_none(const struct mt_view_request *request, const struct mt_html *html,
                               struct mt_error *error) {
    const struct mt_page_data page = {.n_profiles = 0};
    return mt_html_write(request->shared.program, html, request->shared.force, &page, error);
}
