/* SPDX-License-Identifier: MIT */
/* The mark of a source that was changed after the program was built: its lines need not be those
 * that were compiled. */
#ifndef MT_CLI_TEXT_NEWER_H
#define MT_CLI_TEXT_NEWER_H

#include "profile/profile.h"
#include "text/terminal.h"
#include "view/source.h"

#define MT_NEWER_MARK " [changed since]"

/* Returns whether a file is to have it. module: what was built of the file. */
bool mt_newer_is(const struct mt_profile *profile, struct mt_source *source, mt_string file,
                 mt_string module);

/* Prints below the sources what the mark means, when there were some: n of them. */
void mt_newer_put_note(const struct mt_terminal *terminal, size_t n);

#endif
