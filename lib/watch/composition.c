/* SPDX-License-Identifier: MIT */
/*
 * Changes are kept in the order of passes, and within a pass in the order of records, so that at
 * most one exists per (pass, record) and merging two passes is a sort. known_*[] is what the kept
 * changes add up to for each record; a change that finds no room is simply not known yet and comes
 * up again in the next pass.
 *
 * Rejected: a full copy of the live bytes at each pass (a compiler has 300,000 records and 2,000
 * passes), and reading only the records near the end of the ledger (old call paths are those that
 * grow).
 */
#include "watch/composition.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"
#include "watch/coarsen.h"

#define MOST_GAP_NS UINT64_C(10000000000)

enum {
    NEW_PASSES = 8, /* so many are made in the time that is between two old ones */
    MAX_PASSES = 4096,
    ENOUGH_PASSES = 256,
    FIRST_THRESHOLD = 256,
    SPARE_PART = 4,
    MOST_DROPS = 24,
    MOST_STORED = 1 << 20, /* changes that are read */
};

struct change {
    uint32_t pass, record;
    int64_t bytes;
    uint32_t blocks;
    bool negative; /* blocks counts below zero: freed here, allocated by another thread */
};

struct mt_composition {
    size_t max_records, max_changes;
    int64_t *known_bytes;
    int32_t *known_blocks;
    size_t n_known; /* capacity of both */
    struct change *changes;
    size_t n_changes, capacity;
    uint64_t *pass_time;
    uint32_t n_passes;
    size_t pass_capacity;
    bool has_passed;
    uint64_t last_ns; /* when the last pass was */
    uint64_t gap_ns;  /* least time between passes, so that merging stays rare where every pass
                         brings many changes */
    int64_t threshold_bytes;
};

struct mt_composition *mt_composition_new(size_t max_records, size_t max_changes) {
    struct mt_composition *c = calloc(1, sizeof *c);
    if (c) {
        c->max_records = max_records;
        c->max_changes = max_changes;
        c->threshold_bytes = 1;
    }
    return c;
}

void mt_composition_free(struct mt_composition *c) {
    if (!c)
        return;
    free(c->known_bytes);
    free(c->known_blocks);
    free(c->changes);
    free(c->pass_time);
    free(c);
}

size_t mt_composition_bytes(const struct mt_composition *c) {
    return c ? sizeof *c + c->n_known * (sizeof *c->known_bytes + sizeof *c->known_blocks) +
                   c->capacity * sizeof *c->changes + c->pass_capacity * sizeof *c->pass_time
             : 0;
}

void mt_composition_settle(struct mt_composition *c) {
    if (!c)
        return;
    free(c->known_bytes);
    free(c->known_blocks);
    c->known_bytes = NULL;
    c->known_blocks = NULL;
    c->n_known = 0;
    if (mt_array_resize(&c->changes, c->n_changes + 1, sizeof *c->changes))
        c->capacity = c->n_changes + 1;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static int compare_changes(const void *a, const void *b, void *context) {
    const struct change *x = a, *y = b;
    const uint32_t *group = context;
    if (group[x->pass] != group[y->pass])
        return group[x->pass] < group[y->pass] ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    return x->pass < y->pass ? -1 : x->pass > y->pass;
}

/* Leaves half as many passes, and merges old ones first: each group becomes the state after its
 * last pass. */
static void merge_passes(struct mt_composition *c) {
    uint32_t group[MAX_PASSES];
    uint32_t n_groups =
        (uint32_t)mt_coarsen(c->pass_time, c->n_passes, (c->n_passes + 1) / 2, group);
    qsort_r(c->changes, c->n_changes, sizeof *c->changes, compare_changes, group);
    size_t kept = 0;
    for (size_t i = 0; i < c->n_changes; i++) {
        struct change change = c->changes[i];
        change.pass = group[change.pass];
        bool same = kept && c->changes[kept - 1].pass == change.pass &&
                    c->changes[kept - 1].record == change.record;
        c->changes[same ? kept - 1 : kept] = change;
        kept += !same;
    }
    c->n_changes = kept;
    for (uint32_t pass = 0; pass < c->n_passes; pass++)
        c->pass_time[group[pass]] = c->pass_time[pass];
    c->n_passes = n_groups;
    uint64_t gap_ns = (c->pass_time[n_groups - 1] - c->pass_time[0]) / (n_groups * NEW_PASSES);
    c->gap_ns = gap_ns < MOST_GAP_NS ? gap_ns : MOST_GAP_NS;
}

static int64_t absolute(int64_t value) {
    return value < 0 ? -value : value;
}

/* Raises the threshold, and forgets the records that never reached it. */
static void drop_small(struct mt_composition *c) {
    unsigned char *large = calloc(c->n_known / 8 + 1, 1);
    if (!large)
        return; /* changes that find no room are left out, which is bounded as well */
    c->threshold_bytes =
        c->threshold_bytes < FIRST_THRESHOLD ? FIRST_THRESHOLD : c->threshold_bytes * 4;
    for (size_t i = 0; i < c->n_changes; i++)
        if (absolute(c->changes[i].bytes) >= c->threshold_bytes)
            large[c->changes[i].record / 8] |= (unsigned char)(1u << c->changes[i].record % 8);
    size_t kept = 0;
    for (size_t i = 0; i < c->n_changes; i++) {
        uint32_t record = c->changes[i].record;
        if (large[record / 8] & 1u << record % 8) {
            c->changes[kept++] = c->changes[i];
        } else {
            c->known_bytes[record] = 0;
            c->known_blocks[record] = 0;
        }
    }
    c->n_changes = kept;
    free(large);
}

/* Moments are worth more than small call paths, up to a point: fewer than ENOUGH_PASSES are not
 * merged. */
static void make_room(struct mt_composition *c) {
    if (c->n_passes < MAX_PASSES && c->n_changes <= c->max_changes - c->max_changes / SPARE_PART)
        return;
    while (c->n_passes >= ENOUGH_PASSES &&
           (c->n_passes == MAX_PASSES || c->n_changes > c->max_changes / 2))
        merge_passes(c);
    for (int tries = 0; tries < MOST_DROPS && c->n_changes > c->max_changes / 2; tries++)
        drop_small(c);
}

/* Makes room for n records, at most max_records, and returns how many of them there is room for. */
static size_t grow_known(struct mt_composition *c, size_t n) {
    if (n > c->max_records)
        n = c->max_records;
    if (n <= c->n_known)
        return n;
    size_t want = n + n / 2 < c->max_records ? n + n / 2 : c->max_records;
    if (!mt_array_resize(&c->known_bytes, want, sizeof *c->known_bytes) ||
        !mt_array_resize(&c->known_blocks, want, sizeof *c->known_blocks))
        return c->n_known;
    memset(c->known_bytes + c->n_known, 0, (want - c->n_known) * sizeof *c->known_bytes);
    memset(c->known_blocks + c->n_known, 0, (want - c->n_known) * sizeof *c->known_blocks);
    c->n_known = want;
    return n;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static bool append(struct mt_composition *c, uint32_t record, int64_t bytes, int32_t blocks) {
    if (c->n_changes == c->max_changes)
        return false;
    if (!mt_array_reserve(&c->changes, &c->capacity, c->n_changes + 1, sizeof *c->changes))
        return false;
    c->changes[c->n_changes++] =
        (struct change){.pass = c->n_passes,
                        .record = record,
                        .bytes = bytes,
                        .blocks = (uint32_t)(blocks < 0 ? -(int64_t)blocks : blocks),
                        .negative = blocks < 0};
    return true;
}

/* A ledger may say anything; what is kept must survive additions. */
static int64_t bound(uint64_t count, int64_t most) {
    int64_t value = (int64_t)count;
    return value > most ? most : value < -most ? -most : value;
}

static void look_at(struct mt_composition *c, uint32_t record, const struct mt_site *site) {
    int64_t bytes = bound((uint64_t)site->counters.live_bytes, INT64_C(1) << 50);
    int32_t blocks =
        (int32_t)bound(site->counters.allocated_blocks - site->counters.freed_blocks, INT32_MAX);
    int64_t known = c->known_bytes[record];
    if (bytes == known && blocks == c->known_blocks[record])
        return;
    if (absolute(bytes - known) < c->threshold_bytes && !(bytes == 0 && known != 0) &&
        c->threshold_bytes > 1)
        return;
    if (append(c, record, bytes, blocks)) {
        c->known_bytes[record] = bytes;
        c->known_blocks[record] = blocks;
    }
}

bool mt_composition_pass(struct mt_composition *c, struct mt_ledger *ledger, uint64_t time_ns,
                         struct mt_site *buffer) {
    return !(c->has_passed && time_ns - c->last_ns < c->gap_ns) &&
           mt_composition_pass_now(c, ledger, time_ns, buffer);
}

bool mt_composition_pass_now(struct mt_composition *c, struct mt_ledger *ledger, uint64_t time_ns,
                             struct mt_site *buffer) {
    make_room(c);
    if (!mt_array_reserve(&c->pass_time, &c->pass_capacity, c->n_passes + 1u, sizeof *c->pass_time))
        return false;
    size_t n_before = c->n_changes;
    size_t n = grow_known(c, mt_ledger_info(ledger)->n_sites);
    for (size_t first = 0; first < n; first += MT_SITES_PER_CHUNK) {
        size_t want = n - first < MT_SITES_PER_CHUNK ? n - first : MT_SITES_PER_CHUNK;
        size_t here = mt_ledger_read_items(ledger, MT_EXTENT_SITES, first, want, buffer);
        for (size_t i = 0; i < here; i++)
            if (buffer[i].node != MT_NODE_ROOT)
                look_at(c, (uint32_t)(first + i), &buffer[i]);
    }
    c->has_passed = true;
    c->last_ns = time_ns;
    if (c->n_changes > n_before) /* else the state is still that after the last one */
        c->pass_time[c->n_passes++] = time_ns;
    return true;
}

/* ---- at the end ------------------------------------------------------------------------------ */

struct replay {
    int64_t *bytes, *blocks; /* of records */
    int64_t *sample_bytes, *sample_blocks;
    uint32_t *dirty_in; /* of samples: the pass in which it last changed, plus 1 */
    uint32_t *dirty;
    size_t n_dirty;
};

static bool replay_allocate(struct replay *r, size_t n_records, size_t n_samples) {
    r->bytes = calloc(n_records + 1, sizeof *r->bytes);
    r->blocks = calloc(n_records + 1, sizeof *r->blocks);
    r->sample_bytes = calloc(n_samples + 1, sizeof *r->sample_bytes);
    r->sample_blocks = calloc(n_samples + 1, sizeof *r->sample_blocks);
    r->dirty_in = calloc(n_samples + 1, sizeof *r->dirty_in);
    r->dirty = calloc(n_samples + 1, sizeof *r->dirty);
    return r->bytes && r->blocks && r->sample_bytes && r->sample_blocks && r->dirty_in && r->dirty;
}

static void replay_free(struct replay *r) {
    free(r->bytes);
    free(r->blocks);
    free(r->sample_bytes);
    free(r->sample_blocks);
    free(r->dirty_in);
    free(r->dirty);
}

static void replay_change(struct replay *r, const struct change *change,
                          const struct mt_ledger_map *map) {
    if (change->record >= map->n_records || map->sample_of_record[change->record] == UINT32_MAX)
        return;
    uint32_t sample = map->sample_of_record[change->record];
    int64_t blocks = change->negative ? -(int64_t)change->blocks : (int64_t)change->blocks;
    r->sample_bytes[sample] += change->bytes - r->bytes[change->record];
    r->sample_blocks[sample] += blocks - r->blocks[change->record];
    r->bytes[change->record] = change->bytes;
    r->blocks[change->record] = blocks;
    if (r->dirty_in[sample] != change->pass + 1) {
        r->dirty_in[sample] = change->pass + 1;
        r->dirty[r->n_dirty++] = sample;
    }
}

/* Returns the first tick at or after the time; the last one when there is none. */
static uint32_t tick_at(const struct mt_profile_info *info, uint64_t time_ns) {
    size_t last = info->n_ticks - 1;
    return (uint32_t)MT_PARTITION_POINT(i, last, info->ticks[i].time_ns < time_ns);
}

static void emit(struct replay *r, struct mt_profile_info *info, uint32_t tick,
                 const double *scale) {
    for (size_t i = 0; i < r->n_dirty; i++) {
        uint32_t sample = r->dirty[i];
        double factor = scale ? scale[sample] : 1;
        info->changes[info->n_changes++] = (struct mt_tick_change){
            .tick = tick,
            .sample = sample,
            .live_bytes = (int64_t)((double)r->sample_bytes[sample] * factor),
            .live_blocks = (int64_t)((double)r->sample_blocks[sample] * factor),
        };
    }
    r->n_dirty = 0;
}

int mt_composition_apply_until(struct mt_composition *c, uint64_t until_ns,
                               struct mt_profile *profile, const struct mt_ledger_map *map) {
    struct mt_profile_info *info = &profile->info;
    struct replay r = {0};
    if (!c || c->n_changes == 0 || info->n_ticks == 0)
        return 0;
    info->changes = calloc(c->n_changes, sizeof *info->changes);
    if (!info->changes || !replay_allocate(&r, map->n_records, map->n_samples)) {
        replay_free(&r);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; i < c->n_changes && c->pass_time[c->changes[i].pass] <= until_ns; i++) {
        replay_change(&r, &c->changes[i], map);
        if (i + 1 == c->n_changes || c->changes[i + 1].pass != c->changes[i].pass)
            emit(&r, info, tick_at(info, c->pass_time[c->changes[i].pass]), map->scale_of_sample);
    }
    replay_free(&r);
    return 0;
}

int mt_composition_apply(struct mt_composition *c, struct mt_profile *profile,
                         const struct mt_ledger_map *map) {
    return mt_composition_apply_until(c, UINT64_MAX, profile, map);
}

/* ---- for another process --------------------------------------------------------------------- */

struct stored {
    uint32_t change_bytes, n_passes;
    uint64_t n_changes;
};

void mt_composition_write(const struct mt_composition *c, FILE *out) {
    const struct stored stored = {.change_bytes = sizeof *c->changes,
                                  .n_passes = c ? c->n_passes : 0,
                                  .n_changes = c ? c->n_changes : 0};
    fwrite(&stored, sizeof stored, 1, out);
    if (stored.n_passes)
        fwrite(c->pass_time, sizeof *c->pass_time, stored.n_passes, out);
    if (stored.n_changes)
        fwrite(c->changes, sizeof *c->changes, stored.n_changes, out);
}

/* Passes rise, and each change is of one of them. */
static bool is_whole(const struct mt_composition *c) {
    for (size_t i = 0; i < c->n_changes; i++)
        if (c->changes[i].pass >= c->n_passes || (i && c->changes[i].pass < c->changes[i - 1].pass))
            return false;
    return true;
}

static bool read_parts(struct mt_composition *c, FILE *in) {
    struct stored stored;
    if (fread(&stored, sizeof stored, 1, in) != 1 || stored.change_bytes != sizeof *c->changes ||
        stored.n_passes > MAX_PASSES || stored.n_changes > MOST_STORED)
        return false;
    c->n_passes = stored.n_passes;
    c->n_changes = stored.n_changes;
    c->pass_time = calloc(c->n_passes + 1u, sizeof *c->pass_time);
    c->changes = calloc(c->n_changes + 1, sizeof *c->changes);
    return c->pass_time && c->changes &&
           fread(c->pass_time, sizeof *c->pass_time, c->n_passes, in) == c->n_passes &&
           fread(c->changes, sizeof *c->changes, c->n_changes, in) == c->n_changes && is_whole(c);
}

struct mt_composition *mt_composition_read(FILE *in) {
    struct mt_composition *c = mt_composition_new(0, 0);
    if (c && read_parts(c, in))
        return c;
    mt_composition_free(c);
    return NULL;
}
