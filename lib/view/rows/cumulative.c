/* SPDX-License-Identifier: MIT */
/*
 * Cumulative sums: every frame of every path is visited, 45 million of them in a profile of a
 * million samples, and each visit lands somewhere else in memory. So a visit touches as little as
 * it can: the location's group, and one cache line that holds all of the group's sums, of those
 * columns alone that the profile has. Both are asked for some frames ahead.
 *
 *   path ─► single[location] ─► sums: │ last sample │ sites │ row │ value of column 0, 1, … │
 *                                     (64 or 128 bytes), and their variances behind, when
 *                                     the recording is sampled
 *
 * The last sample that a group counted is remembered: recursion cannot count a sample twice. Rows
 * are made at the first visit of their group, in that order; the sums are copied into them at the
 * end.
 */
#include "view/rows/cumulative.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/saturate.h"

enum { LINE_BYTES = 64, HUGE_BYTES = 2 << 20, AHEAD = 12 };

struct sums {
    uint32_t last_sample; /* + 1 */
    uint32_t n_sites;
    uint32_t row; /* + 1 */
    uint32_t unused;
    int64_t value[];
};

/* Returns whether the frame is not counted, which are the tracker's and what starts programs (to
 * say that everything is below _start is true and useless). */
static bool is_silent(const struct mt_frame_entry *entry) {
    return entry->kind == MT_FRAME_HOOK || entry->kind == MT_FRAME_RUNTIME ||
           entry->kind == MT_FRAME_INTERPRETER;
}

/* These are the columns of a sample that are added up. */
struct columns {
    int64_t value[MT_N_VALUES];
    double variance[MT_N_VALUES];
};

static double *variance_of(const struct mt_cumulative *c, struct sums *sums) {
    return (double *)(void *)(sums->value + c->n_columns);
}

static struct columns columns_of(const struct mt_cumulative *c, const struct mt_amount *amount) {
    struct columns columns = {.value = {0}};
    for (size_t i = 0; i < c->n_columns; i++) {
        columns.value[i] = amount->value[c->column[i]];
        columns.variance[i] = amount->variance[c->column[i]];
    }
    return columns;
}

static struct sums *sums_of(const struct mt_cumulative *c, uint32_t group) {
    return (struct sums *)(void *)(c->sums + group * c->stride);
}

/* ---- preparing ------------------------------------------------------------------------------- */

static void find_columns(struct mt_cumulative *c, bool has_at) {
    const struct mt_profile *profile = c->rows->profile;
    bool has[MT_N_VALUES] = {[MT_VALUE_LIVE_BYTES] = has_at, [MT_VALUE_LIVE_BLOCKS] = has_at};
    for (size_t i = 0; i < profile->n_samples; i++)
        for (size_t v = 0; v < MT_N_VALUES; v++)
            has[v] |= profile->samples[i].value[v] != 0;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (has[v])
            c->column[c->n_columns++] = (enum mt_value)v;
}

/* Finds for each location an entry of each of its groups. */
static int list_groups(struct mt_cumulative *c) {
    const struct mt_frames *frames = &c->rows->frames;
    size_t n_locations = c->rows->profile->n_locations, n = 0;
    uint32_t *last_location = calloc(c->n_groups + 1, sizeof *last_location);
    if (!last_location)
        return -MEMTRACK_ENOMEM;
    for (uint32_t l = 0; l < n_locations; l++) {
        c->first_group[l] = (uint32_t)n;
        for (uint32_t e = frames->first_entry[l]; e < frames->first_entry[l + 1]; e++) {
            if (is_silent(&frames->entries[e]) || last_location[c->group[e]] == l + 1)
                continue;
            last_location[c->group[e]] = l + 1;
            c->entries[n++] = e;
        }
        c->single[l] = n == c->first_group[l] + 1 ? c->group[c->entries[n - 1]] + 1 : 0;
    }
    c->first_group[n_locations] = (uint32_t)n;
    free(last_location);
    return 0;
}

/* Allocates in pages of 2 MiB where the system has them: with small ones a visit misses the
 * table of pages as well. */
static char *new_sums(size_t bytes) {
    size_t rounded = (bytes + HUGE_BYTES - 1) & ~(size_t)(HUGE_BYTES - 1);
    bool is_huge = bytes >= HUGE_BYTES;
    char *sums = is_huge ? aligned_alloc(HUGE_BYTES, rounded) : aligned_alloc(LINE_BYTES, bytes);
    if (sums && is_huge)
        madvise(sums, rounded, MADV_HUGEPAGE);
    if (sums)
        memset(sums, 0, bytes);
    return sums;
}

int mt_cumulative_init(struct mt_cumulative *c, struct mt_rows *rows, const uint32_t *group,
                       size_t n_groups, bool has_at) {
    size_t n_locations = rows->profile->n_locations;
    *c = (struct mt_cumulative){.rows = rows, .group = group, .n_groups = n_groups};
    find_columns(c, has_at);
    c->is_sampled = rows->profile->info.sample_bytes != 0;
    size_t column_bytes = sizeof(int64_t) + (c->is_sampled ? sizeof(double) : 0);
    c->stride = (sizeof(struct sums) + c->n_columns * column_bytes + LINE_BYTES - 1) &
                ~(size_t)(LINE_BYTES - 1);
    c->single = calloc(n_locations + 1, sizeof *c->single);
    c->first_group = calloc(n_locations + 1, sizeof *c->first_group);
    c->entries = calloc(rows->frames.n_entries + 1, sizeof *c->entries);
    c->sums = new_sums((n_groups + 1) * c->stride);
    if (!c->single || !c->first_group || !c->entries || !c->sums || list_groups(c) < 0) {
        mt_cumulative_free(c);
        return -MEMTRACK_ENOMEM;
    }
    return 0;
}

void mt_cumulative_free(struct mt_cumulative *c) {
    free(c->single);
    free(c->first_group);
    free(c->entries);
    free(c->sums);
    *c = (struct mt_cumulative){0};
}

/* ---- counting -------------------------------------------------------------------------------- */

static bool make_row(struct mt_cumulative *c, struct sums *sums, uint32_t sample, uint32_t entry) {
    struct mt_row *row = mt_rows_append(c->rows);
    if (!row)
        return false;
    mt_rows_identify(c->rows, row, sample, entry);
    sums->row = (uint32_t)c->rows->n;
    return true;
}

static void count(const struct mt_cumulative *c, struct sums *sums, uint32_t sample,
                  const struct columns *columns) {
    const int64_t *value = columns->value;
    sums->last_sample = sample + 1;
    sums->n_sites++;
    for (size_t i = 0; i < c->n_columns; i++)
        mt_saturate_add(&sums->value[i], value[i]);
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        variance_of(c, sums)[i] += columns->variance[i];
}

static bool add(struct mt_cumulative *c, uint32_t group, uint32_t sample, uint32_t entry,
                const struct columns *value) {
    struct sums *sums = sums_of(c, group);
    if (sums->last_sample == sample + 1)
        return true;
    if (!sums->row && !make_row(c, sums, sample, entry))
        return false;
    count(c, sums, sample, value);
    return true;
}

/* The usual location has one group, whose entry is looked up for its row alone. */
static bool add_location(struct mt_cumulative *c, uint32_t location, uint32_t sample,
                         const struct columns *value) {
    const uint32_t *entries = c->entries;
    if (c->single[location]) {
        struct sums *sums = sums_of(c, c->single[location] - 1);
        if (sums->last_sample == sample + 1)
            return true;
        if (!sums->row && !make_row(c, sums, sample, entries[c->first_group[location]]))
            return false;
        count(c, sums, sample, value);
        return true;
    }
    bool added = true;
    for (uint32_t i = c->first_group[location]; i < c->first_group[location + 1]; i++)
        added &= add(c, c->group[entries[i]], sample, entries[i], value);
    return added;
}

int mt_cumulative_add(struct mt_cumulative *c, uint32_t s, uint32_t charged, uint32_t position,
                      const struct mt_amount *amount) {
    const struct mt_frames *frames = &c->rows->frames;
    const struct mt_sample *sample = &c->rows->profile->samples[s];
    const uint32_t *path = c->rows->profile->frames + sample->first_frame;
    const struct columns columns = columns_of(c, amount);
    bool added = true;
    for (uint32_t e = charged; e < frames->first_entry[path[position] + 1]; e++)
        added &=
            (e != charged && is_silent(&frames->entries[e])) || add(c, c->group[e], s, e, &columns);
    for (uint32_t i = position + 1; i < sample->n_frames; i++) {
        if (i + 2 * AHEAD < sample->n_frames)
            __builtin_prefetch(&c->single[path[i + 2 * AHEAD]]);
        if (i + AHEAD < sample->n_frames && c->single[path[i + AHEAD]])
            __builtin_prefetch(sums_of(c, c->single[path[i + AHEAD]] - 1));
        added &= add_location(c, path[i], s, &columns);
    }
    return added ? 0 : -MEMTRACK_ENOMEM;
}

int mt_cumulative_add_group(struct mt_cumulative *c, uint32_t group, uint32_t sample,
                            const struct mt_amount *amount) {
    const struct columns columns = columns_of(c, amount);
    return add(c, group, sample, MT_NO_ENTRY, &columns) ? 0 : -MEMTRACK_ENOMEM;
}

void mt_cumulative_finish(struct mt_cumulative *c) {
    for (uint32_t group = 0; group < c->n_groups; group++) {
        struct sums *sums = sums_of(c, group);
        if (!sums->row)
            continue;
        struct mt_row *row = &c->rows->items[sums->row - 1];
        row->n_sites += sums->n_sites;
        for (size_t i = 0; i < c->n_columns; i++)
            row->value[c->column[i]] = sums->value[i];
        for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
            row->variance[c->column[i]] = variance_of(c, sums)[i];
    }
}
