/* SPDX-License-Identifier: MIT */
/* The program's own figures as members of the JSON of scopes: its counters and its caches. */
#include <stdlib.h>

#include "export/json-local.h"
#include "ledger/own.h"
#include "view/scopes/caches.h"

static json_t *counter_object(const struct mt_profile *profile,
                              const struct mt_scope_tally *tally) {
    return json_pack("{s:o, s:I, s:I, s:I, s:o}", "name",
                     mt_json_text(mt_profile_text(profile, tally->name)), "value",
                     (json_int_t)tally->value, "lowest", (json_int_t)tally->lowest, "highest",
                     (json_int_t)tally->highest, "changes", mt_json_number(tally->changes));
}

static json_t *times_object(const struct mt_scope_statistic *s) {
    return json_pack("{s:I, s:f, s:I, s:I, s:I, s:I, s:f}", "sum", (json_int_t)s->sum, "mean",
                     s->mean, "p50", (json_int_t)s->p50, "p95", (json_int_t)s->p95, "max",
                     (json_int_t)s->max, "min", (json_int_t)s->min, "stddev", s->stddev);
}

static json_t *cache_object(const struct mt_profile *profile, const struct mt_cache_row *row) {
    return json_pack("{s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:o}", "name",
                     mt_json_text(mt_profile_text(profile, row->name)), "hits",
                     mt_json_number(row->hits), "misses", mt_json_number(row->misses), "hit_rate",
                     mt_caches_hit_rate(row), "hit_ns", times_object(&row->hit_ns), "miss_ns",
                     times_object(&row->miss_ns), "size_bytes",
                     row->has_size ? json_integer(row->size_bytes) : json_null(), "highest_bytes",
                     row->has_size ? json_integer(row->highest_bytes) : json_null());
}

bool mt_json_figures(FILE *stream, const struct mt_scopes_rows *rows) {
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    struct mt_cache_row *caches = NULL;
    int64_t n_caches = mt_caches_build(rows, &caches);
    bool made = n_caches >= 0;
    size_t n = 0;
    fputs(",\n \"counters\":[", stream);
    for (size_t i = 0; i < scopes->n_tallies && made; i++)
        if (scopes->tallies[i].kind == MT_TALLY_COUNTER)
            made =
                mt_json_put_item(stream, n++, counter_object(rows->profile, &scopes->tallies[i]));
    fputs("],\n \"caches\":[", stream);
    for (int64_t i = 0; i < n_caches && made; i++)
        made = mt_json_put_item(stream, (size_t)i, cache_object(rows->profile, &caches[i]));
    fputs("]", stream);
    free(caches);
    return made;
}
