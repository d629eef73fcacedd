/* SPDX-License-Identifier: MIT */
/*
 * What was read of each record is kept, so that an unchanged one costs a comparison:
 *
 *   chunk of records ──differs from what is known?──► difference ──► sums of its sample ──► values
 *                                       └── new record ──► (node, origin, class) ──hash──► sample
 *
 * The samples of one path share their frames, whatever their scope and domain; the hash finds the
 * first of them under a class that no record has.
 *
 * The texts of threads are made again when there are new ones or one has another name, and all
 * samples of the thread get it, as they would in a conversion of the whole ledger.
 *
 * Rejected: a conversion of the whole ledger per reading (50 ms for a compiler, 300 ms for a large
 * server), and marks in the ledger for what changed (a store more in the target, for every event).
 */
#include "profile/ledger/follow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "profile/ids.h"
#include "profile/ledger/info.h"
#include "profile/ledger/labels.h"
#include "profile/ledger/paths.h"
#include "profile/ledger/sampling.h"
#include "profile/ledger/threads.h"

enum { CLASS_OF_PATH = 255 };
#define NO_SAMPLE UINT32_MAX
#define MOST      (INT64_MAX / 4096) /* sums of such values do not overflow */

struct record {
    struct mt_counters known;
    uint32_t sample;
};

struct mt_follow {
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    struct mt_ledger_paths paths;
    struct mt_ledger_labels names;
    struct mt_site *buffer;
    size_t next; /* record to read next */
    struct record *records;
    size_t n_records, record_capacity;
    struct mt_counters *sums; /* of samples */
    uint16_t *origins;        /* likewise */
    size_t sum_capacity, origin_capacity;
    struct mt_ids sample_of_key; /* node << 32 | origin << 8 | class; see CLASS_OF_PATH */
    struct mt_ledger_threads threads;
    uint64_t generation;
};

/* ---- samples --------------------------------------------------------------------------------- */

static int reserve_sample(struct mt_follow *f) {
    size_t n = f->profile->n_samples;
    return mt_array_reserve(&f->sums, &f->sum_capacity, n + 1, sizeof *f->sums) &&
                   mt_array_reserve(&f->origins, &f->origin_capacity, n + 1, sizeof *f->origins)
               ? 0
               : -MEMTRACK_ENOMEM;
}

/* Appends an empty sample for this record. first is a sample of the same path whose frames it
 * shares; below 0 there is none. */
static int64_t add_sample(struct mt_follow *f, const struct mt_site *site, int64_t first) {
    struct mt_sample sample = {
        .thread = mt_ledger_threads_text(&f->threads, site->origin),
        .size_class = site->size_class <= 64 ? site->size_class : 64,
        .has_size_class = true,
    };
    int64_t n_frames = 0;
    mt_node_id path = mt_ledger_paths_of(&f->paths, site->node);
    if (mt_ledger_labels_of(&f->names, site->node, &sample) != 0)
        return -MEMTRACK_ENOMEM;
    mt_ledger_paths_classify(&f->paths, path, &sample);
    if (!sample.lossy && first < 0)
        n_frames = mt_ledger_paths_frames(&f->paths, path);
    if (n_frames < 0)
        return n_frames;
    if (reserve_sample(f) != 0)
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_sample(f->profile, &sample, f->paths.frames, (size_t)n_frames);
    if (index < 0)
        return index;
    struct mt_sample *samples = f->profile->samples;
    if (!sample.lossy && first >= 0) {
        samples[index].first_frame = samples[first].first_frame;
        samples[index].n_frames = samples[first].n_frames;
    }
    f->sums[index] = (struct mt_counters){0};
    f->origins[index] = site->origin;
    f->generation++;
    return index;
}

/* Returns the index of the sample that the record belongs to, or -MEMTRACK_E…. */
static int64_t sample_of(struct mt_follow *f, const struct mt_site *site) {
    uint64_t path = (uint64_t)mt_ledger_paths_of(&f->paths, site->node) << 32 | CLASS_OF_PATH;
    uint64_t key = (uint64_t)site->node << 32 | (uint64_t)site->origin << 8 | site->size_class;
    int64_t index = mt_ids_find(&f->sample_of_key, key);
    if (index >= 0)
        return index;
    int64_t first = mt_ids_find(&f->sample_of_key, path);
    index = add_sample(f, site, first);
    int rc = index < 0 ? (int)index : mt_ids_add(&f->sample_of_key, key, (uint32_t)index);
    if (rc == 0 && first < 0 && path != key)
        rc = mt_ids_add(&f->sample_of_key, path, (uint32_t)index);
    return rc < 0 ? rc : index;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A group whose records were read at different instants can be below zero for a moment, and a
 * hostile one always. */
static int64_t clamp(uint64_t count) {
    int64_t value = (int64_t)count;
    return value < 0 ? 0 : value > MOST ? MOST : value;
}

static void set_values(struct mt_follow *f, uint32_t s) {
    const struct mt_counters *sums = &f->sums[s];
    int64_t *value = f->profile->samples[s].value;
    value[MT_VALUE_TOTAL_BYTES] = clamp(sums->allocated_bytes);
    value[MT_VALUE_TOTAL_BLOCKS] = clamp(sums->allocated_blocks);
    value[MT_VALUE_LIVE_BYTES] = clamp((uint64_t)sums->live_bytes);
    value[MT_VALUE_LIVE_BLOCKS] = clamp(sums->allocated_blocks - sums->freed_blocks);
    value[MT_VALUE_TEMPORARY_BLOCKS] = clamp(sums->temporary_blocks);
    double scale = mt_ledger_sampling_scale(f->profile->info.sample_bytes, sums->allocated_bytes,
                                            sums->allocated_blocks);
    for (size_t v = 0; scale != 1 && v < MT_N_VALUES; v++) {
        double scaled = round((double)value[v] * scale);
        value[v] = scaled < (double)MOST ? (int64_t)scaled : MOST;
    }
}

static int add_difference(struct mt_follow *f, size_t i, const struct mt_site *site) {
    struct record *record = &f->records[i];
    const struct mt_counters *now = &site->counters;
    if (memcmp(now, &record->known, sizeof *now) == 0 && record->sample != NO_SAMPLE)
        return 0;
    if (record->sample == NO_SAMPLE) {
        int64_t sample = sample_of(f, site);
        if (sample < 0)
            return (int)sample;
        record->sample = (uint32_t)sample;
    }
    struct mt_counters *sums = &f->sums[record->sample];
    mt_counters_add(sums, now, 1);
    mt_counters_add(sums, &record->known, -1);
    record->known = *now;
    set_values(f, record->sample);
    return 0;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static bool same_texts(const struct mt_ledger_threads *now, const struct mt_ledger_threads *then) {
    return now->n_threads == then->n_threads &&
           memcmp(now->text, then->text, now->n_threads * sizeof *now->text) == 0;
}

/* Updates the texts of threads. All samples get them again when any text has changed. */
static int take_threads(struct mt_follow *f) {
    struct mt_ledger_threads now = {0};
    int rc = mt_ledger_threads_take(f->ledger, f->profile, &now);
    if (rc != 0) {
        mt_ledger_threads_free(&now);
        return rc;
    }
    bool is_same = f->threads.text && same_texts(&now, &f->threads);
    mt_ledger_threads_free(&f->threads);
    f->threads = now;
    if (is_same)
        return 0;
    f->generation++;
    for (size_t s = 0; s < f->profile->n_samples; s++)
        f->profile->samples[s].thread = mt_ledger_threads_text(&f->threads, f->origins[s]);
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int reserve_records(struct mt_follow *f, size_t n) {
    if (!mt_array_reserve(&f->records, &f->record_capacity, n, sizeof *f->records))
        return -MEMTRACK_ENOMEM;
    for (; f->n_records < n; f->n_records++)
        f->records[f->n_records] = (struct record){.sample = NO_SAMPLE};
    return 0;
}

/* Reads the nodes and banks of records that were just read: they were in place before the
 * records. */
static int take_what_is_new(struct mt_follow *f, size_t first, size_t n, struct mt_error *error) {
    bool missing = false;
    for (size_t i = 0; i < n && !missing; i++)
        missing = f->records[first + i].sample == NO_SAMPLE && f->buffer[i].node != MT_NODE_ROOT;
    if (!missing)
        return 0;
    int rc = mt_ledger_refresh(f->ledger, error);
    if (rc == 0)
        rc = mt_ledger_paths_load(&f->paths);
    return rc == 0 ? take_threads(f) : rc;
}

static bool is_used(const struct mt_site *site) {
    bool is_idle = site->node == MT_NODE_LOSSY && site->counters.allocated_blocks == 0 &&
                   site->counters.freed_blocks == 0;
    return site->node != MT_NODE_ROOT && !is_idle; /* each thread keeps a lossy record in reserve */
}

static int read_chunk(struct mt_follow *f, size_t end, struct mt_error *error) {
    size_t first = f->next, n = end - first < MT_SITES_PER_CHUNK ? end - first : MT_SITES_PER_CHUNK;
    n = mt_ledger_read_items(f->ledger, MT_EXTENT_SITES, first, n, f->buffer);
    int rc = take_what_is_new(f, first, n, error);
    for (size_t i = 0; i < n && rc == 0; i++)
        if (is_used(&f->buffer[i]) || f->records[first + i].sample != NO_SAMPLE)
            rc = add_difference(f, first + i, &f->buffer[i]);
    f->next = n ? first + n : end;
    return rc;
}

static int read_records(struct mt_follow *f, uint64_t budget_ns, bool *complete,
                        struct mt_error *error) {
    uint64_t began = mt_clock_cpu_ns();
    int rc = mt_ledger_refresh(f->ledger, error);
    size_t end = mt_ledger_info(f->ledger)->n_sites;
    if (rc == 0)
        rc = reserve_records(f, end);
    while (rc == 0 && f->next < end) {
        rc = read_chunk(f, end, error);
        if (budget_ns && mt_clock_cpu_ns() - began >= budget_ns)
            break;
    }
    *complete = rc == 0 && f->next >= end;
    if (*complete) {
        f->next = 0;
        rc = take_threads(f);
    }
    return rc;
}

static int explain(const struct mt_follow *f, int rc, const struct mt_error *given,
                   struct mt_error *error) {
    if (rc == 0)
        return 0;
    if (error && given->message[0])
        *error = *given;
    else if (rc == -MEMTRACK_ELIMIT)
        mt_error_set(error, MEMTRACK_ELIMIT, "The ledger is damaged.",
                     "%s: its call paths hold too many frames", mt_ledger_path(f->ledger));
    else
        mt_error_set(error, -rc, "Close other programs, or raise the memory limit.",
                     "%s: cannot be followed: %s", mt_ledger_path(f->ledger),
                     rc == -MEMTRACK_ENOMEM ? "out of memory" : "read error");
    return rc;
}

int mt_follow_read(struct mt_follow *f, uint64_t budget_ns, bool *complete,
                   struct mt_error *error) {
    struct mt_error given = {{0}, {0}};
    *complete = false;
    return explain(f, read_records(f, budget_ns, complete, &given), &given, error);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int begin(struct mt_follow *f, struct mt_error *error) {
    static const enum mt_value columns[] = {MT_VALUE_TOTAL_BLOCKS, MT_VALUE_TOTAL_BYTES,
                                            MT_VALUE_LIVE_BLOCKS, MT_VALUE_LIVE_BYTES,
                                            MT_VALUE_TEMPORARY_BLOCKS};
    if (!f->profile || !f->buffer)
        return -MEMTRACK_ENOMEM;
    int rc = mt_ledger_info_take(f->ledger, f->profile, error);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        f->profile->has_value[columns[i]] = true;
    f->profile->info.has_size_histogram = true;
    f->profile->info.process = mt_ledger_is_live(f->ledger) ? mt_ledger_process(f->ledger) : 0;
    return take_threads(f);
}

int mt_follow_new(struct mt_ledger *ledger, struct mt_follow **out, struct mt_error *error) {
    struct mt_error given = {{0}, {0}};
    struct mt_follow *f = calloc(1, sizeof *f);
    if (!f)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory",
                            mt_ledger_path(ledger));
    f->ledger = ledger;
    f->profile = mt_profile_new();
    f->paths = (struct mt_ledger_paths){.ledger = ledger, .profile = f->profile};
    f->names = (struct mt_ledger_labels){.paths = &f->paths};
    f->buffer = malloc(MT_SITES_PER_CHUNK * sizeof *f->buffer);
    int rc = explain(f, begin(f, &given), &given, error);
    if (rc != 0) {
        mt_follow_free(f);
        return rc;
    }
    *out = f;
    return 0;
}

void mt_follow_free(struct mt_follow *f) {
    if (!f)
        return;
    mt_ledger_labels_free(&f->names);
    mt_ledger_paths_free(&f->paths);
    mt_profile_free(f->profile);
    free(f->buffer);
    free(f->records);
    free(f->sums);
    free(f->origins);
    mt_ids_free(&f->sample_of_key);
    mt_ledger_threads_free(&f->threads);
    free(f);
}

struct mt_profile *mt_follow_profile(struct mt_follow *f) {
    return f->profile;
}

uint64_t mt_follow_generation(const struct mt_follow *f) {
    return f->generation;
}
