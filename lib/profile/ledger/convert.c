/* SPDX-License-Identifier: MIT */
/*
 * From records to samples.
 *
 *   sites ──sort by (path, labels, origin, class)──► groups ──► samples ──► totals (column sums)
 *   nodes ──paths.h──► frames ──► locations ──► mappings
 *
 * A thread that frees another's block counts that in a record of its own, so single records go
 * negative and only the group means something. Samples come out ordered by path, which lets those
 * of one path share their frames, whatever their scope and domain: on a compiler run that saves
 * most of the memory.
 *
 * Rejected: hashing the groups (same speed, and the order of samples would depend on the hash); one
 * frames array per sample (several times the memory).
 */
#include "profile/ledger/convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/cut.h"
#include "profile/ledger/ages.h"
#include "profile/ledger/info.h"
#include "profile/ledger/labels.h"
#include "profile/ledger/lines.h"
#include "profile/ledger/notes.h"
#include "profile/ledger/own.h"
#include "profile/ledger/paths.h"
#include "profile/ledger/refused.h"
#include "profile/ledger/sampling.h"
#include "profile/ledger/scopes.h"
#include "profile/ledger/threads.h"

struct record_key {
    uint64_t key;    /* node, origin, class */
    mt_node_id path; /* the node without its labels */
    uint32_t record;
};

struct conversion {
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    uint64_t epoch;
    struct mt_ledger_totals counts;
    struct mt_ledger_paths paths;
    struct mt_ledger_labels names;
    struct mt_site *sites;
    size_t n_sites;
    struct mt_ledger_threads threads;
    struct record_key *keys; /* of the records in use, sorted */
    size_t n_keys;
    struct mt_ledger_map *map;
};

/* ---- groups ---------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) {
    const struct record_key *x = a, *y = b;
    if (x->path != y->path)
        return x->path < y->path ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

static int sort_records(struct conversion *c) {
    c->keys = malloc((c->n_sites ? c->n_sites : 1) * sizeof *c->keys);
    if (!c->keys)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 1; i < c->n_sites; i++) {
        const struct mt_site *site = &c->sites[i];
        bool is_idle = site->node == MT_NODE_LOSSY && site->counters.allocated_blocks == 0 &&
                       site->counters.freed_blocks == 0;
        if (site->node == MT_NODE_ROOT || is_idle) /* each thread keeps a lossy record in reserve */
            continue;
        uint64_t key = (uint64_t)site->node << 32 | (uint64_t)site->origin << 8 | site->size_class;
        mt_node_id path = mt_ledger_paths_of(&c->paths, site->node);
        c->keys[c->n_keys++] = (struct record_key){key, path, (uint32_t)i};
    }
    qsort(c->keys, c->n_keys, sizeof *c->keys, compare_keys);
    return 0;
}

/* These are sums over the records of a group, in two's complement: overflow of hostile values is
 * defined, and clamped later. */
struct sums {
    struct mt_counters counters;
    uint64_t peak_bytes, peak_blocks, max_bytes, waste_bytes;
};

static void add_record(struct sums *sums, const struct mt_site *site, uint64_t epoch) {
    const struct mt_counters *now = &site->counters;
    bool saved = site->at_peak.epoch == epoch;
    mt_counters_add(&sums->counters, now, 1);
    sums->peak_bytes += (uint64_t)(saved ? site->at_peak.bytes : now->live_bytes);
    sums->peak_blocks +=
        saved ? (uint64_t)site->at_peak.blocks : now->allocated_blocks - now->freed_blocks;
    sums->max_bytes += site->max_bytes > 0 ? (uint64_t)site->max_bytes : 0;
    sums->waste_bytes += (uint64_t)site->waste_bytes;
}

/* Counts of a dead process can be torn by the event that it died in, and those of a living one by
 * the next: nothing below zero may reach a total, and nothing near INT64_MAX a sum. */
static int64_t clamp(uint64_t value, bool *torn) {
    if (value <= (uint64_t)INT64_MAX / 4096)
        return (int64_t)value;
    *torn = true;
    return (int64_t)value < 0 ? 0 : INT64_MAX / 4096;
}

static void fill_values(struct conversion *c, const struct sums *sums, int64_t *value) {
    struct mt_profile_info *info = &c->profile->info;
    const struct mt_counters *counters = &sums->counters;
    bool torn = false, peak_torn = false, waste_torn = false;
    value[MT_VALUE_TOTAL_BLOCKS] = clamp(counters->allocated_blocks, &torn);
    value[MT_VALUE_TOTAL_BYTES] = clamp(counters->allocated_bytes, &torn);
    value[MT_VALUE_LIVE_BLOCKS] = clamp(counters->allocated_blocks - counters->freed_blocks, &torn);
    value[MT_VALUE_LIVE_BYTES] = clamp((uint64_t)counters->live_bytes, &torn);
    value[MT_VALUE_PEAK_BLOCKS] = clamp(sums->peak_blocks, &peak_torn);
    value[MT_VALUE_PEAK_BYTES] = clamp(sums->peak_bytes, &peak_torn);
    value[MT_VALUE_TEMPORARY_BLOCKS] = clamp(counters->temporary_blocks, &torn);
    value[MT_VALUE_MAX_BYTES] = clamp(sums->max_bytes, &torn);
    value[MT_VALUE_WASTE_BYTES] = clamp(sums->waste_bytes, &waste_torn);
    /* With several threads each record is saved at its own thread's view of the peak, so a group
     * may be off by what the peak itself may be off by; that is the stated bound, not damage. */
    if (torn || (peak_torn && !info->multithreaded))
        info->approximate = true;
}

static void scale_values(int64_t *value, double scale) {
    for (int i = 0; i < MT_N_VALUES; i++) {
        double scaled = round((double)value[i] * scale);
        value[i] = scaled < (double)(INT64_MAX / 4096) ? (int64_t)scaled : INT64_MAX / 4096;
    }
}

/* ---- samples --------------------------------------------------------------------------------- */

static void set_path_kind(struct conversion *c, uint32_t node, struct mt_sample *sample) {
    mt_ledger_paths_classify(&c->paths, node, sample);
    if (sample->lossy && node != MT_NODE_LOSSY)
        c->profile->info.approximate = true;
}

/* Appends the sample. *previous is the sample of the same path, if the one before was of the
 * same path, and its frames are shared. */
static int64_t append_sample(struct conversion *c, uint32_t node, struct mt_sample *sample,
                             int64_t previous) {
    struct mt_profile *profile = c->profile;
    int64_t n = 0;
    if (!sample->lossy && previous < 0)
        n = mt_ledger_paths_frames(&c->paths, node);
    if (n < 0)
        return n;
    int64_t index = mt_profile_add_sample(profile, sample, c->paths.frames, (size_t)n);
    if (index >= 0 && !sample->lossy && previous >= 0) {
        profile->samples[index].first_frame = profile->samples[previous].first_frame;
        profile->samples[index].n_frames = profile->samples[previous].n_frames;
    }
    return index;
}

/* Adds the group of records [first, end) as one sample. Returns its index or -MEMTRACK_E…. */
static int64_t convert_group(struct conversion *c, size_t first, size_t end, int64_t previous) {
    const struct mt_site *site = &c->sites[c->keys[first].record];
    struct sums sums = {0};
    for (size_t i = first; i < end; i++)
        add_record(&sums, &c->sites[c->keys[i].record], c->epoch);
    struct mt_sample sample = {
        .thread = mt_ledger_threads_text(&c->threads, site->origin),
        .size_class = site->size_class <= 64 ? site->size_class : 64,
        .has_size_class = true,
    };
    if (mt_ledger_labels_of(&c->names, site->node, &sample) != 0)
        return -MEMTRACK_ENOMEM;
    mt_node_id path = c->keys[first].path;
    set_path_kind(c, path, &sample);
    fill_values(c, &sums, sample.value);
    double scale =
        mt_ledger_sampling_scale(c->profile->info.sample_bytes, sums.counters.allocated_bytes,
                                 sums.counters.allocated_blocks);
    if (scale != 1)
        scale_values(sample.value, scale);
    int64_t index = append_sample(c, path, &sample, previous);
    for (size_t i = first; index >= 0 && c->map && i < end; i++)
        c->map->sample_of_record[c->keys[i].record] = (uint32_t)index;
    if (index >= 0 && c->map && c->map->scale_of_sample)
        c->map->scale_of_sample[index] = scale;
    return index;
}

static int convert_groups(struct conversion *c) {
    int64_t previous = -1;
    uint32_t previous_path = UINT32_MAX;
    for (size_t first = 0, end; first < c->n_keys; first = end) {
        for (end = first + 1; end < c->n_keys && c->keys[end].key == c->keys[first].key;)
            end++;
        uint32_t path = c->keys[first].path;
        previous = convert_group(c, first, end, path == previous_path ? previous : -1);
        if (previous < 0)
            return (int)previous;
        previous_path = path;
    }
    return 0;
}

/*
 * A record's own maximum does not see what other threads freed of its blocks, and a thread that
 * only frees has none. No call path ever held more than the whole process, nor less than what it
 * holds now or held at the peak.
 */
static void bound_maxima(struct mt_profile *profile) {
    int64_t most = (int64_t)profile->info.totals.peak_bytes;
    for (size_t i = 0; i < profile->n_samples; i++) {
        int64_t *value = profile->samples[i].value;
        if (profile->info.multithreaded && value[MT_VALUE_MAX_BYTES] > most)
            value[MT_VALUE_MAX_BYTES] = most;
        if (value[MT_VALUE_MAX_BYTES] < value[MT_VALUE_LIVE_BYTES])
            value[MT_VALUE_MAX_BYTES] = value[MT_VALUE_LIVE_BYTES];
        if (value[MT_VALUE_MAX_BYTES] < value[MT_VALUE_PEAK_BYTES])
            value[MT_VALUE_MAX_BYTES] = value[MT_VALUE_PEAK_BYTES];
    }
}

/*
 * Threads publish their bytes only now and then, so the recorded peak can stay below what is live
 * at the end. Then the end is the highest instant that is known, with its composition.
 */
static void raise_peak_to_live(struct mt_profile *profile) {
    if (profile->info.totals.live_bytes <= profile->info.totals.peak_bytes)
        return;
    for (size_t i = 0; i < profile->n_samples; i++) {
        int64_t *value = profile->samples[i].value;
        value[MT_VALUE_PEAK_BYTES] = value[MT_VALUE_LIVE_BYTES];
        value[MT_VALUE_PEAK_BLOCKS] = value[MT_VALUE_LIVE_BLOCKS];
    }
    if (!profile->info.multithreaded)
        profile->info.approximate = true;
    mt_profile_sum_totals(profile);
}

static void set_totals(struct conversion *c, const struct mt_ledger_totals *counts) {
    struct mt_profile *profile = c->profile;
    struct mt_profile_info *info = &profile->info;
    mt_profile_sum_totals(profile);
    raise_peak_to_live(profile);
    bound_maxima(profile);
    info->totals.failed_allocations = counts->failed;
    info->usable_bytes = info->usable_measured ? counts->allocated_usable_bytes : 0;
    info->coverage.unknown_frees = counts->unknown_frees;
    info->coverage.dropped_events = counts->dropped + counts->interrupted;
    info->coverage.lossy_blocks = counts->lossy_blocks;
    for (size_t i = 0; i < profile->n_samples; i++)
        if (profile->samples[i].truncated)
            info->coverage.truncated_stacks +=
                (uint64_t)profile->samples[i].value[MT_VALUE_TOTAL_BLOCKS];
    for (int i = 0; i < MT_N_VALUES; i++)
        profile->has_value[i] = i != MT_VALUE_WASTE_BYTES || info->usable_measured;
    info->has_size_histogram = true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Sites are read first: what they refer to was in place before them, also while the target runs
 * on. */
static int load(struct conversion *c, struct mt_error *error) {
    int rc = mt_ledger_refresh(c->ledger, error);
    if (rc != 0)
        return rc;
    c->profile->info.running = mt_ledger_is_live(c->ledger);
    c->profile->info.process = c->profile->info.running ? mt_ledger_process(c->ledger) : 0;
    c->epoch = mt_ledger_info(c->ledger)->control.epoch;
    c->sites = mt_ledger_load_items(c->ledger, MT_EXTENT_SITES, &c->n_sites);
    if ((rc = mt_ledger_refresh(c->ledger, error)) != 0)
        return rc;
    if (!c->sites || mt_ledger_threads_take(c->ledger, c->profile, &c->threads) != 0)
        return -MEMTRACK_ENOMEM;
    if ((rc = mt_ledger_totals(c->ledger, &c->counts)) != 0)
        return rc;
    mt_ledger_cut_end(c->ledger); /* what is read from here on is only ever added to */
    return 0;
}

static int prepare_map(struct conversion *c) {
    struct mt_ledger_map *map = c->map;
    if (!map)
        return 0;
    map->n_records = c->n_sites;
    map->sample_of_record = malloc((c->n_sites + 1) * sizeof *map->sample_of_record);
    if (!map->sample_of_record)
        return -MEMTRACK_ENOMEM;
    memset(map->sample_of_record, 0xff, (c->n_sites + 1) * sizeof *map->sample_of_record);
    if (c->profile->info.sample_bytes == 0)
        return 0;
    map->scale_of_sample = malloc((c->n_keys + 1) * sizeof *map->scale_of_sample);
    return map->scale_of_sample ? 0 : -MEMTRACK_ENOMEM;
}

static int convert(struct conversion *c, struct mt_error *error) {
    int rc = load(c, error);
    if (rc == 0)
        rc = mt_ledger_info_take(c->ledger, c->profile, error);
    if (rc == 0)
        rc = mt_ledger_paths_load(&c->paths);
    if (rc == 0)
        rc = sort_records(c);
    if (rc == 0)
        rc = prepare_map(c);
    if (rc == 0)
        rc = convert_groups(c);
    if (rc == 0)
        rc = mt_ledger_scopes_take(c->ledger, &c->names, &c->threads);
    if (rc == 0)
        rc = mt_ledger_own_take(c->ledger, &c->names);
    if (rc == 0)
        rc = mt_ledger_refused_take(&c->paths);
    if (rc == 0)
        rc = mt_ledger_lines_take(c->ledger, &c->paths);
    if (rc != 0)
        return rc;
    if (c->map)
        c->map->n_samples = c->profile->n_samples;
    if (mt_ledger_damage(c->ledger) || !mt_ledger_cut_is_exact(c->ledger))
        c->profile->info.approximate = true;
    set_totals(c, &c->counts);
    rc = mt_ledger_notes_add(c->ledger, &c->counts, c->profile);
    return rc == 0 ? mt_ledger_ages_take(c->ledger, c->profile, error) : rc;
}

static void free_conversion(struct conversion *c) {
    free(c->sites);
    mt_ledger_threads_free(&c->threads);
    free(c->keys);
    mt_ledger_labels_free(&c->names);
    mt_ledger_paths_free(&c->paths);
}

int mt_ledger_convert_mapped(struct mt_ledger *ledger, struct mt_profile **out,
                             struct mt_ledger_map *map, struct mt_error *error) {
    struct mt_error given = {{0}, {0}};
    struct conversion c = {.ledger = ledger, .profile = mt_profile_new(), .map = map};
    c.paths = (struct mt_ledger_paths){.ledger = ledger, .profile = c.profile};
    c.names = (struct mt_ledger_labels){.paths = &c.paths};
    if (map)
        *map = (struct mt_ledger_map){0};
    int rc = c.profile ? convert(&c, &given) : -MEMTRACK_ENOMEM;
    free_conversion(&c);
    if (rc == 0) {
        *out = c.profile;
        return 0;
    }
    mt_profile_free(c.profile);
    mt_ledger_convert_map_free(map);
    if (error && given.message[0])
        *error = given;
    else if (rc == -MEMTRACK_ELIMIT)
        mt_error_set(error, MEMTRACK_ELIMIT, "The ledger is damaged.",
                     "%s: its call paths hold more than %d frames", mt_ledger_path(ledger),
                     MT_LEDGER_PATHS_MAX_FRAMES);
    else
        mt_error_set(error, -rc, "Close other programs, or raise the memory limit.",
                     "%s: could not be converted: %s", mt_ledger_path(ledger),
                     rc == -MEMTRACK_ENOMEM ? "out of memory" : "read error");
    return rc;
}

int mt_ledger_convert(struct mt_ledger *ledger, struct mt_profile **out, struct mt_error *error) {
    return mt_ledger_convert_mapped(ledger, out, NULL, error);
}

void mt_ledger_convert_map_free(struct mt_ledger_map *map) {
    if (!map)
        return;
    free(map->sample_of_record);
    free(map->scale_of_sample);
    *map = (struct mt_ledger_map){0};
}
