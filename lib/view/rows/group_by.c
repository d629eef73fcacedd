/* SPDX-License-Identifier: MIT */
/* The words for groupings. */
#include "view/rows/group_by.h"

#include <stddef.h>
#include <string.h>

static const char *const by_names[MT_N_BY] = {"line",   "function", "file", "module", "stack",
                                              "thread", "scope",    "size", "domain", "process"};
const char mt_group_by_list[] = "line|function|file|module|stack|thread|scope|size|domain|process";

const char *mt_group_by_name(enum mt_group_by by) {
    return by < MT_N_BY ? by_names[by] : "";
}

const char *mt_group_by_heading(enum mt_group_by by) {
    static const char *const headings[MT_N_BY] = {"LINE",      "FUNCTION", "FILE",  "MODULE",
                                                  "CALL PATH", "THREAD",   "SCOPE", "SIZE",
                                                  "DOMAIN",    "PROCESS"};
    return headings[by];
}

const char *mt_group_by_noun(enum mt_group_by by, bool is_one) {
    static const char *const one[MT_N_BY] = {"line",   "function", "file", "module", "call path",
                                             "thread", "scope",    "size", "domain", "process"},
                             *const several[MT_N_BY] = {
                                 "lines",   "functions", "files", "modules", "call paths",
                                 "threads", "scopes",    "sizes", "domains", "processes"};
    return is_one ? one[by] : several[by];
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
