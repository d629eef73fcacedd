/* SPDX-License-Identifier: MIT */
/*
 * massif's files: the heap at some hundred moments, and what it was made of at a few of them.
 *
 *   desc: …                                  #-----------
 *   cmd: ./a                                 snapshot=47
 *   time_unit: i   (instructions; ms; B)     #-----------
 *                                            time=143197
 *                                            mem_heap_B=101000
 *                                            mem_heap_extra_B=24     headers and alignment
 *                                            mem_stacks_B=0
 *                                            heap_tree=detailed      or empty, or peak
 *   n2: 101000 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.
 *    n0: 100000 0x1091A5: main (a.c:5)
 *    n0: 1000 in 2 places, all below massif's threshold (1.00%)
 *
 * A row of the tree is a frame, and the rows below it are its callers: a path from the inside
 * outwards. Paths end at n0, and where the callers hold less than the row. Callers that are too
 * small are one row: what it holds is a path of which the outer end is missing.
 *
 *   heap_tree=peak ──► peak      last snapshot ──► live      each snapshot ──► tick
 *                                                            each tree     ──► changes
 *
 * The last snapshot mostly has no tree. Then its bytes are a row of their own, so that the sum is
 * right; and so are those before the first tree. Without a snapshot that is called the peak it is
 * the largest that has a tree.
 *
 * A unit of time that is none (instructions, bytes allocated and freed) is read as if it were
 * nanoseconds, and a note says so: the order of things is worth having. A rejected way: no time
 * axis at all, which for massif's default unit would be to throw away what massif is for.
 */
#include "profile/others/massif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "profile/heap/scan.h"
#include "profile/limits.h"
#include "profile/others/builder.h"

enum { MOST_DEPTH = 1 << 12 };

#define SMALL_ONES "[below massif's threshold]"
#define NO_TREE    "[no call paths]"
#define MS_NS      UINT64_C(1000000)

struct row {
    int64_t left; /* bytes that no caller has had yet */
    int64_t location;
};

struct held { /* what a path held at a snapshot */
    uint32_t sample;
    int64_t bytes;
};

struct holding {
    struct held *items;
    size_t n, capacity;
};

struct reader {
    struct mt_builder b;
    size_t line;
    char unit; /* 'i', 'm' of ms, 'B' */
    bool has_command, has_pages;

    /* the snapshot at hand */
    int64_t time, heap, extra, stacks;
    bool is_open, has_tree, is_peak, has_seen_tree;
    struct row rows[MOST_DEPTH]; /* of the tree: from the root to the latest */
    size_t depth;
    struct holding holding, before; /* before: at the latest tree */
    int64_t *latest;                /* of each sample, at the tree of before */
    size_t latest_capacity;

    /* the peak, or the largest until one is called so */
    struct holding peak;
    int64_t peak_heap, peak_extra, peak_time, largest, most_stacks;
    bool has_peak;
};

static int damaged(struct reader *r, const char *what) {
    return mt_error_set(r->b.error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged: line %zu %s", r->b.name, r->line, what);
}

/* ---- a snapshot is over ---------------------------------------------------------------------- */

static int hold(struct reader *r, int64_t sample, int64_t bytes) {
    struct holding *h = &r->holding;
    if (sample < 0)
        return (int)sample;
    if (!mt_array_reserve(&h->items, &h->capacity, h->n + 1, sizeof *h->items) ||
        !mt_array_reserve_zeroed(&r->latest, &r->latest_capacity, (size_t)sample + 1,
                                 sizeof *r->latest))
        return mt_builder_status(&r->b, -MEMTRACK_ENOMEM);
    h->items[h->n++] = (struct held){(uint32_t)sample, bytes};
    return 0;
}

static int add_change(struct reader *r, uint32_t sample, int64_t bytes) {
    struct mt_profile_info *info = &r->b.profile->info;
    if (!mt_array_grow(&info->changes, info->n_changes, sizeof *info->changes))
        return mt_builder_status(&r->b, -MEMTRACK_ENOMEM);
    info->changes[info->n_changes++] = (struct mt_tick_change){
        .tick = (uint32_t)info->n_ticks, .sample = sample, .live_bytes = bytes};
    r->latest[sample] = bytes;
    return 0;
}

static int compare_held(const void *left, const void *right) {
    const struct held *x = left, *y = right;
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Sorts by sample, and makes equal ones one. */
static void merge(struct holding *h) {
    size_t n = 0;
    if (h->n)
        qsort(h->items, h->n, sizeof *h->items, compare_held);
    for (size_t i = 0; i < h->n; i++)
        if (n && h->items[n - 1].sample == h->items[i].sample)
            mt_saturate_add(&h->items[n - 1].bytes, h->items[i].bytes);
        else
            h->items[n++] = h->items[i];
    h->n = n;
}

static bool holds(const struct holding *h, const struct held *wanted) {
    return h->n && bsearch(wanted, h->items, h->n, sizeof *h->items, compare_held);
}

/* Writes down what changed since the latest tree. */
static int take_changes(struct reader *r) {
    int status = 0;
    for (size_t i = 0; i < r->before.n && status == 0; i++)
        if (!holds(&r->holding, &r->before.items[i]) && r->latest[r->before.items[i].sample])
            status = add_change(r, r->before.items[i].sample, 0);
    for (size_t i = 0; i < r->holding.n && status == 0; i++) {
        const struct held *held = &r->holding.items[i];
        if (r->latest[held->sample] != held->bytes)
            status = add_change(r, held->sample, held->bytes);
    }
    return status;
}

static int keep_peak(struct reader *r) {
    struct holding *peak = &r->peak;
    if (r->has_peak || (!r->is_peak && r->heap <= r->peak_heap))
        return 0;
    if (!mt_array_reserve(&peak->items, &peak->capacity, r->holding.n + 1, sizeof *peak->items))
        return mt_builder_status(&r->b, -MEMTRACK_ENOMEM);
    if (r->holding.n)
        memcpy(peak->items, r->holding.items, r->holding.n * sizeof *peak->items);
    peak->n = r->holding.n;
    r->peak_heap = r->heap;
    r->peak_extra = r->extra;
    r->peak_time = r->time;
    r->has_peak = r->is_peak;
    return 0;
}

/* Takes the rows off the tree that are as deep or deeper. What their callers have left is theirs. */
static int close_rows(struct reader *r, size_t depth) {
    int status = 0;
    while (r->depth > depth && status == 0) {
        const struct row *row = &r->rows[--r->depth];
        r->b.n_frames = 0;
        if (row->left <= 0)
            continue;
        for (size_t i = 1; i <= r->depth && status == 0; i++)
            status = mt_builder_push(&r->b, r->rows[i].location);
        if (status == 0 && r->depth == 0)
            status =
                mt_builder_push(&r->b, mt_builder_frame(&r->b, SMALL_ONES, strlen(SMALL_ONES)));
        if (status == 0)
            status = hold(r, mt_builder_sample(&r->b, false), row->left);
    }
    return status;
}

static int add_tick(struct reader *r) {
    struct mt_profile_info *info = &r->b.profile->info;
    uint64_t factor = r->unit == 'm' ? MS_NS : 1, at = (uint64_t)r->time,
             before = info->n_ticks ? info->ticks[info->n_ticks - 1].time_ns : 0;
    at = at > INT64_MAX / factor ? INT64_MAX : at * factor;
    if (!mt_array_grow(&info->ticks, info->n_ticks, sizeof *info->ticks))
        return mt_builder_status(&r->b, -MEMTRACK_ENOMEM);
    info->ticks[info->n_ticks++] =
        (struct mt_tick){.time_ns = at > before ? at : before, .live_bytes = r->heap};
    return 0;
}

/* Makes the bytes of a snapshot without a tree a row. */
static int hold_unknown(struct reader *r) {
    r->b.n_frames = 0;
    int status = mt_builder_push(&r->b, mt_builder_frame(&r->b, NO_TREE, strlen(NO_TREE)));
    return status < 0 ? status : hold(r, mt_builder_sample(&r->b, false), r->heap);
}

static int close_snapshot(struct reader *r) {
    if (!r->is_open)
        return 0;
    int status = close_rows(r, 0);
    r->is_open = false;
    r->has_seen_tree |= r->has_tree;
    if (status == 0 && !r->has_tree && r->heap)
        status = hold_unknown(r);
    merge(&r->holding);
    if (status == 0 && (r->has_tree || !r->has_seen_tree))
        status = take_changes(r);
    if (status == 0 && r->has_tree)
        status = keep_peak(r);
    if (status == 0)
        status = add_tick(r);
    r->largest = r->heap > r->largest ? r->heap : r->largest;
    r->most_stacks = r->stacks > r->most_stacks ? r->stacks : r->most_stacks;
    return status < 0 ? status : mt_limits_memory(r->b.profile, 0, r->b.in, r->b.name, r->b.error);
}

static int open_snapshot(struct reader *r) {
    int status = close_snapshot(r);
    if (r->has_tree || !r->has_seen_tree) {
        struct holding swap = r->before;
        r->before = r->holding;
        r->holding = swap;
    }
    r->holding.n = 0;
    r->is_open = true;
    r->has_tree = r->is_peak = false;
    r->time = r->heap = r->extra = r->stacks = 0;
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* "in 2 places, all below massif's threshold (1.00%)" */
static bool is_small_ones(struct mt_scan label) {
    int64_t places;
    return mt_scan_text(&label, "in ") && mt_scan_number(&label, &places) &&
           mt_scan_text(&label, " place");
}

/* Takes a row whose place is known. */
static int take_row(struct reader *r, size_t depth, int64_t bytes, struct mt_scan label) {
    int status = close_rows(r, depth);
    if (status < 0)
        return status;
    if (depth != r->depth || depth == MOST_DEPTH)
        return damaged(r, "is too far to the right");
    if (depth)
        r->rows[depth - 1].left -=
            bytes <= r->rows[depth - 1].left ? bytes : r->rows[depth - 1].left;
    struct row row = {.left = bytes};
    if (depth == 0)
        r->has_pages |= mt_scan_text(&label, "(page allocation");
    else
        row.location = mt_builder_frame(&r->b, label.at, (size_t)(label.end - label.at));
    if (row.location < 0)
        return (int)row.location;
    r->rows[r->depth++] = row;
    return 0;
}

/* Takes what is left of small callers: the path goes on, nobody knows where. */
static int take_small_ones(struct reader *r, size_t depth, int64_t bytes) {
    int status = close_rows(r, depth);
    if (status < 0 || depth < 2 || depth != r->depth)
        return status < 0 || depth == r->depth ? status : damaged(r, "is too far to the right");
    r->rows[depth - 1].left -= bytes <= r->rows[depth - 1].left ? bytes : r->rows[depth - 1].left;
    r->b.n_frames = 0;
    for (size_t i = 1; i < depth && status == 0; i++)
        status = mt_builder_push(&r->b, r->rows[i].location);
    return status < 0 || bytes == 0 ? status : hold(r, mt_builder_sample(&r->b, true), bytes);
}

/* " n3: 1635883 0x4879AB8: jv_mem_alloc (in /usr/lib/libjq.so)" */
static int take_tree_line(struct reader *r, struct mt_scan line) {
    const char *begin = line.at;
    int64_t n_callers, bytes;
    mt_scan_blanks(&line);
    size_t depth = (size_t)(line.at - begin);
    if (!mt_scan_text(&line, "n") || !mt_scan_number(&line, &n_callers) ||
        !mt_scan_text(&line, ": ") || !mt_scan_number(&line, &bytes) || bytes < 0)
        return damaged(r, "is no row of a heap tree");
    mt_scan_blanks(&line);
    return is_small_ones(line) ? take_small_ones(r, depth, bytes) : take_row(r, depth, bytes, line);
}

static int take_kind(struct reader *r, struct mt_scan kind) {
    r->is_peak = mt_scan_text(&kind, "peak");
    r->has_tree = r->is_peak || mt_scan_text(&kind, "detailed");
    r->depth = 0;
    return r->has_tree || mt_scan_text(&kind, "empty") ? 0 : damaged(r, "is of no known kind");
}

static int take_field(struct reader *r, struct mt_scan line) {
    const struct {
        const char *name;
        int64_t *value;
    } fields[] = {
        {"time=", &r->time},
        {"mem_heap_B=", &r->heap},
        {"mem_heap_extra_B=", &r->extra},
        {"mem_stacks_B=", &r->stacks},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (mt_scan_text(&line, fields[i].name))
            return mt_scan_number(&line, fields[i].value) && *fields[i].value >= 0
                       ? 0
                       : damaged(r, "has no number");
    return mt_scan_text(&line, "heap_tree=") ? take_kind(r, line) : damaged(r, "is of no snapshot");
}

static int take_head(struct reader *r, struct mt_scan line) {
    if (mt_scan_text(&line, "time_unit: ")) {
        r->unit = line.at < line.end ? *line.at : 'i';
        return 0;
    }
    if (!mt_scan_text(&line, "cmd: ") || r->has_command)
        return 0;
    r->has_command = true;
    return mt_builder_command(&r->b, line.at, (size_t)(line.end - line.at));
}

static int take_line(struct reader *r, struct mt_scan line) {
    struct mt_scan text = line;
    if (mt_scan_text(&text, "snapshot="))
        return open_snapshot(r);
    if (line.at == line.end || *line.at == '#')
        return 0;
    if (!r->is_open)
        return take_head(r, line);
    return r->has_tree ? take_tree_line(r, line) : take_field(r, line);
}

static int read_lines(struct reader *r) {
    struct mt_scan line;
    size_t bytes;
    int status;
    while ((status = mt_inflate_line(r->b.in, &line.at, &bytes)) > 0) {
        line.end = line.at + bytes;
        line.end -= bytes && line.end[-1] == '\r';
        r->line++;
        status = take_line(r, line);
        if (status < 0)
            return status;
    }
    return status < 0 ? status : close_snapshot(r);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void take_column(struct reader *r, const struct holding *h, enum mt_value value) {
    r->b.profile->has_value[value] = true;
    for (size_t i = 0; i < h->n; i++)
        mt_builder_add(&r->b, h->items[i].sample, value, h->items[i].bytes);
}

static int note_unit(struct reader *r) {
    return r->unit == 'm' ? 0
           : r->unit == 'B'
               ? mt_builder_note(&r->b,
                                 "Its time is counted in bytes that were allocated or freed: 1 s "
                                 "stands for 1,000,000,000 of them.")
               : mt_builder_note(&r->b, "Its time is counted in instructions: 1 s stands for "
                                        "1,000,000,000 of them. massif --time-unit=ms measures "
                                        "time.");
}

static int add_notes(struct reader *r) {
    char text[256];
    int status = note_unit(r);
    if (status == 0 && r->has_pages)
        status = mt_builder_note(
            &r->b, "It counts pages of memory (--pages-as-heap), not blocks of the heap.");
    if (status == 0 && !r->has_seen_tree)
        status = mt_builder_note(&r->b, "No snapshot has call paths.");
    if (status == 0 && r->has_seen_tree && r->largest > r->peak_heap) {
        snprintf(text, sizeof text,
                 "The peak is of the largest heap whose call paths were written down: %lld bytes "
                 "of %lld.",
                 (long long)r->peak_heap, (long long)r->largest);
        status = mt_builder_note(&r->b, text);
    }
    if (status == 0 && r->peak_extra) {
        snprintf(text, sizeof text,
                 "Beside the peak's bytes massif counted %lld for headers and alignment.",
                 (long long)r->peak_extra);
        status = mt_builder_note(&r->b, text);
    }
    if (status == 0 && r->most_stacks) {
        snprintf(text, sizeof text, "Stacks are left out: massif counted %lld bytes of them.",
                 (long long)r->most_stacks);
        status = mt_builder_note(&r->b, text);
    }
    return status;
}

static int finish(struct reader *r) {
    struct mt_profile_info *info = &r->b.profile->info;
    if (info->n_ticks == 0)
        return damaged(r, "is the last, and there is no snapshot");
    take_column(r, &r->holding, MT_VALUE_LIVE_BYTES);
    if (r->has_seen_tree)
        take_column(r, &r->peak, MT_VALUE_PEAK_BYTES);
    info->duration_ns = info->ticks[info->n_ticks - 1].time_ns;
    info->peak_time_known = r->has_seen_tree && r->unit == 'm';
    if (info->peak_time_known) {
        info->peak_time_ns = (uint64_t)r->peak_time * MS_NS;
        info->peak_time_error_ns = MS_NS;
    }
    int status = mt_builder_tool(&r->b, "massif");
    return status < 0 ? status : add_notes(r);
}

bool mt_massif_is_one(const uint8_t *head, size_t bytes) {
    static const char begin[] = "desc:", unit[] = "\ntime_unit:";
    return bytes > sizeof begin && memcmp(head, begin, sizeof begin - 1) == 0 &&
           memmem(head, bytes, unit, sizeof unit - 1) != NULL;
}

int mt_massif_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                   struct mt_error *error) {
    struct reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory while reading", name);
    r->unit = 'i';
    int status = mt_builder_begin(&r->b, in, name, error);
    if (status == 0)
        status = read_lines(r);
    if (status == 0)
        status = finish(r);
    status = mt_builder_end(&r->b, status, out);
    free(r->holding.items);
    free(r->before.items);
    free(r->peak.items);
    free(r->latest);
    free(r);
    return status;
}
