/* SPDX-License-Identifier: MIT */
/*
 * The options that commands which print groups of a profile share: what is counted, who is charged,
 * which rows, how they are printed, where names come from. An argp child; the command adds its own
 * options to the groups below.
 */
#ifndef MT_CLI_COMMAND_VIEW_OPTIONS_H
#define MT_CLI_COMMAND_VIEW_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "command/charged.h"
#include "command/input.h"
#include "command/options.h"
#include "view/rows/rows.h"

enum { MT_VIEW_DEFAULT_ROWS = 20 };

/* Groups of --help, for options of the command's own. */
enum { MT_HELP_COUNTED = 1, MT_HELP_ROWS, MT_HELP_CHARGED, MT_HELP_PRINTED, MT_HELP_NAMES };

/* Keys of the command's own options begin here. */
enum { MT_KEY_OWN = 512 };

/* Of mt_view_options_parse. */
enum { MT_KEY_SORT = 400, MT_KEY_AT, MT_KEY_BY, MT_KEY_CUMULATIVE };

/* Zero-initialized is nothing chosen. */
struct mt_view_request {
    struct mt_options_shared shared;
    struct mt_view_options view;
    bool sort_given, at_given, by_given;
    struct mt_charged charged;
    const char **patterns[2]; /* private: include, exclude */
    size_t n_patterns[2];
};

/* Its input is a struct mt_view_request, which the command's parser gives in state->child_inputs at
 * ARGP_KEY_INIT. */
extern const struct argp mt_view_options_argp;
/* Those of them that make sense while a process is watched: not how tables are printed, nor which
 * moment. */
extern const struct argp mt_view_options_live_argp;
/* And of these, which samples are counted and as whose: for what is not printed. */
extern const struct argp mt_view_options_selected_argp;

/* Takes what a command leaves to it: the keys above, which the command names in its own table where
 * it describes them by itself, those of options.h, and ARGP_KEY_INIT, where it gives the request to
 * the first child. Returns 0, or ARGP_ERR_UNKNOWN when the key is none of them. */
error_t mt_view_options_parse(int key, const char *text, struct argp_state *state,
                              struct mt_view_request *request);

/* Chooses the column to sort by when none was given: peak, or another that has something. */
void mt_view_options_choose_sort(struct mt_view_request *request, const struct mt_profile *profile);
/* Says so when the profile has not the column that was asked for. */
void mt_view_options_check_sort(const struct mt_view_request *request, const struct mt_rows *rows);
/* Returns what is to be read for these options, which must outlive it. */
struct mt_input_wanted mt_view_options_wanted(const struct mt_view_request *request);

/* Chooses the profile that is meant, as mt_input_choose_at does; a moment of its own and --at
 * exclude each other. malloc'ed path, or NULL when the problem was printed and *result is the exit
 * status. */
char *mt_view_options_choose_input(struct mt_view_request *request, const char *file, int *result);
void mt_view_options_free(struct mt_view_request *request);

#endif
