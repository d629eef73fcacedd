/* SPDX-License-Identifier: MIT */
/* The formats that things are written in. */
#ifndef MT_EXPORT_FORMAT_H
#define MT_EXPORT_FORMAT_H

enum mt_export_format {
    MT_EXPORT_JSON,
    MT_EXPORT_CSV,   /* RFC 4180 */
    MT_EXPORT_SVG,   /* a chart that stands alone; light and dark by prefers-color-scheme */
    MT_EXPORT_TRACE, /* for Perfetto and chrome://tracing */
    MT_EXPORT_JUNIT,
    MT_EXPORT_MARKDOWN,    /* as GitHub and GitLab render it */
    MT_EXPORT_GITHUB,      /* annotations of a workflow of GitHub's */
    MT_EXPORT_PPROF,       /* gzip'd profile.proto */
    MT_EXPORT_COLLAPSED,   /* call paths in text, as of Brendan Gregg's flamegraph.pl */
    MT_EXPORT_SPEEDSCOPE,  /* https://www.speedscope.app/file-format-schema.json */
    MT_EXPORT_FIREFOX,     /* Firefox's profiler, processed format */
    MT_EXPORT_CHROME,      /* MT_EXPORT_TRACE, as it is called among exports */
    MT_EXPORT_SQLITE,      /* a database */
    MT_EXPORT_OPENMETRICS, /* 1.0 */
    MT_EXPORT_PROMETHEUS,  /* the same in its text format 0.0.4, for what reads no other */
    MT_EXPORT_DHAT,        /* valgrind's DHAT, version 2 */
    MT_EXPORT_MASSIF,      /* valgrind's massif */
    MT_EXPORT_CALLGRIND,   /* valgrind's callgrind */
    MT_EXPORT_HEAP,        /* gperftools' heap profile, as text */
    MT_EXPORT_MEMPROF,     /* LLVM's memory profile, as YAML */
    MT_N_EXPORT_FORMATS
};

#endif
