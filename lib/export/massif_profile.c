/* SPDX-License-Identifier: MIT */
/*
 * massif's file, for ms_print and massif-visualizer: the heap over time, with trees of what it was
 * made of. Snapshots are ticks of the time axis, a hundred at most and evenly spaced; every tenth
 * has its tree, and so have the peak and the end, which is the moment that is exported. Their sizes
 * are those of the rows, added up from the changes, so that a filter holds for all of them.
 *
 * Of a profile without a time axis there are the peak and the end. What is rounded up
 * (mem_heap_extra_B) is known of the end alone. There is nothing below zero in the format: what a
 * difference lost is left out.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/saturate.h"
#include "export/changes.h"
#include "export/export-local.h"
#include "export/massif_tree.h"
#include "export/title.h"

#define NS_PER_MS UINT64_C(1000000)

enum { MOST_SNAPSHOTS = 98 /* beside the peak and the end */, TREE_EVERY = 10 };

struct writer {
    FILE *stream;
    const struct mt_export_profile *what;
    const struct mt_profile *profile;
    struct mt_massif_tree tree;
    size_t n_rows, n_snapshots;
    int64_t *live, *column; /* of each row: at the moment, and in one of its columns */
    int64_t *sample_live;   /* of each sample at the moment */
    struct mt_change *changes;
    size_t n_changes, next_change;
    uint64_t end_ns, peak_ns;
    bool has_peak; /* which is still to come */
};

/* ---- snapshots ------------------------------------------------------------------------------- */

enum kind { PLAIN, DETAILED, PEAK };

static int64_t sum_of(const struct writer *w, const int64_t *bytes) {
    int64_t sum = 0;
    for (size_t i = 0; i < w->n_rows; i++)
        if (bytes[i] > 0)
            mt_saturate_add(&sum, bytes[i]);
    return sum;
}

static bool put_snapshot(struct writer *w, uint64_t time_ns, const int64_t *bytes, int64_t extra,
                         enum kind kind) {
    static const char *const trees[] = {"empty", "detailed", "peak"};
    fprintf(w->stream,
            "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRIu64 "\nmem_heap_B=%" PRId64
            "\nmem_heap_extra_B=%" PRId64 "\nmem_stacks_B=0\nheap_tree=%s\n",
            w->n_snapshots++, time_ns / NS_PER_MS, sum_of(w, bytes), extra, trees[kind]);
    return kind == PLAIN || mt_massif_tree_put(&w->tree, w->stream, bytes);
}

static const int64_t *column(struct writer *w, enum mt_value value) {
    for (size_t i = 0; i < w->n_rows; i++)
        w->column[i] = mt_rows_at(w->what->rows, i)->value[value];
    return w->column;
}

static bool put_peak(struct writer *w) {
    w->has_peak = false;
    return put_snapshot(w, w->peak_ns, column(w, MT_VALUE_PEAK_BYTES), 0, PEAK);
}

static bool put_end(struct writer *w) {
    bool is_peak = mt_rows_options(w->what->rows)->at.kind == MT_AT_PEAK;
    int64_t extra = 0;
    if (mt_rows_has(w->what->rows, MT_VALUE_WASTE_BYTES))
        extra = sum_of(w, column(w, MT_VALUE_WASTE_BYTES));
    return put_snapshot(w, w->end_ns, column(w, MT_VALUE_LIVE_BYTES), extra,
                        is_peak ? PEAK : DETAILED);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void apply_changes(struct writer *w, uint64_t until_ns) {
    size_t n;
    const uint32_t *row_of = mt_rows_of_samples(w->what->rows, &n);
    for (; w->next_change < w->n_changes && w->changes[w->next_change].time_ns <= until_ns;
         w->next_change++) {
        const struct mt_tick_change *change = w->changes[w->next_change].change;
        uint32_t row = row_of[change->sample];
        if (row < w->n_rows) {
            mt_saturate_add(&w->live[row], change->live_bytes);
            mt_saturate_add(&w->live[row], -w->sample_live[change->sample]);
        }
        w->sample_live[change->sample] = change->live_bytes;
    }
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Returns the times of the ticks before the end, in order; NULL: out of memory. */
static uint64_t *times_of(const struct writer *w, size_t *n) {
    const struct mt_profile_info *info = &w->profile->info;
    uint64_t *times = malloc((info->n_ticks + 1) * sizeof *times);
    *n = 0;
    for (size_t i = 0; times && i < info->n_ticks; i++)
        if (info->ticks[i].time_ns < w->end_ns)
            times[(*n)++] = info->ticks[i].time_ns;
    if (times)
        qsort(times, *n, sizeof *times, by_number);
    return times;
}

static bool put_ticks(struct writer *w) {
    size_t n;
    uint64_t *times = times_of(w, &n);
    size_t shown = n < MOST_SNAPSHOTS ? n : MOST_SNAPSHOTS;
    bool done = times != NULL;
    if (w->n_changes == 0) /* then it is not known what there was */
        shown = 0;
    for (size_t i = 0; done && i < shown; i++) {
        uint64_t time = times[i * n / shown];
        if (w->has_peak && w->peak_ns <= time)
            done = put_peak(w);
        apply_changes(w, time);
        done = done && put_snapshot(w, time, w->live, 0,
                                    i % TREE_EVERY == TREE_EVERY - 1 ? DETAILED : PLAIN);
    }
    free(times);
    return done && (!w->has_peak || put_peak(w));
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool put_head(struct writer *w) {
    char *command = mt_title_command(w->profile);
    fputs("desc: memtrack " MEMTRACK_VERSION "\ncmd: ", w->stream);
    bool done = command && mt_massif_tree_put_text(w->stream, command);
    fputs("\ntime_unit: ms\n", w->stream);
    free(command);
    return done;
}

static void find_moments(struct writer *w) {
    const struct mt_profile_info *info = &w->profile->info;
    const struct mt_at *at = &mt_rows_options(w->what->rows)->at;
    uint64_t peak_ns = info->peak_time_known ? info->peak_time_ns : info->duration_ns;
    w->end_ns = at->kind == MT_AT_TIME   ? at->time_ns
                : at->kind == MT_AT_PEAK ? peak_ns
                                         : info->duration_ns;
    w->peak_ns = peak_ns;
    w->has_peak = mt_rows_has(w->what->rows, MT_VALUE_PEAK_BYTES) && at->kind != MT_AT_PEAK &&
                  peak_ns <= w->end_ns;
}

static bool prepare(struct writer *w) {
    w->live = calloc(w->n_rows + 1, sizeof *w->live);
    w->column = calloc(w->n_rows + 1, sizeof *w->column);
    w->sample_live = calloc(w->profile->n_samples + 1, sizeof *w->sample_live);
    find_moments(w);
    return w->live && w->column && w->sample_live &&
           mt_changes_sort(w->profile, &w->changes, &w->n_changes) &&
           mt_massif_tree_init(&w->tree, w->what->rows, w->n_rows);
}

int mt_massif_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.stream = stream,
                       .what = &thing->profile,
                       .profile = mt_rows_profile(thing->profile.rows),
                       .n_rows = mt_export_profile_rows(&thing->profile)};
    bool done = prepare(&w) && put_head(&w) && put_ticks(&w) && put_end(&w);
    mt_massif_tree_free(&w.tree);
    free(w.live);
    free(w.column);
    free(w.sample_live);
    free(w.changes);
    return mt_export_finish(stream, done, error);
}
