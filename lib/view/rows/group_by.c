/* SPDX-License-Identifier: MIT */
/* The words for groupings. */
#include "view/rows/group_by.h"

#include <stddef.h>
#include <string.h>

static const char *const by_names[MT_N_BY] = {"line",   "function", "file", "module", "stack",
                                              "thread", "scope",    "size", "domain"};
const char mt_group_by_list[] = "line|function|file|module|stack|thread|scope|size|domain";

const char *mt_group_by_name(enum mt_group_by by) {
    return by < MT_N_BY ? by_names[by] : "";
}

bool mt_group_by_parse(const char *name, enum mt_group_by *by) {
    for (size_t i = 0; i < MT_N_BY; i++)
        if (strcmp(name, by_names[i]) == 0) {
            *by = (enum mt_group_by)i;
            return true;
        }
    return false;
}

bool mt_group_by_is_frame(enum mt_group_by by) {
    return by == MT_BY_LINE || by == MT_BY_FUNCTION || by == MT_BY_FILE || by == MT_BY_MODULE;
}
