/* SPDX-License-Identifier: MIT */
/* A page of one profile, or of the sum of several: `report --html` and `export --format html`. */
#ifndef MT_CLI_COMMAND_HTML_PROFILE_H
#define MT_CLI_COMMAND_HTML_PROFILE_H

#include <stdbool.h>

#include "base/error.h"
#include "command/html.h"
#include "command/view_options.h"
#include "profile/profile.h"
#include "view/processes/processes.h"

/* Writes the page, which shows first what the options say, and says where it is. profile: with its
 * names; what is redacted, is so in it afterwards. processes: n 0 unless it is a run of several.
 * side: the file that the profile is of, its bytes the caller's to free. Returns 0 or a negative
 * error. */
int mt_html_profile_write(const struct mt_view_request *request, const struct mt_html *html,
                          struct mt_html_side *side, const struct mt_processes *processes,
                          struct mt_profile *profile, struct mt_error *error);

/* Returns whether the file stands for no profile: the page is then an empty one, for those that are
 * dropped on it. */
bool mt_html_profile_is_none(const char *file);
/* Writes the empty page. */
int mt_html_profile_write_none(const struct mt_view_request *request, const struct mt_html *html,
                               struct mt_error *error);

#endif
