/* SPDX-License-Identifier: MIT */
/*
 * Cumulative sums: the paths of a million samples have 45 million frames, and each lands somewhere
 * else in memory. But from the outer end on, a sample's path is mostly that of the sample before
 * it: nine of ten frames are the same in a compiler's profile. So not every sample visits each of
 * its frames. The first one opens a frame, and the first one without it closes it; then the frame's
 * group gets what was counted in between.
 *
 *   sample  path, outer end first   is counted in step        closes
 *   10      main  parse  new_node   0 (main parse new_node)
 *   4       main  parse  new_list   1 (new_list)              new_node: gets the 10 of step 0
 *   1       main  emit              2 (emit)                  new_list: gets 4, which go on to step
 *                                                             0; parse: gets its 14
 *
 * What a sample opens is one step, since all of it is closed with the same sums, but for what is
 * opened behind it meanwhile. A group is open as often as it is on the path, and gets what its
 * outermost frame does: recursion cannot count a sample twice.
 *
 *   path ─► single[location] ─► sums: │ sites │ row │ open │ value of column 0, 1, … │
 *                                     (64 or 128 bytes), and their variances behind, when
 *                                     the recording is sampled
 *
 * Only columns that the profile has are kept. Rows are made for the first sample of their group,
 * from the charged frame outwards; the sums are copied into them at the end.
 *
 * The order of samples decides how much is saved, not what is right: where neighbours have nothing
 * in common each frame is opened and closed for one sample, which costs what a visit does.
 * Rejected: a trie of the paths, in which nothing is opened twice, and sorting the samples by their
 * paths, because either takes longer than all of this.
 */
#include "view/rows/cumulative.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/array.h"
#include "base/saturate.h"

enum { LINE_BYTES = 64, HUGE_BYTES = 2 << 20 };

struct sums {
    uint32_t n_sites;
    uint32_t row;    /* + 1 */
    uint32_t n_open; /* how often the group is on the path */
    uint32_t unused;
    int64_t value[];
};

/* What was counted while its frames were the innermost that are open, and what was closed inside of
 * them. */
struct mt_cumulative_step {
    int64_t value[MT_N_VALUES]; /* by column */
    double variance[MT_N_VALUES];
    uint32_t n_samples;
};

/* Returns whether the frame is not counted, which are the tracker's and what starts programs (to
 * say that everything is below _start is true and useless). */
static bool is_silent(const struct mt_frame_entry *entry) {
    return entry->kind == MT_FRAME_HOOK || entry->kind == MT_FRAME_RUNTIME ||
           entry->kind == MT_FRAME_INTERPRETER;
}

static double *variance_of(const struct mt_cumulative *c, struct sums *sums) {
    return (double *)(void *)(sums->value + c->n_columns);
}

static struct sums *sums_of(const struct mt_cumulative *c, uint32_t group) {
    return (struct sums *)(void *)(c->sums + group * c->stride);
}

/* ---- preparing ------------------------------------------------------------------------------- */

static bool is_in_any(const struct mt_profile *profile, enum mt_value value) {
    size_t i = 0;
    while (i < profile->n_samples && !profile->samples[i].value[value])
        i++;
    return i < profile->n_samples;
}

static void find_columns(struct mt_cumulative *c) {
    bool has_at = c->rows->options.at.kind != MT_AT_END;
    for (enum mt_value v = 0; v < MT_N_VALUES; v++)
        if ((has_at && (v == MT_VALUE_LIVE_BYTES || v == MT_VALUE_LIVE_BLOCKS)) ||
            is_in_any(c->rows->profile, v))
            c->column[c->n_columns++] = v;
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

/* Allocates in pages of 2 MiB where the system has them: with small ones a frame misses the table
 * of pages as well. */
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

int mt_cumulative_init(struct mt_cumulative *c) {
    const struct mt_rows *rows = c->rows;
    size_t n_locations = rows->profile->n_locations;
    c->charged = MT_NO_ENTRY;
    find_columns(c);
    c->is_sampled = rows->profile->info.sample_bytes != 0;
    size_t column_bytes = sizeof(int64_t) + (c->is_sampled ? sizeof(double) : 0);
    c->stride = (sizeof(struct sums) + c->n_columns * column_bytes + LINE_BYTES - 1) &
                ~(size_t)(LINE_BYTES - 1);
    c->single = calloc(n_locations + 1, sizeof *c->single);
    c->first_group = calloc(n_locations + 1, sizeof *c->first_group);
    c->entries = calloc(rows->frames.n_entries + 1, sizeof *c->entries);
    c->sums = new_sums((c->n_groups + 1) * c->stride);
    return c->single && c->first_group && c->entries && c->sums ? list_groups(c) : -MEMTRACK_ENOMEM;
}

void mt_cumulative_free(struct mt_cumulative *c) {
    free(c->single);
    free(c->first_group);
    free(c->entries);
    free(c->sums);
    free(c->step_of);
    free(c->steps);
    *c = (struct mt_cumulative){0};
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The sums of a step, and the columns in which they are something. */
struct change {
    const struct mt_cumulative_step *step;
    size_t column[MT_N_VALUES], n;
};

static void find_change(const struct mt_cumulative *c, uint32_t step, struct change *change) {
    change->step = &c->steps[step];
    change->n = 0;
    for (size_t i = 0; i < c->n_columns; i++)
        if (change->step->value[i])
            change->column[change->n++] = i;
}

static void add(const struct mt_cumulative *c, struct sums *sums, const struct change *change) {
    sums->n_sites += change->step->n_samples;
    for (size_t i = 0; i < change->n; i++)
        mt_saturate_add(&sums->value[change->column[i]], change->step->value[change->column[i]]);
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        variance_of(c, sums)[i] += change->step->variance[i];
}

/* Either opens a group (change: NULL), or closes it. */
static void turn(const struct mt_cumulative *c, uint32_t group, const struct change *change) {
    struct sums *sums = sums_of(c, group);
    if (!change)
        sums->n_open++;
    else if (--sums->n_open == 0)
        add(c, sums, change);
}

static void turn_location(const struct mt_cumulative *c, uint32_t location,
                          const struct change *change) {
    if (c->single[location]) {
        turn(c, c->single[location] - 1, change);
        return;
    }
    for (uint32_t i = c->first_group[location]; i < c->first_group[location + 1]; i++)
        turn(c, c->group[c->entries[i]], change);
}

/* Of the location of the charged frame, only that and what is outside of it. */
static void turn_charged(const struct mt_cumulative *c, const struct change *change) {
    const struct mt_frame_entry *entries = c->rows->frames.entries;
    uint32_t end = c->rows->frames.first_entry[entries[c->charged].location + 1];
    for (uint32_t e = c->charged; e < end; e++)
        if (e == c->charged || !is_silent(&entries[e]))
            turn(c, c->group[e], change);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* Adds what was counted in a step to the one around it. */
static void pass_on(struct mt_cumulative *c, uint32_t step) {
    const struct mt_cumulative_step *from = &c->steps[step];
    struct mt_cumulative_step *to = &c->steps[step - 1];
    to->n_samples += from->n_samples;
    for (size_t i = 0; i < c->n_columns; i++)
        mt_saturate_add(&to->value[i], from->value[i]);
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        to->variance[i] += from->variance[i];
}

/* Closes what is open but for the n outermost frames. */
static void close_to(struct mt_cumulative *c, uint32_t n) {
    if (c->charged == MT_NO_ENTRY)
        return;
    uint32_t step = c->step_of[c->n_outer];
    struct change change;
    find_change(c, step, &change);
    turn_charged(c, &change);
    for (uint32_t depth = c->n_outer; depth > 0; depth--) {
        if (c->step_of[depth - 1] != step) {
            pass_on(c, step--);
            find_change(c, step, &change);
        }
        if (depth <= n)
            break;
        turn_location(c, *(c->end - depth), &change);
    }
    c->n_outer = n;
    c->charged = MT_NO_ENTRY;
}

/* Opens the rest of a path: n_outer frames of it are. */
static bool open_rest(struct mt_cumulative *c, const uint32_t *end, uint32_t n, uint32_t charged) {
    uint32_t step = c->n_outer ? c->step_of[c->n_outer - 1] + 1 : 0;
    if (!mt_array_reserve(&c->steps, &c->step_capacity, (size_t)step + 1, sizeof *c->steps) ||
        !mt_array_reserve(&c->step_of, &c->depth_capacity, (size_t)n + 1, sizeof *c->step_of))
        return false;
    c->steps[step].n_samples = 0;
    for (size_t i = 0; i < c->n_columns; i++)
        c->steps[step].value[i] = 0;
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        c->steps[step].variance[i] = 0;
    for (uint32_t depth = c->n_outer; depth <= n; depth++)
        c->step_of[depth] = step;
    for (uint32_t depth = c->n_outer + 1; depth <= n; depth++)
        turn_location(c, *(end - depth), NULL);
    c->end = end;
    c->n_outer = n;
    c->charged = charged;
    turn_charged(c, NULL);
    return true;
}

/* Returns how many frames a path has in common with the open one, from the outer end on. */
static uint32_t in_common(const struct mt_cumulative *c, const uint32_t *end, uint32_t n_outer) {
    uint32_t n = 0, most = c->n_outer < n_outer ? c->n_outer : n_outer;
    uint64_t x, y;
    for (; n + 2 <= most; n += 2) {
        memcpy(&x, c->end - n - 2, sizeof x);
        memcpy(&y, end - n - 2, sizeof y);
        if (x != y)
            break;
    }
    while (n < most && *(c->end - n - 1) == *(end - n - 1))
        n++;
    return n;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool has_row(struct mt_cumulative *c, uint32_t group, uint32_t sample, uint32_t entry) {
    struct sums *sums = sums_of(c, group);
    struct mt_row *row = sums->row ? NULL : mt_rows_append(c->rows);
    if (!row)
        return sums->row != 0;
    mt_rows_identify(c->rows, row, sample, entry);
    sums->row = (uint32_t)c->rows->n;
    return true;
}

/* Makes the rows of what was opened, which is all but the n outermost frames. */
static bool make_rows(struct mt_cumulative *c, uint32_t s, uint32_t n) {
    const struct mt_frame_entry *entries = c->rows->frames.entries;
    uint32_t end = c->rows->frames.first_entry[entries[c->charged].location + 1];
    bool made = true;
    for (uint32_t e = c->charged; e < end; e++)
        made &= (e != c->charged && is_silent(&entries[e])) || has_row(c, c->group[e], s, e);
    for (uint32_t depth = c->n_outer; depth > n; depth--) {
        uint32_t location = *(c->end - depth);
        for (uint32_t i = c->first_group[location]; i < c->first_group[location + 1]; i++)
            made &= has_row(c, c->group[c->entries[i]], s, c->entries[i]);
    }
    return made;
}

static void count(struct mt_cumulative *c, struct mt_amount amount) {
    struct mt_cumulative_step *step = &c->steps[c->step_of[c->n_outer]];
    step->n_samples += amount.n_samples;
    for (size_t i = 0; i < c->n_columns; i++)
        mt_saturate_add(&step->value[i], amount.value[c->column[i]]);
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        step->variance[i] += amount.variance[c->column[i]];
}

int mt_cumulative_add(struct mt_cumulative *c, uint32_t s, uint32_t charged, uint32_t position,
                      struct mt_amount amount) {
    const struct mt_sample *sample = &c->rows->profile->samples[s];
    const uint32_t *end = c->rows->profile->frames + sample->first_frame + sample->n_frames;
    uint32_t n = sample->n_frames - position - 1, shared = in_common(c, end, n);
    if (charged != c->charged || shared < n || n < c->n_outer) {
        close_to(c, shared);
        if (!open_rest(c, end, n, charged) || !make_rows(c, s, shared))
            return -MEMTRACK_ENOMEM;
    }
    count(c, amount);
    return 0;
}

int mt_cumulative_add_group(struct mt_cumulative *c, uint32_t group, uint32_t sample,
                            struct mt_amount amount) {
    struct sums *sums = sums_of(c, group);
    sums->n_sites += amount.n_samples;
    for (size_t i = 0; i < c->n_columns; i++)
        mt_saturate_add(&sums->value[i], amount.value[c->column[i]]);
    for (size_t i = 0; c->is_sampled && i < c->n_columns; i++)
        variance_of(c, sums)[i] += amount.variance[c->column[i]];
    return has_row(c, group, sample, MT_NO_ENTRY) ? 0 : -MEMTRACK_ENOMEM;
}

void mt_cumulative_finish(struct mt_cumulative *c) {
    close_to(c, 0);
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
