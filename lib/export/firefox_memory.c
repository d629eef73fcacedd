/* SPDX-License-Identifier: MIT */
/*
 * The profiler knows single allocations, with an address by which a later free is matched, and its
 * view of retained memory shows what was allocated within a range of time and not freed in it. The
 * time axis knows what each call path held from one change to the next. A gain is written as one
 * block. A loss frees the youngest blocks of its path first; where it takes a part of one, that one
 * has been two from the beginning:
 *
 *   live    5 ┌───┐                  blocks   3 bytes: from t1 to t2
 *           2 ┤   └──────               ─►    2 bytes: from t1, never freed
 *             t1  t2
 *
 * So whatever range is looked at, what is retained in it is its growth, and over the whole recording
 * it is what was live at the end. There are at most two blocks for each change.
 */
#include "export/firefox_memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/saturate.h"

struct block {
    uint64_t from_ns, to_ns; /* to_ns UINT64_MAX: never freed */
    int64_t bytes;
    uint32_t row, below; /* below: the block before it on its path's stack, index + 1 */
};

struct event {
    uint64_t time_ns;
    uint32_t block;
    bool is_free;
};

struct course {
    const struct mt_profile *profile;
    const uint32_t *row_of_sample;
    size_t n_rows, n_samples;
    struct block *blocks;
    size_t n, capacity;
    uint32_t *top; /* per sample: its youngest block that is there, index + 1 */
    int64_t *live; /* per sample */
};

void mt_firefox_memory_put_time(FILE *out, uint64_t ns) {
    ns = ns < MT_FIREFOX_LAST_NS ? ns : MT_FIREFOX_LAST_NS;
    fprintf(out, "%" PRIu64 ".%06" PRIu64, ns / 1000000, ns % 1000000);
}

/* ---- a column -------------------------------------------------------------------------------- */

void mt_firefox_memory_put_column(FILE *out, const struct mt_firefox_tables *t, size_t n,
                                  enum mt_value column, uint64_t time_ns) {
    const struct mt_rows *rows = t->paths.rows;
    size_t written = 0;
    fputs(",\"nativeAllocations\":{\"weightType\":\"bytes\",\"weight\":[", out);
    for (size_t i = 0; i < n; i++)
        if (mt_rows_at(rows, i)->value[column])
            fprintf(out, "%s%" PRId64, written++ ? "," : "", mt_rows_at(rows, i)->value[column]);
    fputs("],\"stack\":[", out);
    for (size_t i = 0, k = 0; i < n; i++)
        if (mt_rows_at(rows, i)->value[column])
            fprintf(out, "%s%" PRIu32, k++ ? "," : "", t->stack_of_row[i]);
    fputs("],\"time\":[", out);
    for (size_t i = 0; i < written; i++) {
        fputs(i ? "," : "", out);
        mt_firefox_memory_put_time(out, time_ns);
    }
    fprintf(out, "],\"length\":%zu}", written);
}

/* ---- the time axis --------------------------------------------------------------------------- */

static bool add_block(struct course *c, uint32_t sample, const struct block *block) {
    if (c->n >= UINT32_MAX - 1 ||
        !mt_array_reserve(&c->blocks, &c->capacity, c->n + 1, sizeof *c->blocks))
        return false;
    c->blocks[c->n] = *block;
    c->blocks[c->n++].row = c->row_of_sample[sample];
    return true;
}

static bool gain(struct course *c, uint32_t sample, uint64_t time_ns, int64_t bytes) {
    const struct block block = {
        .from_ns = time_ns, .to_ns = UINT64_MAX, .bytes = bytes, .below = c->top[sample]};
    if (!add_block(c, sample, &block))
        return false;
    c->top[sample] = (uint32_t)c->n;
    return true;
}

static bool lose(struct course *c, uint32_t sample, uint64_t time_ns, int64_t bytes) {
    while (bytes > 0 && c->top[sample]) {
        struct block *block = &c->blocks[c->top[sample] - 1];
        if (block->bytes <= bytes) {
            block->to_ns = time_ns;
            bytes -= block->bytes;
            c->top[sample] = block->below;
            continue;
        }
        block->bytes -= bytes;
        const struct block freed = {.from_ns = block->from_ns, .to_ns = time_ns, .bytes = bytes};
        return add_block(c, sample, &freed);
    }
    return true;
}

static bool change(struct course *c, uint32_t sample, uint64_t time_ns, int64_t live) {
    if (sample >= c->n_samples || c->row_of_sample[sample] >= c->n_rows)
        return true; /* filtered out */
    live = live > 0 ? live : 0;
    int64_t by = mt_saturate_difference(live, c->live[sample]);
    c->live[sample] = live;
    return by > 0 ? gain(c, sample, time_ns, by) : by < 0 ? lose(c, sample, time_ns, -by) : true;
}

static int compare_changes(const void *left, const void *right, void *context) {
    const struct mt_profile_info *info = context;
    uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
    uint32_t a = info->changes[x].tick, b = info->changes[y].tick;
    return a != b ? (a < b ? -1 : 1) : x < y ? -1 : x > y;
}

/* Goes through all changes in their order, and to the end of the recording. */
static bool follow(struct course *c) {
    const struct mt_profile_info *info = &c->profile->info;
    uint32_t *order = malloc((info->n_changes + 1) * sizeof *order);
    bool done = order != NULL;
    for (size_t i = 0; done && i < info->n_changes; i++)
        order[i] = (uint32_t)i;
    if (done)
        qsort_r(order, info->n_changes, sizeof *order, compare_changes, (void *)(uintptr_t)info);
    for (size_t i = 0; done && i < info->n_changes; i++) {
        const struct mt_tick_change *at = &info->changes[order[i]];
        if (at->tick < info->n_ticks)
            done = change(c, at->sample, info->ticks[at->tick].time_ns, at->live_bytes);
    }
    for (uint32_t s = 0; done && s < c->n_samples; s++)
        done = change(c, s, info->duration_ns, c->profile->samples[s].value[MT_VALUE_LIVE_BYTES]);
    free(order);
    return done;
}

/* A block is freed after it was allocated, also where both are at the same tick. */
static int compare_events(const void *left, const void *right) {
    const struct event *x = left, *y = right;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->is_free - y->is_free;
}

static void put_events(FILE *out, const struct mt_firefox_tables *t, const struct course *c,
                       const struct event *events, size_t n) {
    fputs(",\"nativeAllocations\":{\"weightType\":\"bytes\",\"time\":[", out);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", out);
        mt_firefox_memory_put_time(out, events[i].time_ns);
    }
    fputs("],\"weight\":[", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%" PRId64, i ? "," : "",
                (events[i].is_free ? -1 : 1) * c->blocks[events[i].block].bytes);
    fputs("],\"stack\":[", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%" PRIu32, i ? "," : "", t->stack_of_row[c->blocks[events[i].block].row]);
    fputs("],\"memoryAddress\":[", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%" PRIu32, i ? "," : "", events[i].block + 1);
    fputs("],", out);
    mt_firefox_tables_put_same(out, "threadId", "0", n);
    fprintf(out, ",\"length\":%zu}", n);
}

static bool put_blocks(FILE *out, const struct mt_firefox_tables *t, const struct course *c) {
    struct event *events = malloc((2 * c->n + 1) * sizeof *events);
    size_t n = 0;
    for (size_t i = 0; events && i < c->n; i++) {
        events[n++] = (struct event){c->blocks[i].from_ns, (uint32_t)i, false};
        if (c->blocks[i].to_ns != UINT64_MAX)
            events[n++] = (struct event){c->blocks[i].to_ns, (uint32_t)i, true};
    }
    if (events) {
        qsort(events, n, sizeof *events, compare_events);
        put_events(out, t, c, events, n);
    }
    free(events);
    return events != NULL;
}

bool mt_firefox_memory_put_course(FILE *out, const struct mt_firefox_tables *t, size_t n) {
    struct course c = {.profile = t->profile, .n_rows = n};
    c.row_of_sample = mt_rows_of_samples(t->paths.rows, &c.n_samples);
    c.top = calloc(c.n_samples + 1, sizeof *c.top);
    c.live = calloc(c.n_samples + 1, sizeof *c.live);
    bool done = c.row_of_sample && c.top && c.live && follow(&c) && put_blocks(out, t, &c);
    free(c.top);
    free(c.live);
    free(c.blocks);
    return done;
}
