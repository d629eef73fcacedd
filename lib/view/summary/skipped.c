/* SPDX-License-Identifier: MIT */
/* One line on the wrappers whose callers are charged, so that nobody looks for them in vain. */
#include "view/summary/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

enum {
    SHOWN = 3,
    NAME_COLUMNS = 36,
    NAME_BYTES = 4 * NAME_COLUMNS,
    SHORT = 20 /* bytes: there is room for one more name */
};

static void append_name(char *text, size_t bytes, const struct mt_rows *rows,
                        const struct mt_rows_wrapper *wrapper, bool is_first) {
    size_t length = strlen(text);
    char *name = mt_format_shorten_function(
        mt_profile_text(mt_rows_profile(rows), wrapper->function), NAME_COLUMNS, "…");
    if (name)
        snprintf(text + length, bytes - length, "%s%s", is_first ? "" : ", ", name);
    free(name);
}

char *mt_summary_skipped(const struct mt_rows *rows) {
    struct mt_rows_wrapper wrappers[SHOWN];
    char names[SHOWN * (NAME_BYTES + 4)] = "", more[32] = "", *text;
    size_t n = mt_rows_wrappers(rows, wrappers, SHOWN);
    if (!n)
        return NULL;
    size_t shown = 0;
    do
        append_name(names, sizeof names, rows, &wrappers[shown], shown == 0);
    while (++shown < n && shown < SHOWN && strlen(names) < SHORT);
    if (n > shown)
        snprintf(more, sizeof more, " and %zu more", n - shown);
    if (asprintf(&text, "skipped %s%s (--keep-wrappers)", names, more) < 0)
        return NULL;
    return text;
}
