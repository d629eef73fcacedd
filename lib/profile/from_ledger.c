/* SPDX-License-Identifier: MIT */
/*
 * From records to samples.
 *
 *   sites ──sort by (node, origin, class)──► groups ──► samples ──► totals (sums of the columns)
 *   nodes ──depths──► frames of a node ──► locations (one per node key) ──► mappings (one per module)
 *
 * A thread that frees another's block counts that in a record of its own, so single records go negative and only the
 * group means something. Samples come out ordered by node, which lets those of one path share their frames: on a
 * compiler run that saves most of the memory.
 *
 * Nodes are believed in only after one pass over all of them has found how far each is from its root: a node in a
 * cycle, beyond the depth limit, or with a parent that does not exist has no path, and its blocks go to [lossy]. The
 * pass visits each node twice whatever the links are, so a hostile file costs no more than an honest one.
 *
 * Rejected: hashing the groups (same speed, and the order of samples would depend on the hash); one frames array per
 * sample (several times the memory).
 */
#include "profile/from_ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/ledger_info.h"

enum {
    MAX_DEPTH = 65535,
    MAX_FRAMES = 1 << 27, /* over all paths: 512 MiB */
};
#define NO_INDEX UINT32_MAX

/* State of a node in depths[]: distance from its root * 2 + (root is MT_NODE_TRUNCATED). */
#define DEPTH_UNKNOWN UINT32_MAX
#define DEPTH_PENDING (UINT32_MAX - 1)
#define DEPTH_BAD     (UINT32_MAX - 2)

struct record_key {
    uint64_t key; /* node, origin, class */
    uint32_t record;
};

struct conversion {
    struct mt_ledger *ledger;
    struct mt_profile *profile;
    uint64_t epoch;
    struct mt_site *sites;
    struct mt_node *nodes;
    struct mt_bank *banks;
    struct mt_module *modules;
    size_t n_sites, n_nodes, n_banks, n_modules;
    uint32_t *depths;        /* of nodes */
    uint32_t *locations;     /* of nodes, NO_INDEX: not yet made */
    uint32_t *mappings;      /* of modules: index + 1, 0: not yet made */
    mt_string *threads;      /* of banks */
    struct record_key *keys; /* of the records in use, sorted */
    size_t n_keys;
    uint32_t *slots; /* hash of locations by node key: index + 1 */
    uint64_t *slot_keys;
    size_t slot_mask;
    uint32_t *frames; /* scratch: MAX_DEPTH */
    struct mt_ledger_map *map;
};

/* ---- call paths ------------------------------------------------------------------------------------------------- */

static bool is_path_node(const struct conversion *c, uint32_t id) {
    return id >= MT_NODE_FIRST && id < c->n_nodes && (c->nodes[id].key & MT_NODE_ADDRESS_MASK) != 0;
}

static void find_depth(struct conversion *c, uint32_t id) {
    uint32_t *depths = c->depths, end = id;
    uint32_t steps = 0;
    while (end < c->n_nodes && depths[end] == DEPTH_UNKNOWN) {
        depths[end] = is_path_node(c, end) ? DEPTH_PENDING : DEPTH_BAD;
        if (depths[end] == DEPTH_PENDING) {
            end = c->nodes[end].parent;
            steps++;
        }
    }
    /* Pending here means that the walk met itself. */
    uint32_t base = end < c->n_nodes && depths[end] < DEPTH_BAD ? depths[end] : DEPTH_BAD;
    for (uint32_t at = id; steps > 0; at = c->nodes[at].parent, steps--) {
        bool good = base != DEPTH_BAD && base / 2 + steps <= MAX_DEPTH;
        depths[at] = good ? base + 2 * steps : DEPTH_BAD;
    }
}

static void find_depths(struct conversion *c) {
    for (size_t i = 0; i < c->n_nodes; i++)
        c->depths[i] = DEPTH_UNKNOWN;
    if (c->n_nodes > MT_NODE_ROOT)
        c->depths[MT_NODE_ROOT] = 0;
    if (c->n_nodes > MT_NODE_TRUNCATED)
        c->depths[MT_NODE_TRUNCATED] = 1;
    if (c->n_nodes > MT_NODE_LOSSY)
        c->depths[MT_NODE_LOSSY] = DEPTH_BAD;
    for (size_t i = MT_NODE_FIRST; i < c->n_nodes; i++)
        if (c->depths[i] == DEPTH_UNKNOWN)
            find_depth(c, (uint32_t)i);
}

static mt_string hex(struct mt_profile *profile, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * sizeof((struct mt_module *)0)->build_id];
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return mt_profile_intern_n(profile, text, 2 * n);
}

static mt_string module_path(struct conversion *c, const struct mt_module *module) {
    if (module->flags & MT_MODULE_VDSO)
        return mt_profile_intern(c->profile, "[vdso]");
    if ((module->flags & MT_MODULE_MAIN) || module->path_bytes == 0)
        return c->profile->info.exe;
    char path[MT_PATH_MAX_BYTES];
    size_t bytes = module->path_bytes < sizeof path ? module->path_bytes : sizeof path;
    bytes = mt_ledger_read_address(c->ledger, module->path, path, bytes);
    return mt_profile_intern_n(c->profile, path, strnlen(path, bytes));
}

/* Index + 1 of the module's mapping, 0 for none; -MEMTRACK_ENOMEM. */
static int64_t mapping_of(struct conversion *c, uint32_t module_id) {
    if (module_id == 0 || module_id >= c->n_modules || c->modules[module_id].end <= c->modules[module_id].start)
        return 0;
    if (c->mappings[module_id])
        return c->mappings[module_id];
    const struct mt_module *module = &c->modules[module_id];
    size_t id_bytes = module->build_id_bytes <= sizeof module->build_id ? module->build_id_bytes : 0;
    struct mt_mapping mapping = {
        .start = module->start,
        .limit = module->end,
        .bias = module->bias,
        .path = module_path(c, module),
        .build_id = hex(c->profile, module->build_id, id_bytes),
    };
    if (mapping.path == UINT32_MAX || mapping.build_id == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_mapping(c->profile, &mapping);
    if (index < 0)
        return index;
    c->mappings[module_id] = (uint32_t)index + 1;
    return index + 1;
}

/* pprof's readers take the first mapping for the program itself. */
static int add_main_mapping(struct conversion *c) {
    for (size_t i = 1; i < c->n_modules; i++)
        if (c->modules[i].flags & MT_MODULE_MAIN) {
            int64_t rc = mapping_of(c, (uint32_t)i);
            return rc < 0 ? (int)rc : 0;
        }
    return 0;
}

static int grow_slots(struct conversion *c) {
    size_t n = c->slots ? (c->slot_mask + 1) * 2 : 4096;
    uint32_t *slots = calloc(n, sizeof *slots);
    uint64_t *keys = calloc(n, sizeof *keys);
    if (!slots || !keys) {
        free(slots);
        free(keys);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; c->slots && i <= c->slot_mask; i++) {
        if (!c->slots[i])
            continue;
        size_t at = (c->slot_keys[i] * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = c->slots[i];
        keys[at] = c->slot_keys[i];
    }
    free(c->slots);
    free(c->slot_keys);
    c->slots = slots;
    c->slot_keys = keys;
    c->slot_mask = n - 1;
    return 0;
}

static int64_t add_location(struct conversion *c, uint64_t key) {
    int64_t mapping = mapping_of(c, (uint32_t)(key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK));
    if (mapping < 0)
        return mapping;
    struct mt_location location = {
        .address = key & MT_NODE_ADDRESS_MASK,
        .mapping = (uint32_t)mapping,
        .exact = (key & MT_NODE_EXACT) != 0,
    };
    return mt_profile_add_location(c->profile, &location);
}

/* The one location of this node's key; -MEMTRACK_E…. */
static int64_t location_of(struct conversion *c, uint32_t id) {
    if (c->locations[id] != NO_INDEX)
        return c->locations[id];
    if (!c->slots || c->profile->n_locations * 2 > c->slot_mask)
        if (grow_slots(c) != 0)
            return -MEMTRACK_ENOMEM;
    uint64_t key = c->nodes[id].key;
    size_t at = (key * UINT64_C(0x9E3779B97F4A7C15) >> 20) & c->slot_mask;
    while (c->slots[at] && c->slot_keys[at] != key)
        at = (at + 1) & c->slot_mask;
    if (!c->slots[at]) {
        int64_t location = add_location(c, key);
        if (location < 0)
            return location;
        c->slots[at] = (uint32_t)location + 1;
        c->slot_keys[at] = key;
    }
    c->locations[id] = c->slots[at] - 1;
    return c->locations[id];
}

/* Frames of a good node into c->frames, innermost first; their number or -MEMTRACK_E…. */
static int64_t walk_frames(struct conversion *c, uint32_t node) {
    int64_t n = c->depths[node] / 2;
    if (c->profile->n_frames + (size_t)n > MAX_FRAMES)
        return -MEMTRACK_ELIMIT;
    for (int64_t i = 0; i < n; i++, node = c->nodes[node].parent) {
        int64_t location = location_of(c, node);
        if (location < 0)
            return location;
        c->frames[i] = (uint32_t)location;
    }
    return n;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) {
    const struct record_key *x = a, *y = b;
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
        bool is_idle = site->node == MT_NODE_LOSSY && site->allocated_blocks == 0 && site->freed_blocks == 0;
        if (site->node == MT_NODE_ROOT || is_idle) /* each thread keeps a lossy record in reserve */
            continue;
        uint64_t key = (uint64_t)site->node << 32 | (uint64_t)site->origin << 8 | site->size_class;
        c->keys[c->n_keys++] = (struct record_key){key, (uint32_t)i};
    }
    qsort(c->keys, c->n_keys, sizeof *c->keys, compare_keys);
    return 0;
}

/* Sums over the records of a group, in two's complement: overflow of hostile values is defined and clamped later. */
struct sums {
    uint64_t allocated_bytes, allocated_blocks, freed_bytes, freed_blocks;
    uint64_t peak_bytes, peak_blocks, temporary_blocks, max_bytes, waste_bytes;
};

static void add_record(struct sums *sums, const struct mt_site *site, uint64_t epoch) {
    bool saved = site->saved_epoch == epoch;
    sums->allocated_bytes += site->allocated_bytes;
    sums->allocated_blocks += site->allocated_blocks;
    sums->freed_bytes += site->freed_bytes;
    sums->freed_blocks += site->freed_blocks;
    sums->peak_bytes += saved ? (uint64_t)site->saved_bytes : site->allocated_bytes - site->freed_bytes;
    sums->peak_blocks += saved ? (uint64_t)site->saved_blocks : site->allocated_blocks - site->freed_blocks;
    sums->temporary_blocks += site->temporary_blocks;
    sums->max_bytes += site->max_bytes > 0 ? (uint64_t)site->max_bytes : 0;
    sums->waste_bytes += (uint64_t)site->waste_bytes;
}

/* Counts of a dead process can be torn by the event that it died in, and those of a living one by the next: nothing
 * below zero may reach a total, and nothing near INT64_MAX a sum. */
static int64_t clamp(uint64_t value, bool *torn) {
    if (value <= (uint64_t)INT64_MAX / 4096)
        return (int64_t)value;
    *torn = true;
    return (int64_t)value < 0 ? 0 : INT64_MAX / 4096;
}

static void fill_values(struct conversion *c, const struct sums *sums, int64_t *value) {
    struct mt_profile_info *info = &c->profile->info;
    bool torn = false, peak_torn = false, waste_torn = false;
    value[MT_VALUE_TOTAL_BLOCKS] = clamp(sums->allocated_blocks, &torn);
    value[MT_VALUE_TOTAL_BYTES] = clamp(sums->allocated_bytes, &torn);
    value[MT_VALUE_LIVE_BLOCKS] = clamp(sums->allocated_blocks - sums->freed_blocks, &torn);
    value[MT_VALUE_LIVE_BYTES] = clamp(sums->allocated_bytes - sums->freed_bytes, &torn);
    value[MT_VALUE_PEAK_BLOCKS] = clamp(sums->peak_blocks, &peak_torn);
    value[MT_VALUE_PEAK_BYTES] = clamp(sums->peak_bytes, &peak_torn);
    value[MT_VALUE_TEMPORARY_BLOCKS] = clamp(sums->temporary_blocks, &torn);
    value[MT_VALUE_MAX_BYTES] = clamp(sums->max_bytes, &torn);
    value[MT_VALUE_WASTE_BYTES] = clamp(sums->waste_bytes, &waste_torn);
    /* With several threads each record is saved at its own thread's view of the peak, so a group may be off by what
     * the peak itself may be off by; that is the stated bound, not damage. */
    if (torn || (peak_torn && !info->threads))
        info->approximate = true;
}

/* Sampling meets a block of this size with probability 1 - exp(-size / period). */
static double scale_of(const struct conversion *c, const struct sums *sums) {
    uint64_t period = c->profile->info.sample_bytes;
    if (period == 0 || sums->allocated_blocks == 0 || sums->allocated_bytes == 0)
        return 1;
    double mean = (double)sums->allocated_bytes / (double)sums->allocated_blocks;
    return 1 / (1 - exp(-mean / (double)period));
}

static void scale_values(int64_t *value, double scale) {
    for (int i = 0; i < MT_N_VALUES; i++) {
        double scaled = round((double)value[i] * scale);
        value[i] = scaled < (double)(INT64_MAX / 4096) ? (int64_t)scaled : INT64_MAX / 4096;
    }
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static void set_path_kind(struct conversion *c, uint32_t node, struct mt_sample *sample) {
    bool good = node < c->n_nodes && c->depths[node] < DEPTH_BAD;
    sample->lossy = !good;
    sample->truncated = good && (c->depths[node] & 1);
    if (!good && node != MT_NODE_LOSSY)
        c->profile->info.approximate = true;
}

/* Appends the sample; *previous is the sample of the same node, if the one before was, whose frames are shared. */
static int64_t append_sample(struct conversion *c, uint32_t node, struct mt_sample *sample, int64_t previous) {
    struct mt_profile *profile = c->profile;
    int64_t n = 0;
    if (!sample->lossy && previous < 0)
        n = walk_frames(c, node);
    if (n < 0)
        return n;
    int64_t index = mt_profile_add_sample(profile, sample, c->frames, (size_t)n);
    if (index >= 0 && !sample->lossy && previous >= 0) {
        profile->samples[index].first_frame = profile->samples[previous].first_frame;
        profile->samples[index].n_frames = profile->samples[previous].n_frames;
    }
    return index;
}

/* The group of records [first, end) as one sample: its index or -MEMTRACK_E…. */
static int64_t convert_group(struct conversion *c, size_t first, size_t end, int64_t previous) {
    const struct mt_site *site = &c->sites[c->keys[first].record];
    struct sums sums = {0};
    for (size_t i = first; i < end; i++)
        add_record(&sums, &c->sites[c->keys[i].record], c->epoch);
    struct mt_sample sample = {
        .thread = site->origin < c->n_banks ? c->threads[site->origin] : 0,
        .domain = mt_profile_intern(c->profile, "malloc"),
        .size_class = site->size_class <= 64 ? site->size_class : 64,
        .has_size_class = true,
    };
    if (sample.domain == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    set_path_kind(c, site->node, &sample);
    fill_values(c, &sums, sample.value);
    double scale = scale_of(c, &sums);
    if (scale != 1)
        scale_values(sample.value, scale);
    int64_t index = append_sample(c, site->node, &sample, previous);
    for (size_t i = first; index >= 0 && c->map && i < end; i++)
        c->map->sample_of_record[c->keys[i].record] = (uint32_t)index;
    if (index >= 0 && c->map && c->map->scale_of_sample)
        c->map->scale_of_sample[index] = scale;
    return index;
}

static int convert_groups(struct conversion *c) {
    int64_t previous = -1;
    uint32_t previous_node = MT_NODE_ROOT;
    for (size_t first = 0, end; first < c->n_keys; first = end) {
        for (end = first + 1; end < c->n_keys && c->keys[end].key == c->keys[first].key;)
            end++;
        uint32_t node = c->sites[c->keys[first].record].node;
        previous = convert_group(c, first, end, node == previous_node ? previous : -1);
        if (previous < 0)
            return (int)previous;
        previous_node = node;
    }
    return 0;
}

/*
 * A record's own maximum does not see what other threads freed of its blocks, and a thread that only frees has none.
 * No call path ever held more than the whole process, nor less than what it holds now or held at the peak.
 */
static void bound_maxima(struct mt_profile *profile) {
    int64_t most = (int64_t)profile->info.totals.peak_bytes;
    for (size_t i = 0; i < profile->n_samples; i++) {
        int64_t *value = profile->samples[i].value;
        if (profile->info.threads && value[MT_VALUE_MAX_BYTES] > most)
            value[MT_VALUE_MAX_BYTES] = most;
        if (value[MT_VALUE_MAX_BYTES] < value[MT_VALUE_LIVE_BYTES])
            value[MT_VALUE_MAX_BYTES] = value[MT_VALUE_LIVE_BYTES];
        if (value[MT_VALUE_MAX_BYTES] < value[MT_VALUE_PEAK_BYTES])
            value[MT_VALUE_MAX_BYTES] = value[MT_VALUE_PEAK_BYTES];
    }
}

/*
 * Threads publish their bytes only now and then, so the recorded peak can stay below what is live at the end. Then the
 * end is the highest instant that is known, with its composition.
 */
static void raise_peak_to_live(struct mt_profile *profile) {
    if (profile->info.totals.live_bytes <= profile->info.totals.peak_bytes)
        return;
    for (size_t i = 0; i < profile->n_samples; i++) {
        int64_t *value = profile->samples[i].value;
        value[MT_VALUE_PEAK_BYTES] = value[MT_VALUE_LIVE_BYTES];
        value[MT_VALUE_PEAK_BLOCKS] = value[MT_VALUE_LIVE_BLOCKS];
    }
    if (!profile->info.threads)
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
            info->coverage.truncated_stacks += (uint64_t)profile->samples[i].value[MT_VALUE_TOTAL_BLOCKS];
    for (int i = 0; i < MT_N_VALUES; i++)
        profile->has_value[i] = i != MT_VALUE_WASTE_BYTES || info->usable_measured;
    info->has_size_histogram = true;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

/* Sites first: what they refer to was in place before them, also while the target runs on. */
static int load(struct conversion *c, struct mt_error *error) {
    int rc = mt_ledger_refresh(c->ledger, error);
    if (rc != 0)
        return rc;
    c->epoch = mt_ledger_info(c->ledger)->control.epoch;
    c->sites = mt_ledger_load_items(c->ledger, MT_EXTENT_SITES, &c->n_sites);
    if ((rc = mt_ledger_refresh(c->ledger, error)) != 0)
        return rc;
    c->nodes = mt_ledger_load_items(c->ledger, MT_EXTENT_NODES, &c->n_nodes);
    c->banks = mt_ledger_load_items(c->ledger, MT_EXTENT_BANKS, &c->n_banks);
    c->modules = mt_ledger_load_items(c->ledger, MT_EXTENT_MODULES, &c->n_modules);
    if (!c->sites || !c->nodes || !c->banks || !c->modules)
        return -MEMTRACK_ENOMEM;
    c->depths = malloc((c->n_nodes + 1) * sizeof *c->depths);
    c->locations = malloc((c->n_nodes + 1) * sizeof *c->locations);
    c->mappings = calloc(c->n_modules + 1, sizeof *c->mappings);
    c->threads = calloc(c->n_banks + 1, sizeof *c->threads);
    c->frames = malloc(MAX_DEPTH * sizeof *c->frames);
    if (!c->depths || !c->locations || !c->mappings || !c->threads || !c->frames)
        return -MEMTRACK_ENOMEM;
    memset(c->locations, 0xff, (c->n_nodes + 1) * sizeof *c->locations);
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
    struct mt_ledger_totals counts;
    int rc = load(c, error);
    if (rc == 0)
        rc = mt_ledger_info_take(c->ledger, c->profile, error);
    if (rc == 0)
        rc = mt_ledger_info_threads(c->banks, c->n_banks, c->profile, c->threads);
    if (rc == 0)
        rc = sort_records(c);
    if (rc == 0)
        rc = prepare_map(c);
    if (rc == 0)
        rc = add_main_mapping(c);
    if (rc != 0)
        return rc;
    find_depths(c);
    if ((rc = convert_groups(c)) != 0 || (rc = mt_ledger_totals(c->ledger, &counts)) != 0)
        return rc;
    if (c->map)
        c->map->n_samples = c->profile->n_samples;
    bool is_live = mt_ledger_is_live(c->ledger);
    if (is_live || mt_ledger_damage(c->ledger))
        c->profile->info.approximate = true;
    set_totals(c, &counts);
    return mt_ledger_info_notes(c->ledger, &counts, is_live, c->profile);
}

static void free_conversion(struct conversion *c) {
    free(c->sites);
    free(c->nodes);
    free(c->banks);
    free(c->modules);
    free(c->depths);
    free(c->locations);
    free(c->mappings);
    free(c->threads);
    free(c->keys);
    free(c->slots);
    free(c->slot_keys);
    free(c->frames);
}

int mt_profile_from_ledger_mapped(struct mt_ledger *ledger, struct mt_profile **out, struct mt_ledger_map *map,
                                  struct mt_error *error) {
    struct mt_error given = {{0}, {0}};
    struct conversion c = {.ledger = ledger, .profile = mt_profile_new(), .map = map};
    if (map)
        *map = (struct mt_ledger_map){0};
    int rc = c.profile ? convert(&c, &given) : -MEMTRACK_ENOMEM;
    free_conversion(&c);
    if (rc == 0) {
        *out = c.profile;
        return 0;
    }
    mt_profile_free(c.profile);
    mt_ledger_map_free(map);
    if (error && given.message[0])
        *error = given;
    else if (rc == -MEMTRACK_ELIMIT)
        mt_error_set(error, MEMTRACK_ELIMIT, "The ledger is damaged, or its call paths are beyond reason.",
                     "%s: its call paths hold more than %d frames", mt_ledger_path(ledger), MAX_FRAMES);
    else
        mt_error_set(error, -rc, "Close other programs, or raise the memory limit.", "%s: could not be converted: %s",
                     mt_ledger_path(ledger), rc == -MEMTRACK_ENOMEM ? "out of memory" : "read error");
    return rc;
}

int mt_profile_from_ledger(struct mt_ledger *ledger, struct mt_profile **out, struct mt_error *error) {
    return mt_profile_from_ledger_mapped(ledger, out, NULL, error);
}

void mt_ledger_map_free(struct mt_ledger_map *map) {
    if (!map)
        return;
    free(map->sample_of_record);
    free(map->scale_of_sample);
    *map = (struct mt_ledger_map){0};
}
