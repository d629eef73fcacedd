/* SPDX-License-Identifier: MIT */
/* Two profiles beside each other, for a command that takes OLD and NEW. */
#ifndef MT_CLI_COMMAND_SIDES_H
#define MT_CLI_COMMAND_SIDES_H

#include <stdbool.h>

#include "base/error.h"
#include "command/html.h"
#include "command/view_options.h"
#include "view/compare/diff.h"

struct mt_sides {
    bool keep_live; /* as in diff.h */
    bool for_page;  /* all that mt_sides_write_page shows is read */
    char *path[MT_N_SIDES];
    const char *name[MT_N_SIDES]; /* as the user called them */
    struct mt_at at[MT_N_SIDES];
    struct mt_profile *profile[MT_N_SIDES]; /* with their names */
    struct mt_html_side page[MT_N_SIDES];   /* private, as what follows */
    bool is_merged[MT_N_SIDES];
};

/* Finds what the arguments are, each of which may be a moment of a recording. Returns false when
 * the reason was printed; *result is then the exit status. */
bool mt_sides_find(const struct mt_view_request *request, const char *const arguments[MT_N_SIDES],
                   struct mt_sides *sides, int *result);
/* Reads what was found, and compares. The difference is the caller's. Returns 0 or a negative
 * error. */
int mt_sides_compare(const struct mt_view_request *request, struct mt_sides *sides,
                     struct mt_diff **diff, struct mt_error *error);
/* Writes the page of what was compared, and says where it is. What is redacted, is so in the
 * profiles afterwards, and the difference is then a new one. Returns 0 or a negative error. */
int mt_sides_write_page(const struct mt_view_request *request, const struct mt_html *html,
                        struct mt_sides *sides, struct mt_diff **diff, struct mt_error *error);
void mt_sides_free(struct mt_sides *sides);

#endif
