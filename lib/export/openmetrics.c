/* SPDX-License-Identifier: MIT */
/*
 * The syntax of OpenMetrics 1.0, and of Prometheus's older text format, which differs in two things:
 * there a counter is called NAME_total in the lines about it too, and units have no line.
 *
 * Names of series come from the program that is tracked, so they may be anything. A label's value is
 * valid UTF-8 with three characters escaped; two series with equal labels would make a scraper refuse
 * everything, so names that became equal (mended, or cut because they are too long) are told apart
 * by a number. Rejected: a hash of the name, which nobody can read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/openmetrics-local.h"
#include "view/format/format.h"

enum { MOST_COLUMNS = 300 };

static const char *total_of(const struct mt_openmetrics_family *family) {
    return family->type == MT_METRIC_COUNTER ? "_total" : "";
}

void mt_openmetrics_family(struct mt_openmetrics *m, const struct mt_openmetrics_family *family) {
    static const char *const types[] = {"gauge", "counter", "summary"};
    const char *suffix = m->is_prometheus ? total_of(family) : "";
    fprintf(m->out, "# TYPE %s%s %s\n", family->name, suffix, types[family->type]);
    if (*family->unit && !m->is_prometheus)
        fprintf(m->out, "# UNIT %s %s\n", family->name, family->unit);
    fprintf(m->out, "# HELP %s%s %s\n", family->name, suffix, family->help);
}

/* Most values are valid as they are; mending makes U+FFFD of what is not. */
static void put_value(struct mt_openmetrics *m, const char *raw) {
    char *text = mt_format_utf8(raw);
    if (!text)
        m->failed = true;
    for (const char *c = text; c && *c; c++)
        if (*c == '\n')
            fputs("\\n", m->out);
        else if (*c == '"' || *c == '\\')
            fprintf(m->out, "\\%c", *c);
        else
            putc(*c, m->out);
    free(text);
}

static void put_labels(struct mt_openmetrics *m, const struct mt_openmetrics_label *labels) {
    size_t n_put = 0;
    for (size_t i = 0; labels && i < MT_OPENMETRICS_LABELS && labels[i].name; i++) {
        if (!labels[i].value)
            continue;
        fprintf(m->out, "%c%s=\"", n_put++ ? ',' : '{', labels[i].name);
        put_value(m, labels[i].value);
        putc('"', m->out);
    }
    if (n_put)
        putc('}', m->out);
}

void mt_openmetrics_sample(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                           const char *suffix, const struct mt_openmetrics_label *labels,
                           const char *value) {
    fprintf(m->out, "%s%s", family->name, *suffix ? suffix : total_of(family));
    put_labels(m, labels);
    fprintf(m->out, " %s\n", value);
}

void mt_openmetrics_integer(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                            const char *suffix, const struct mt_openmetrics_label *labels,
                            int64_t value) {
    char text[MT_OPENMETRICS_NUMBER];
    snprintf(text, sizeof text, "%" PRId64, value);
    mt_openmetrics_sample(m, family, suffix, labels, text);
}

const char *mt_openmetrics_seconds(char buffer[MT_OPENMETRICS_NUMBER], uint64_t ns) {
    snprintf(buffer, MT_OPENMETRICS_NUMBER, "%" PRIu64 ".%09" PRIu64, ns / 1000000000u,
             ns % 1000000000u);
    return buffer;
}

/* ---- names of series ------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b) {
    return strcmp(**(char **const *)a, **(char **const *)b);
}

static char *name_of(const char *raw) {
    char *valid = mt_format_utf8(raw),
         *name = valid ? mt_format_shorten_end(valid, MOST_COLUMNS, "…") : NULL;
    free(valid);
    return name;
}

/* Gives the texts of a group of equal ones, but the first, a number. */
static bool number_texts(char **const *equal, size_t n) {
    for (size_t i = 1; i < n; i++) {
        char *numbered;
        if (asprintf(&numbered, "%s (%zu)", *equal[i], i + 1) < 0)
            return false;
        free(*equal[i]);
        *equal[i] = numbered;
    }
    return true;
}

static bool tell_apart(char **texts, size_t n) {
    char ***sorted = calloc(n + 1, sizeof *sorted);
    bool done = sorted != NULL;
    for (size_t i = 0; i < n && done; i++)
        sorted[i] = &texts[i];
    if (done)
        qsort(sorted, n, sizeof *sorted, compare_texts);
    for (size_t first = 0, end; first < n && done; first = end) {
        for (end = first + 1; end < n && strcmp(*sorted[first], *sorted[end]) == 0; end++)
            ;
        done = number_texts(sorted + first, end - first);
    }
    free(sorted);
    return done;
}

void mt_openmetrics_names(struct mt_openmetrics *m, char **texts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char *name = texts[i] ? name_of(texts[i]) : NULL;
        free(texts[i]);
        texts[i] = name;
        m->failed |= !name;
    }
    if (!m->failed && !tell_apart(texts, n))
        m->failed = true;
}
