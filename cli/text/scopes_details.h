/* SPDX-License-Identifier: MIT */
/* All that is known of scopes, name by name, on a terminal. */
#ifndef MT_CLI_TEXT_SCOPES_DETAILS_H
#define MT_CLI_TEXT_SCOPES_DETAILS_H

#include "text/scopes_table.h"

void mt_scopes_details_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                             const struct mt_scopes_table_options *options);

#endif
