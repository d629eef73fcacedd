/* SPDX-License-Identifier: MIT */
/*
 * A side is whatever report takes, each with a moment of its own: two moments of one recording are
 * two sides. Both get their names with one cache, since they use the same libraries.
 */
#include "command/sides.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command/input.h"

/* What the user called it; of a directory, what was found there. */
static const char *side_name(const char *argument, const char *path) {
    struct stat file;
    if (strcmp(argument, "-") == 0)
        return "standard input";
    return stat(argument, &file) == 0 && S_ISDIR(file.st_mode) ? path : argument;
}

bool mt_sides_find(const struct mt_view_request *request, const char *const arguments[MT_N_SIDES],
                   struct mt_sides *sides, int *result) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        sides->at[side] = request->view.at;
        sides->path[side] = mt_input_choose_at(request->shared.program, arguments[side],
                                               request->shared.tree, &sides->at[side], result);
        if (!sides->path[side])
            return false;
        sides->name[side] = side_name(arguments[side], sides->path[side]);
    }
    return true;
}

/* A side may be a run of several processes. */
static int read_side(const struct mt_view_request *request, struct mt_sides *sides,
                     enum mt_side side, struct mt_error *error) {
    struct mt_input_wanted wanted = mt_view_options_wanted(request);
    struct mt_processes processes;
    wanted.keep.times = sides->at[side].kind == MT_AT_TIME;
    if (sides->for_page)
        wanted.keep = mt_html_keep;
    int status =
        mt_input_read_run(sides->path[side], &wanted, &processes, &sides->profile[side], error);
    if (status == 0 && sides->profile[side]->info.watched)
        status = mt_error_set(error, MEMTRACK_EFORMAT,
                              "memtrack timeline --overlay OLD NEW compares what was watched.",
                              "%s: nothing was recorded, memtrack watch looked from outside",
                              sides->path[side]);
    sides->is_merged[side] = processes.n != 0;
    mt_processes_free(&processes);
    sides->page[side] = (struct mt_html_side){
        .name = sides->name[side],
        .path = sides->path[side],
        .n_read = status == 0 ? mt_html_weigh(sides->profile[side]) : 0,
    };
    return status;
}

static int read_sides(const struct mt_view_request *request, struct mt_sides *sides,
                      struct mt_error *error) {
    struct mt_symbols_options symbols = request->shared.symbols;
    symbols.cache = mt_symbols_cache_new(); /* both sides use the same libraries; NULL: without */
    int status = 0;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++) {
        status = read_side(request, sides, side, error);
        if (status == 0)
            status = mt_symbols_resolve(sides->profile[side], &symbols, error);
    }
    mt_symbols_cache_free(symbols.cache);
    return status;
}

static int build(const struct mt_view_request *request, const struct mt_sides *sides,
                 struct mt_diff **diff, struct mt_error *error) {
    struct mt_diff_options options = {
        .view = request->view, .sort_given = request->sort_given, .keep_live = sides->keep_live};
    options.view.n_named = request->shared.n;
    memcpy(options.at, sides->at, sizeof options.at);
    return mt_diff_build((const struct mt_profile *const *)sides->profile, &options, diff, error);
}

int mt_sides_compare(const struct mt_view_request *request, struct mt_sides *sides,
                     struct mt_diff **diff, struct mt_error *error) {
    int status = read_sides(request, sides, error);
    return status == 0 ? build(request, sides, diff, error) : status;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* The sources are those of the new side. */
static int prepare_page(const struct mt_view_request *request, const struct mt_html *html,
                        struct mt_sides *sides, struct mt_sources *sources,
                        struct mt_error *error) {
    int status = 0;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++) {
        struct mt_html of_side = *html;
        of_side.source &= side == MT_NEW;
        status = mt_html_prepare(&of_side, sides->profile[side], &request->view, sources, error);
        if (status == 0)
            status = mt_html_take(&sides->page[side], sides->profile[side], sides->is_merged[side],
                                  html->redact, error);
    }
    return status;
}

static int write_page(const struct mt_view_request *request, const struct mt_html *html,
                      const struct mt_sides *sides, const struct mt_diff *diff,
                      const struct mt_sources *sources, struct mt_error *error) {
    struct mt_page_data page = {
        .n_profiles = MT_N_SIDES,
        .diff = diff,
        .n_rows = request->shared.n_given ? request->shared.n : 0,
        .view = &request->view,
        .sort_given = request->sort_given,
        .sources = sources,
    };
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        page.profiles[side] = (struct mt_page_profile){
            sides->page[side].name, sides->page[side].bytes, sides->page[side].n_bytes};
    return mt_html_write(request->shared.program, html, request->shared.force, &page, error);
}

/* What the lines say is found by the true paths of their files; a redacted page has other rows. */
int mt_sides_write_page(const struct mt_view_request *request, const struct mt_html *html,
                        struct mt_sides *sides, struct mt_diff **diff, struct mt_error *error) {
    struct mt_sources sources = {0};
    int status = mt_diff_store_texts(*diff, sides->profile) == 0
                     ? prepare_page(request, html, sides, &sources, error)
                     : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (status == 0 && html->redact) {
        mt_diff_free(*diff);
        *diff = NULL;
        status = build(request, sides, diff, error);
    }
    if (status == 0)
        status = write_page(request, html, sides, *diff, &sources, error);
    mt_sources_free(&sources);
    return status;
}

void mt_sides_free(struct mt_sides *sides) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        free(sides->path[side]);
        mt_html_free(&sides->page[side]);
        mt_profile_free(sides->profile[side]);
    }
    *sides = (struct mt_sides){0};
}
