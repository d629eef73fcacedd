/* SPDX-License-Identifier: MIT */
/*
 * Each thread has a record of its own for a path. The records of one path, whatever its scope and
 * domain, become one: sums, the highest level, and the level of the latest. Single records can have
 * freed more than they have allocated, and so can a path.
 */
#include "profile/ledger/lines.h"

#include <stdlib.h>

#include "ledger/lines.h"

struct key {
    mt_node_id path; /* without its labels */
    bool is_step;
    uint32_t record;
};

struct taking {
    struct mt_ledger *ledger;
    struct mt_ledger_paths *paths;
    struct mt_profile *profile;
    struct mt_line_record *records;
    size_t n_records;
    struct key *keys;
    size_t n_keys;
    uint64_t clear_epoch;
};

static int compare_keys(const void *x, const void *y) {
    const struct key *a = x, *b = y;
    if (a->path != b->path)
        return a->path < b->path ? -1 : 1;
    if (a->is_step != b->is_step)
        return a->is_step ? 1 : -1;
    return a->record < b->record ? -1 : a->record > b->record;
}

static void sort_records(struct taking *t) {
    for (size_t i = 1; i < t->n_records; i++) {
        const struct mt_line_record *r = &t->records[i];
        if (r->clear_epoch < t->clear_epoch || r->after_ns == 0)
            continue;
        t->keys[t->n_keys++] = (struct key){.path = mt_ledger_paths_of(t->paths, r->node),
                                            .is_step = r->is_step != 0,
                                            .record = (uint32_t)i};
    }
    qsort(t->keys, t->n_keys, sizeof *t->keys, compare_keys);
}

static void add_record(const struct mt_line_record *r, struct mt_line_change *sum) {
    sum->allocated_bytes += r->changed.allocated_bytes;
    sum->allocated_blocks += r->changed.allocated_blocks;
    sum->freed_bytes += r->changed.allocated_bytes - (uint64_t)r->changed.live_bytes;
    sum->freed_blocks += r->changed.freed_blocks;
    sum->hits += r->hits;
    sum->time_ns += r->time_ns;
    if (!sum->has_level || r->high_bytes > sum->high_bytes)
        sum->high_bytes = r->high_bytes;
    if (!sum->has_level || r->after_ns > sum->after_ns) {
        sum->after_bytes = r->after_bytes;
        sum->after_ns = r->after_ns;
    }
    sum->has_level = true;
}

static int take_group(struct taking *t, size_t first, size_t end) {
    struct mt_line_change sum = {.is_step = t->keys[first].is_step};
    struct mt_sample kind = {0};
    for (size_t i = first; i < end; i++)
        add_record(&t->records[t->keys[i].record], &sum);
    mt_ledger_paths_classify(t->paths, t->keys[first].path, &kind);
    int64_t n = kind.lossy ? 0 : mt_ledger_paths_frames(t->paths, t->keys[first].path);
    return n < 0 ? (int)n
                 : mt_profile_lines_add(&t->profile->info.lines, &sum, t->paths->frames, (size_t)n);
}

static int take_groups(struct taking *t) {
    int rc = 0;
    for (size_t first = 0, end; rc == 0 && first < t->n_keys; first = end) {
        for (end = first + 1; end < t->n_keys && t->keys[end].path == t->keys[first].path &&
                              t->keys[end].is_step == t->keys[first].is_step;)
            end++;
        rc = take_group(t, first, end);
    }
    return rc;
}

int mt_ledger_lines_take(struct mt_ledger *ledger, struct mt_ledger_paths *paths) {
    const struct mt_ledger_info *info = mt_ledger_info(ledger);
    struct taking t = {.ledger = ledger,
                       .paths = paths,
                       .profile = paths->profile,
                       .clear_epoch = info->control.clear_epoch};
    if (!(info->flags & MT_FLAG_LINES))
        return 0;
    t.profile->info.lines.is_recorded = true;
    t.records = mt_ledger_load_items(ledger, MT_EXTENT_LINES, &t.n_records);
    t.keys = malloc((t.n_records + 1) * sizeof *t.keys);
    int rc = t.records && t.keys ? mt_ledger_paths_load(paths) : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        sort_records(&t);
        rc = take_groups(&t);
    }
    free(t.records);
    free(t.keys);
    return rc;
}
