/* SPDX-License-Identifier: MIT */
/* Shared by the files of this directory that write metrics: openmetrics.c has the syntax,
 * openmetrics_profile.c and openmetrics_scopes.c what there is to say. Private to them. */
#ifndef MT_EXPORT_OPENMETRICS_LOCAL_H
#define MT_EXPORT_OPENMETRICS_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "view/rows/rows.h"

enum { MT_OPENMETRICS_LABELS = 4, MT_OPENMETRICS_NUMBER = 40 };

struct mt_openmetrics {
    FILE *out;
    bool is_prometheus; /* its text format 0.0.4: a counter is called NAME_total in all lines */
    bool failed;        /* out of memory */
};

enum mt_openmetrics_type { MT_METRIC_GAUGE, MT_METRIC_COUNTER, MT_METRIC_SUMMARY };

/* One name for all samples that differ in their labels alone. */
struct mt_openmetrics_family {
    const char *name; /* ends in _UNIT where there is a unit, and never in _total */
    enum mt_openmetrics_type type;
    const char *unit; /* "bytes", "seconds", or "" */
    const char *help; /* a sentence; no backslash or line break in it */
};

struct mt_openmetrics_label {
    const char *name, *value; /* value NULL: the label is left out. Any text. */
};

/* Writes the lines about a family, which come before its samples. */
void mt_openmetrics_family(struct mt_openmetrics *m, const struct mt_openmetrics_family *family);

/* Writes a sample. suffix: "" (of a counter it becomes "_total"), or "_sum" and "_count" of a
 * summary. labels end with a name that is NULL, or after MT_OPENMETRICS_LABELS. */
void mt_openmetrics_sample(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                           const char *suffix, const struct mt_openmetrics_label *labels,
                           const char *value);
void mt_openmetrics_integer(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                            const char *suffix, const struct mt_openmetrics_label *labels,
                            int64_t value);

/* Writes nanoseconds as seconds, all digits of them. Returns buffer. */
const char *mt_openmetrics_seconds(char buffer[MT_OPENMETRICS_NUMBER], uint64_t ns);

/* Makes texts fit for labels that tell n series apart: valid UTF-8, not too long, no two alike.
 * Takes raw texts, and replaces each by one that is malloc'ed; NULL, and failed, when out of
 * memory. */
void mt_openmetrics_names(struct mt_openmetrics *m, char **texts, size_t n);

/* Writes what the program measured of its own regions: at most n scopes (0: all), and the latest
 * value of each of its counters, at most n of them. */
void mt_openmetrics_scopes(struct mt_openmetrics *m, const struct mt_profile *profile, size_t n);

/* Writes what its caches have answered, and what they hold: of at most n of them. */
struct mt_scopes_rows;
void mt_openmetrics_caches(struct mt_openmetrics *m, const struct mt_scopes_rows *rows, size_t n);

#endif
