/* SPDX-License-Identifier: MIT */
/* Caches of the program: what they have answered is a counter and a summary of times, by result, and
 * what they hold is a gauge. */
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "export/export-local.h"
#include "export/openmetrics-local.h"
#include "view/scopes/caches.h"

struct shown {
    const struct mt_cache_row *rows;
    char **names;
    size_t n;
};

static void put_requests(struct mt_openmetrics *m, const struct shown *shown) {
    static const struct mt_openmetrics_family family = {
        "memtrack_cache_requests", MT_METRIC_COUNTER, "", "What caches were asked for."};
    mt_openmetrics_family(m, &family);
    for (size_t i = 0; i < shown->n; i++) {
        struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {{"cache", shown->names[i]},
                                                                     {"result", "hit"}};
        mt_openmetrics_integer(m, &family, "", labels, mt_saturate_signed(shown->rows[i].hits));
        labels[1].value = "miss";
        mt_openmetrics_integer(m, &family, "", labels, mt_saturate_signed(shown->rows[i].misses));
    }
}

static void put_times_of(struct mt_openmetrics *m, const struct mt_openmetrics_family *family,
                         const char *name, const char *result, uint64_t count,
                         const struct mt_scope_statistic *s) {
    static const char *const quantiles[] = {"0.5", "0.95", "1.0"};
    const int64_t value[] = {s->p50, s->p95, s->max};
    struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
        {"cache", name}, {"result", result}, {"quantile", NULL}};
    char text[MT_OPENMETRICS_NUMBER];
    for (size_t q = 0; q < sizeof value / sizeof *value && count; q++) {
        labels[2].value = quantiles[q];
        mt_openmetrics_sample(m, family, "", labels,
                              mt_openmetrics_seconds(text, value[q] > 0 ? (uint64_t)value[q] : 0));
    }
    labels[2].value = NULL;
    mt_openmetrics_sample(m, family, "_sum", labels,
                          mt_openmetrics_seconds(text, s->sum > 0 ? (uint64_t)s->sum : 0));
    mt_openmetrics_integer(m, family, "_count", labels, mt_saturate_signed(count));
}

static void put_times(struct mt_openmetrics *m, const struct shown *shown) {
    static const struct mt_openmetrics_family family = {"memtrack_cache_request_duration_seconds",
                                                        MT_METRIC_SUMMARY, "seconds",
                                                        "How long answers of caches took."};
    mt_openmetrics_family(m, &family);
    for (size_t i = 0; i < shown->n; i++) {
        const struct mt_cache_row *row = &shown->rows[i];
        put_times_of(m, &family, shown->names[i], "hit", row->hits, &row->hit_ns);
        put_times_of(m, &family, shown->names[i], "miss", row->misses, &row->miss_ns);
    }
}

static void put_sizes(struct mt_openmetrics *m, const struct shown *shown) {
    static const struct mt_openmetrics_family family = {
        "memtrack_cache_size_bytes", MT_METRIC_GAUGE, "bytes",
        "What caches hold, as the program has said last."};
    mt_openmetrics_family(m, &family);
    for (size_t i = 0; i < shown->n; i++) {
        const struct mt_openmetrics_label labels[MT_OPENMETRICS_LABELS] = {
            {"cache", shown->names[i]}};
        if (shown->rows[i].has_size)
            mt_openmetrics_integer(m, &family, "", labels, shown->rows[i].size_bytes);
    }
}

void mt_openmetrics_caches(struct mt_openmetrics *m, const struct mt_scopes_rows *rows, size_t n) {
    struct mt_cache_row *caches = NULL;
    int64_t n_caches = mt_caches_build(rows, &caches);
    struct shown shown = {.rows = caches,
                          .n = n_caches > 0 ? mt_export_shown(n, (size_t)n_caches) : 0};
    shown.names = calloc(shown.n + 1, sizeof *shown.names);
    m->failed |= n_caches < 0 || !shown.names;
    for (size_t i = 0; i < shown.n && shown.names; i++)
        shown.names[i] = strdup(mt_profile_text(rows->profile, caches[i].name));
    if (shown.names && shown.n)
        mt_openmetrics_names(m, shown.names, shown.n);
    if (!m->failed && shown.n) {
        put_requests(m, &shown);
        put_times(m, &shown);
        put_sizes(m, &shown);
    }
    for (size_t i = 0; i < shown.n && shown.names; i++)
        free(shown.names[i]);
    free(shown.names);
    free(caches);
}
