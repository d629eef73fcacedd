/* SPDX-License-Identifier: MIT */
/*
 * The formats that a profile can be exported in (MT_EXPORT_PROFILE). Help, completion and messages
 * are made of the list here, so that a format is an entry of it, a value of enum mt_export_format
 * and a file with its writer, FORMAT_profile.c. The page is written by lib/page, which is above.
 */
#ifndef MT_EXPORT_PROFILE_FORMAT_H
#define MT_EXPORT_PROFILE_FORMAT_H

#include "export/format.h"
#include "export/profile.h"
#include "view/rows/group_by.h"

enum mt_profile_format_flag {
    MT_PROFILE_BINARY = 1,   /* bytes that a terminal cannot show */
    MT_PROFILE_GROUPED = 2,  /* its rows can be those of any grouping */
    MT_PROFILE_LABELS = 4,   /* it can tell threads and processes apart */
    MT_PROFILE_POSITIVE = 8, /* it leaves out rows below zero */
    MT_PROFILE_PAGE = 16,    /* lib/page writes it, with the whole profile in it */
    MT_PROFILE_SIGNED = 32,  /* it has a place for what two profiles differ in */
    MT_PROFILE_ROWS = 64,    /* of two profiles it has the rows of their difference */
};

/* X(name, enum mt_export_format, its writer, what its rows are unless something else is asked for,
 * how many of them (0: all), flags, what it has no place for: "lines and times") */
// clang-format off
#define MT_PROFILE_FORMATS(X) \
    X("pprof", MT_EXPORT_PPROF, mt_pprof_profile, MT_BY_STACK, 0, \
      MT_PROFILE_BINARY | MT_PROFILE_LABELS | MT_PROFILE_SIGNED, "") \
    X("collapsed", MT_EXPORT_COLLAPSED, mt_collapsed_profile, MT_BY_STACK, 0, MT_PROFILE_SIGNED, \
      "lines, files, more than one column (--sort), and times") \
    X("speedscope", MT_EXPORT_SPEEDSCOPE, mt_speedscope_profile, MT_BY_STACK, 0, \
      MT_PROFILE_SIGNED, \
      "modules, addresses and times") \
    X("dhat", MT_EXPORT_DHAT, mt_dhat_profile, MT_BY_STACK, 0, 0, \
      "threads, scopes, waste, temporary blocks and the time axis") \
    X("massif", MT_EXPORT_MASSIF, mt_massif_profile, MT_BY_STACK, 0, MT_PROFILE_POSITIVE, \
      "branches below 1 %, and columns but the live bytes over time") \
    X("callgrind", MT_EXPORT_CALLGRIND, mt_callgrind_profile, MT_BY_STACK, 0, 0, \
      "call paths beyond a caller, threads and times") \
    X("heap", MT_EXPORT_HEAP, mt_heap_profile, MT_BY_STACK, 0, MT_PROFILE_POSITIVE, \
      "names and lines (readers look them up in the programs), the peak, threads and times") \
    X("firefox", MT_EXPORT_FIREFOX, mt_firefox_profile, MT_BY_STACK, 0, 0, \
      "blocks, temporary blocks and waste") \
    X("chrome", MT_EXPORT_CHROME, mt_trace_profile, MT_BY_STACK, 0, 0, "call paths") \
    X("sqlite", MT_EXPORT_SQLITE, mt_sqlite_profile, MT_BY_STACK, 0, \
      MT_PROFILE_BINARY | MT_PROFILE_LABELS | MT_PROFILE_SIGNED, "") \
    X("svg", MT_EXPORT_SVG, mt_svg_profile, MT_BY_STACK, 0, MT_PROFILE_SIGNED, \
      "lines, frames narrower than a pixel, more than one column (--sort), and times") \
    X("json", MT_EXPORT_JSON, mt_json_profile, MT_BY_STACK, 0, \
      MT_PROFILE_GROUPED | MT_PROFILE_ROWS, \
      "scopes and the time axis (memtrack scopes, memtrack timeline)") \
    X("csv", MT_EXPORT_CSV, mt_csv_profile, MT_BY_STACK, 0, \
      MT_PROFILE_GROUPED | MT_PROFILE_ROWS, \
      "more than the rows") \
    X("markdown", MT_EXPORT_MARKDOWN, mt_markdown_profile, MT_BY_LINE, 10, \
      MT_PROFILE_GROUPED | MT_PROFILE_ROWS, \
      "call paths and times") \
    X("openmetrics", MT_EXPORT_OPENMETRICS, mt_openmetrics_profile, MT_BY_LINE, 20, \
      MT_PROFILE_GROUPED, "call paths, and what was at earlier moments") \
    X("prometheus", MT_EXPORT_PROMETHEUS, mt_openmetrics_profile_text, MT_BY_LINE, 20, \
      MT_PROFILE_GROUPED, "call paths, and what was at earlier moments") \
    X("memprof", MT_EXPORT_MEMPROF, mt_memprof_profile, MT_BY_STACK, 0, MT_PROFILE_POSITIVE, \
      "what is live or at the peak, threads and times: compilers take no hint from it")
// clang-format on

/* The format of the list that has no writer in lib/export. */
#define MT_PROFILE_FORMAT_PAGE "html"

/* The names as one literal, a blank before each of them. */
#define MT_PROFILE_FORMAT_WORD(name, ...) " " name
#define MT_PROFILE_FORMAT_WORDS                                                                    \
    MT_PROFILE_FORMATS(MT_PROFILE_FORMAT_WORD) " " MT_PROFILE_FORMAT_PAGE

struct mt_profile_format {
    const char *name;
    enum mt_export_format format; /* MT_N_EXPORT_FORMATS: the page */
    enum mt_group_by by;
    size_t n;
    unsigned flags; /* enum mt_profile_format_flag */
    const char *losses;
};

extern const char *const mt_profile_format_list; /* "collapsed|json|...", for messages */

/* Returns the name of a format of this list, else NULL. */
const char *mt_profile_format_name(enum mt_export_format format);
/* Returns NULL when there is none of this name. */
const struct mt_profile_format *mt_profile_format_find(const char *name);
/* Returns what this export has no place for, for people: "lines and times"; "" when
 * that is nothing. */
const char *mt_profile_format_loses(const struct mt_profile_format *format,
                                    const struct mt_export_profile *profile);

/* Returns whether two profiles can be compared in the format. */
bool mt_profile_format_compares(const struct mt_profile_format *format);
/* Returns whether the format leaves out rows of this export, because they are below zero. */
bool mt_profile_format_drops(const struct mt_profile_format *format,
                             const struct mt_export_profile *profile);

#endif
