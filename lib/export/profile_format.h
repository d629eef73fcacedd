/* SPDX-License-Identifier: MIT */
/*
 * The formats that a profile can be exported in (MT_EXPORT_PROFILE). Help, completion and messages
 * are made of the list here, so that a format is a line of it, a writer in the table of export.c,
 * and a sentence in profile_format.c about what it cannot hold.
 */
#ifndef MT_EXPORT_PROFILE_FORMAT_H
#define MT_EXPORT_PROFILE_FORMAT_H

#include "export/export.h"

enum mt_profile_format_flag {
    MT_PROFILE_BINARY = 1,  /* bytes that a terminal cannot show */
    MT_PROFILE_GROUPED = 2, /* its rows can be those of any grouping */
};

/* X(name of the format, enum mt_export_format, what its rows are unless something else is asked
 * for, how many of them (0: all), flags) */
#define MT_PROFILE_FORMATS(X)                                                                      \
    X("collapsed", MT_EXPORT_COLLAPSED, MT_BY_STACK, 0, 0)                                         \
    X("firefox", MT_EXPORT_FIREFOX, MT_BY_STACK, 0, 0)                                             \
    X("svg", MT_EXPORT_SVG, MT_BY_STACK, 0, 0)                                                     \
    X("json", MT_EXPORT_JSON, MT_BY_STACK, 0, MT_PROFILE_GROUPED)                                  \
    X("csv", MT_EXPORT_CSV, MT_BY_STACK, 0, MT_PROFILE_GROUPED)                                    \
    X("openmetrics", MT_EXPORT_OPENMETRICS, MT_BY_LINE, 20, MT_PROFILE_GROUPED)                    \
    X("prometheus", MT_EXPORT_PROMETHEUS, MT_BY_LINE, 20, MT_PROFILE_GROUPED)

/* The names as one literal, a blank before each of them. */
#define MT_PROFILE_FORMAT_WORD(name, ...) " " name
#define MT_PROFILE_FORMAT_WORDS           MT_PROFILE_FORMATS(MT_PROFILE_FORMAT_WORD)

struct mt_profile_format {
    const char *name;
    enum mt_export_format format;
    enum mt_group_by by;
    size_t n;
    unsigned flags; /* enum mt_profile_format_flag */
};

extern const char *const mt_profile_format_list; /* "collapsed|json|...", for messages */

/* Returns NULL when there is none of this name. */
const struct mt_profile_format *mt_profile_format_find(const char *name);
/* Returns what the format has no place for, for people: "lines and times"; "" when
 * that is nothing. */
const char *mt_profile_format_loses(const struct mt_profile_format *format);

#endif
