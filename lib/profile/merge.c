/* SPDX-License-Identifier: MIT */
/*
 * Profiles are added one after the other, so that no two of them have to be in memory beside the
 * result. Everything in the result is found again by what it is, through tables of hashes:
 *
 *   string ─► the same text    mapping ─► path, build id, part of the file
 *   function ─► as in profile.c    location ─► mapping, address in it, lines
 *   sample ─► locations, labels
 *
 * A module lies elsewhere in each process, so addresses are moved to where the first profile had
 * it. What has no module (code made at run time) is told apart by its lines.
 *
 * A note is kept once for each program: those of a hundred compilers differ in their figures at
 * most, so digits do not count, and how many there were is said.
 */
#include "profile/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/saturate.h"
#include "profile/merge_lines.h"
#include "profile/strings.h"

enum { FIRST_SLOTS = 256 };
#define UNKNOWN UINT32_MAX

/* ---- tables ---------------------------------------------------------------------------------- */

struct table {
    uint32_t *slots; /* index + 1, 0: empty */
    uint64_t *hashes;
    size_t n, mask;
};

static int grow(struct table *table) {
    size_t n_slots = table->slots ? 2 * (table->mask + 1) : FIRST_SLOTS;
    struct table larger = {.slots = calloc(n_slots, sizeof *larger.slots),
                           .hashes = calloc(n_slots, sizeof *larger.hashes),
                           .n = table->n,
                           .mask = n_slots - 1};
    if (!larger.slots || !larger.hashes) {
        free(larger.slots);
        free(larger.hashes);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; table->slots && i <= table->mask; i++) {
        size_t slot = (size_t)table->hashes[i] & larger.mask;
        if (!table->slots[i])
            continue;
        while (larger.slots[slot])
            slot = (slot + 1) & larger.mask;
        larger.slots[slot] = table->slots[i];
        larger.hashes[slot] = table->hashes[i];
    }
    free(table->slots);
    free(table->hashes);
    *table = larger;
    return 0;
}

/* Returns the next place from *slot on that holds something of this hash, or UNKNOWN with *slot at
 * a free one. */
static uint32_t next_of(const struct table *table, uint64_t hash, size_t *slot) {
    for (; table->slots[*slot]; *slot = (*slot + 1) & table->mask)
        if (table->hashes[*slot] == hash)
            return table->slots[*slot] - 1;
    return UNKNOWN;
}

static void put(struct table *table, size_t slot, uint64_t hash, uint32_t index) {
    table->slots[slot] = index + 1;
    table->hashes[slot] = hash;
    table->n++;
}

static int make_room(struct table *table) {
    return !table->slots || 2 * table->n > table->mask ? grow(table) : 0;
}

static void free_table(struct table *table) {
    free(table->slots);
    free(table->hashes);
}

/* ---- the merge ------------------------------------------------------------------------------- */

struct note {
    mt_string text, process; /* of the first */
    uint64_t key;            /* of its program and its text without digits */
    uint32_t n;              /* processes that have it */
};

struct mt_merge {
    struct mt_profile *into;
    struct mt_merge_keep keep;
    struct mt_merge_part part; /* without add: there is none */
    struct table locations, samples;
    struct note *notes;
    size_t n_notes;
    uint32_t *ids; /* frames of the sample at hand */
    size_t ids_capacity;
    struct mt_line *lines; /* of the location at hand */
    size_t lines_capacity;
    uint32_t n_profiles;
    uint64_t n_processes; /* a profile can be a sum itself */
    bool has_main;
};

/* Where the parts of the profile that is being added are in the result. */
struct adding {
    struct mt_merge *merge;
    const struct mt_profile *from;
    uint32_t *strings, *mappings, *locations;
    uint32_t *samples; /* NULL: nobody asks */
    mt_string process;
};

struct mt_merge *mt_merge_new(const struct mt_merge_keep *keep) {
    struct mt_merge *merge = calloc(1, sizeof *merge);
    if (!merge)
        return NULL;
    merge->keep = *keep;
    merge->into = mt_profile_new();
    if (merge->into)
        return merge;
    mt_merge_free(merge);
    return NULL;
}

void mt_merge_free(struct mt_merge *merge) {
    if (!merge)
        return;
    if (merge->part.done)
        merge->part.done(merge->part.context);
    mt_profile_free(merge->into);
    free_table(&merge->locations);
    free_table(&merge->samples);
    free(merge->notes);
    free(merge->ids);
    free(merge->lines);
    free(merge);
}

void mt_merge_set_part(struct mt_merge *merge, const struct mt_merge_part *part) {
    merge->part = *part;
}

/* ---- strings, mappings ----------------------------------------------------------------------- */

static mt_string string_of(struct adding *a, mt_string string) {
    if (string >= mt_strings_count(a->from->strings))
        return 0;
    if (a->strings[string] == UNKNOWN)
        a->strings[string] = mt_profile_intern(a->merge->into, mt_profile_text(a->from, string));
    return a->strings[string];
}

mt_string mt_merge_string(const struct mt_merge_added *added, mt_string string) {
    return string_of(added->strings, string);
}

static bool is_same_mapping(const struct mt_mapping *a, const struct mt_mapping *b) {
    return a->path == b->path && a->build_id == b->build_id && a->offset == b->offset &&
           a->limit - a->start == b->limit - b->start;
}

static void note_names(struct mt_mapping *known, const struct mt_mapping *mapping) {
    known->has_functions |= mapping->has_functions;
    known->has_filenames |= mapping->has_filenames;
    known->has_line_numbers |= mapping->has_line_numbers;
    known->has_inline_frames |= mapping->has_inline_frames;
}

static int add_mapping(struct adding *a, size_t i) {
    struct mt_profile *into = a->merge->into;
    struct mt_mapping mapping = a->from->mappings[i];
    mapping.path = string_of(a, mapping.path);
    mapping.build_id = string_of(a, mapping.build_id);
    if (mapping.path == UNKNOWN || mapping.build_id == UNKNOWN)
        return -MEMTRACK_ENOMEM;
    for (size_t k = 0; k < into->n_mappings; k++)
        if (is_same_mapping(&into->mappings[k], &mapping)) {
            note_names(&into->mappings[k], &mapping);
            a->mappings[i] = (uint32_t)k;
            return 0;
        }
    int64_t index = mt_profile_add_mapping(into, &mapping);
    a->mappings[i] = (uint32_t)index;
    return index < 0 ? (int)index : 0;
}

/* ---- locations ------------------------------------------------------------------------------- */

/* Returns by how much addresses in the mapping of a location are moved. */
static uint64_t shift_of(const struct adding *a, const struct mt_location *location) {
    if (location->mapping == 0 || location->mapping > a->from->n_mappings)
        return 0;
    uint32_t mapping = location->mapping - 1;
    return a->merge->into->mappings[a->mappings[mapping]].bias - a->from->mappings[mapping].bias;
}

static int64_t add_function(struct adding *a, uint32_t index, uint64_t shift) {
    if (index >= a->from->n_functions)
        return -MEMTRACK_EFORMAT;
    struct mt_function function = a->from->functions[index];
    function.name = string_of(a, function.name);
    function.system_name = string_of(a, function.system_name);
    function.file = string_of(a, function.file);
    if (function.name == UNKNOWN || function.system_name == UNKNOWN || function.file == UNKNOWN)
        return -MEMTRACK_ENOMEM;
    if (function.address)
        function.address += shift;
    return mt_profile_add_function(a->merge->into, &function);
}

/* Brings the lines of a location to merge->lines. */
static int take_lines(struct adding *a, const struct mt_location *location, uint64_t shift) {
    struct mt_merge *merge = a->merge;
    if (location->first_line > a->from->n_lines ||
        location->n_lines > a->from->n_lines - location->first_line)
        return -MEMTRACK_EFORMAT;
    if (!mt_array_reserve(&merge->lines, &merge->lines_capacity, location->n_lines + (size_t)1,
                          sizeof *merge->lines))
        return -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < location->n_lines; i++) {
        const struct mt_line *line = &a->from->lines[location->first_line + i];
        int64_t function = add_function(a, line->function, shift);
        if (function < 0)
            return (int)function;
        merge->lines[i] = (struct mt_line){(uint32_t)function, line->line};
    }
    return 0;
}

static uint64_t location_hash(const struct mt_location *l, const struct mt_line *lines) {
    uint64_t hash = mt_hash_mix(l->mapping, l->address);
    hash = mt_hash_mix(hash, (uint64_t)l->exact << 1 | l->is_folded);
    for (uint32_t i = 0; i < l->n_lines; i++)
        hash = mt_hash_mix(mt_hash_mix(hash, lines[i].function), (uint64_t)lines[i].line);
    return hash;
}

static bool is_same_location(const struct mt_profile *p, const struct mt_location *known,
                             const struct mt_location *l, const struct mt_line *lines) {
    bool same = known->mapping == l->mapping && known->address == l->address &&
                known->exact == l->exact && known->is_folded == l->is_folded &&
                known->n_lines == l->n_lines;
    for (uint32_t i = 0; same && i < l->n_lines; i++) {
        const struct mt_line *line = &p->lines[known->first_line + i];
        same = line->function == lines[i].function && line->line == lines[i].line;
    }
    return same;
}

static int64_t append_location(struct mt_merge *merge, struct mt_location *location) {
    int64_t first = mt_profile_add_lines(merge->into, merge->lines, location->n_lines);
    location->first_line = (uint32_t)first;
    return first < 0 ? first : mt_profile_add_location(merge->into, location);
}

static int add_location(struct adding *a, size_t i) {
    struct mt_merge *merge = a->merge;
    struct mt_location location = a->from->locations[i];
    uint64_t shift = shift_of(a, &location);
    int rc = take_lines(a, &location, shift);
    if (rc == 0)
        rc = make_room(&merge->locations);
    if (rc != 0)
        return rc;
    location.address += shift;
    location.mapping = location.mapping && location.mapping <= a->from->n_mappings
                           ? a->mappings[location.mapping - 1] + 1
                           : 0;
    uint64_t hash = location_hash(&location, merge->lines);
    size_t slot = (size_t)hash & merge->locations.mask;
    uint32_t known;
    while ((known = next_of(&merge->locations, hash, &slot)) != UNKNOWN) {
        if (is_same_location(merge->into, &merge->into->locations[known], &location,
                             merge->lines)) {
            a->locations[i] = known;
            return 0;
        }
        slot = (slot + 1) & merge->locations.mask;
    }
    int64_t index = append_location(merge, &location);
    if (index < 0)
        return (int)index;
    put(&merge->locations, slot, hash, (uint32_t)index);
    a->locations[i] = (uint32_t)index;
    return 0;
}

/* ---- samples --------------------------------------------------------------------------------- */

static int take_frames(struct adding *a, const struct mt_sample *sample) {
    struct mt_merge *merge = a->merge;
    if (sample->first_frame > a->from->n_frames ||
        sample->n_frames > a->from->n_frames - sample->first_frame)
        return -MEMTRACK_EFORMAT;
    if (!mt_array_reserve(&merge->ids, &merge->ids_capacity, sample->n_frames + (size_t)1,
                          sizeof *merge->ids))
        return -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < sample->n_frames; i++) {
        uint32_t location = a->from->frames[sample->first_frame + i];
        if (location >= a->from->n_locations)
            return -MEMTRACK_EFORMAT;
        merge->ids[i] = a->locations[location];
    }
    return 0;
}

static uint64_t sample_hash(const struct mt_sample *s, const uint32_t *frames) {
    uint64_t hash = mt_hash_mix(s->thread, (uint64_t)s->process << 32 | s->scope);
    hash = mt_hash_mix(hash, (uint64_t)s->domain << 32 | s->size_class);
    hash = mt_hash_mix(hash, (uint64_t)s->n_missing << 4 | (uint64_t)s->is_base << 3 |
                                 (uint64_t)s->has_size_class << 2 | (uint64_t)s->truncated << 1 |
                                 s->lossy);
    for (uint32_t i = 0; i < s->n_frames; i++)
        hash = mt_hash_mix(hash, frames[i]);
    return hash;
}

static bool is_same_sample(const struct mt_profile *p, const struct mt_sample *known,
                           const struct mt_sample *s, const uint32_t *frames) {
    return known->thread == s->thread && known->process == s->process && known->scope == s->scope &&
           known->domain == s->domain && known->size_class == s->size_class &&
           known->has_size_class == s->has_size_class && known->truncated == s->truncated &&
           known->n_missing == s->n_missing && known->lossy == s->lossy &&
           known->is_base == s->is_base && known->n_frames == s->n_frames &&
           (s->n_frames == 0 ||
            memcmp(p->frames + known->first_frame, frames, s->n_frames * sizeof *frames) == 0);
}

static void add_values(struct mt_sample *known, const struct mt_sample *sample) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        mt_saturate_add(&known->value[v], sample->value[v]);
}

/* Returns the index of the sample, or a negative error. */
static int64_t put_sample(struct mt_merge *merge, const struct mt_sample *sample) {
    int rc = make_room(&merge->samples);
    if (rc != 0)
        return rc;
    uint64_t hash = sample_hash(sample, merge->ids);
    size_t slot = (size_t)hash & merge->samples.mask;
    uint32_t known;
    while ((known = next_of(&merge->samples, hash, &slot)) != UNKNOWN) {
        if (is_same_sample(merge->into, &merge->into->samples[known], sample, merge->ids)) {
            add_values(&merge->into->samples[known], sample);
            return known;
        }
        slot = (slot + 1) & merge->samples.mask;
    }
    int64_t index = mt_profile_add_sample(merge->into, sample, merge->ids, sample->n_frames);
    if (index >= 0)
        put(&merge->samples, slot, hash, (uint32_t)index);
    return index;
}

static int add_sample(struct adding *a, size_t i) {
    struct mt_sample sample = a->from->samples[i];
    int rc = take_frames(a, &sample);
    sample.process = a->process;
    sample.thread = a->merge->keep.threads ? string_of(a, sample.thread) : 0;
    sample.scope = string_of(a, sample.scope);
    sample.domain = string_of(a, sample.domain);
    if (sample.process == UNKNOWN || sample.thread == UNKNOWN || sample.scope == UNKNOWN ||
        sample.domain == UNKNOWN)
        rc = -MEMTRACK_ENOMEM;
    int64_t index = rc != 0 ? rc : put_sample(a->merge, &sample);
    if (index < 0)
        return (int)index;
    if (a->samples)
        a->samples[i] = (uint32_t)index;
    return 0;
}

static int add_all(struct adding *a) {
    const struct mt_profile *from = a->from;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < from->n_mappings; i++)
        rc = add_mapping(a, i);
    for (size_t i = 0; rc == 0 && i < from->n_locations; i++)
        rc = add_location(a, i);
    for (size_t i = 0; rc == 0 && i < from->n_samples; i++)
        rc = add_sample(a, i);
    return rc;
}

/* ---- info ------------------------------------------------------------------------------------ */

/* Who the process was. Texts are those of the result. */
static int take_identity(struct adding *a) {
    const struct mt_profile_info *from = &a->from->info;
    struct mt_profile_info *into = &a->merge->into->info;
    mt_string *command = calloc(from->n_command + 1, sizeof *command);
    if (!command)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < from->n_command; i++)
        command[i] = string_of(a, from->command[i]);
    free(into->command);
    into->command = command;
    into->n_command = from->n_command;
    into->n_metadata = 0;
    for (size_t i = 0; i < from->n_metadata; i++) {
        const struct mt_scope_key metadata = {string_of(a, from->metadata[i].key),
                                              string_of(a, from->metadata[i].value)};
        if (mt_profile_add_metadata(a->merge->into, &metadata) != 0)
            return -MEMTRACK_ENOMEM;
    }
    into->pid = from->pid;
    into->ppid = from->ppid;
    into->exe = string_of(a, from->exe);
    into->cwd = string_of(a, from->cwd);
    into->start_time_ns = from->start_time_ns;
    into->duration_ns = from->duration_ns;
    into->exit_known = from->exit_known;
    into->exit_code = from->exit_code;
    into->exit_signal = from->exit_signal;
    into->allocator = string_of(a, from->allocator);
    into->allocator_path = string_of(a, from->allocator_path);
    return 0;
}

static bool began_before(const struct mt_profile_info *x, const struct mt_profile_info *y) {
    return x->start_time_ns != y->start_time_ns ? x->start_time_ns < y->start_time_ns
                                                : x->pid < y->pid;
}

static void add_totals(const struct mt_profile_info *from, struct mt_profile_info *into) {
    const struct mt_totals *t = &from->totals;
    const struct mt_coverage *c = &from->coverage;
    mt_saturate_add_count(&into->totals.live_bytes, t->live_bytes);
    mt_saturate_add_count(&into->totals.live_blocks, t->live_blocks);
    mt_saturate_add_count(&into->totals.peak_bytes, t->peak_bytes);
    mt_saturate_add_count(&into->totals.peak_blocks, t->peak_blocks);
    mt_saturate_add_count(&into->totals.total_bytes, t->total_bytes);
    mt_saturate_add_count(&into->totals.total_blocks, t->total_blocks);
    mt_saturate_add_count(&into->totals.freed_bytes, t->freed_bytes);
    mt_saturate_add_count(&into->totals.freed_blocks, t->freed_blocks);
    mt_saturate_add_count(&into->totals.temporary_blocks, t->temporary_blocks);
    mt_saturate_add_count(&into->totals.failed_allocations, t->failed_allocations);
    mt_saturate_add_count(&into->coverage.unknown_frees, c->unknown_frees);
    mt_saturate_add_count(&into->coverage.dropped_events, c->dropped_events);
    mt_saturate_add_count(&into->coverage.lossy_blocks, c->lossy_blocks);
    mt_saturate_add_count(&into->coverage.truncated_stacks, c->truncated_stacks);
    mt_saturate_add_count(&into->usable_bytes, from->usable_bytes);
    mt_saturate_add_count(&into->ledger_bytes, from->ledger_bytes);
}

/* What holds of the whole when it holds of one, and what only when it holds of all. */
static void join_flags(const struct mt_profile_info *from, bool is_first,
                       struct mt_profile_info *into) {
    into->is_memtrack |= from->is_memtrack;
    into->approximate |= from->approximate;
    into->multithreaded |= from->multithreaded;
    into->partial |= from->partial;
    into->running |= from->running;
    into->exact_peak = from->exact_peak && (is_first || into->exact_peak);
    into->usable_measured = from->usable_measured && (is_first || into->usable_measured);
    into->has_size_histogram = from->has_size_histogram && (is_first || into->has_size_histogram);
    if (from->sample_bytes > into->sample_bytes)
        into->sample_bytes = from->sample_bytes;
}

static uint64_t note_key(uint64_t hash, const char *text) {
    for (; *text; text++)
        if (*text < '0' || *text > '9')
            hash = mt_hash_mix(hash, (unsigned char)*text);
    return hash;
}

/* Of several that are alike, that of the process whose label comes first stays. */
static int count_note(struct mt_merge *merge, struct note *note, const char *text,
                      const char *process) {
    note->n++;
    if (strcmp(process, mt_profile_text(merge->into, note->process)) >= 0)
        return 0;
    note->text = mt_profile_intern(merge->into, text);
    note->process = mt_profile_intern(merge->into, process);
    return note->text == UNKNOWN || note->process == UNKNOWN ? -MEMTRACK_ENOMEM : 0;
}

static int add_note(struct adding *a, const char *text, const char *process) {
    struct mt_merge *merge = a->merge;
    const char *program = strchr(process, ' ');
    size_t length = program ? strcspn(program + 1, " ") : 0;
    uint64_t key = 0;
    for (size_t i = 0; i < length; i++)
        key = mt_hash_mix(key, (unsigned char)program[1 + i]);
    key = note_key(key, text);
    for (size_t i = 0; i < merge->n_notes; i++)
        if (merge->notes[i].key == key)
            return count_note(merge, &merge->notes[i], text, process);
    if (!mt_array_grow(&merge->notes, merge->n_notes, sizeof *merge->notes))
        return -MEMTRACK_ENOMEM;
    struct note *note = &merge->notes[merge->n_notes++];
    *note = (struct note){.text = mt_profile_intern(merge->into, text),
                          .process = mt_profile_intern(merge->into, process),
                          .key = key,
                          .n = 1};
    return note->text == UNKNOWN || note->process == UNKNOWN ? -MEMTRACK_ENOMEM : 0;
}

static int join_info(struct adding *a, const char *process, bool is_main) {
    struct mt_merge *merge = a->merge;
    const struct mt_profile_info *from = &a->from->info;
    bool is_first = merge->n_profiles == 0;
    int rc = 0;
    if (is_main || is_first || (!merge->has_main && began_before(from, &merge->into->info)))
        rc = take_identity(a);
    merge->has_main |= is_main;
    add_totals(from, &merge->into->info);
    join_flags(from, is_first, &merge->into->info);
    for (size_t v = 0; v < MT_N_VALUES; v++)
        merge->into->has_value[v] |= a->from->has_value[v];
    for (size_t i = 0; rc == 0 && i < from->n_wrappers; i++) {
        rc = mt_profile_add_wrapper(merge->into, mt_profile_text(a->from, from->wrappers[i]));
        rc = rc == -MEMTRACK_ELIMIT ? 0 : rc; /* as many as fit, as in a profile of one */
    }
    for (size_t i = 0; rc == 0 && i < from->n_notes; i++)
        rc = add_note(a, mt_profile_text(a->from, from->notes[i]), process);
    return rc;
}

/* ---- whole ----------------------------------------------------------------------------------- */

static uint32_t *new_map(size_t n) {
    uint32_t *map = malloc((n + 1) * sizeof *map);
    if (map)
        memset(map, 0xff, (n + 1) * sizeof *map);
    return map;
}

static int join(struct adding *a, const char *process, bool is_main) {
    const struct mt_merge_added added = {.from = a->from,
                                         .into = a->merge->into,
                                         .samples = a->samples,
                                         .locations = a->locations,
                                         .process = process,
                                         .is_main = is_main,
                                         .strings = a};
    return a->merge->part.add(a->merge->part.context, &added);
}

int mt_merge_add(struct mt_merge *merge, const struct mt_profile *profile, const char *process,
                 bool is_main) {
    struct adding a = {.merge = merge,
                       .from = profile,
                       .strings = new_map(mt_strings_count(profile->strings)),
                       .mappings = new_map(profile->n_mappings),
                       .locations = new_map(profile->n_locations)};
    int rc = a.strings && a.mappings && a.locations ? 0 : -MEMTRACK_ENOMEM;
    if (merge->part.add && !(a.samples = new_map(profile->n_samples)))
        rc = -MEMTRACK_ENOMEM;
    if (rc == 0 && merge->keep.processes &&
        (a.process = mt_profile_intern(merge->into, process)) == UNKNOWN)
        rc = -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = join_info(&a, process, is_main);
    if (rc == 0)
        rc = add_all(&a);
    if (rc == 0 && merge->part.add)
        rc = join(&a, process, is_main);
    if (rc == 0)
        rc = mt_merge_lines_add(merge->into, profile, a.locations);
    free(a.strings);
    free(a.mappings);
    free(a.locations);
    free(a.samples);
    merge->n_profiles++;
    merge->n_processes += profile->info.n_processes ? profile->info.n_processes : 1;
    return rc;
}

static int finish_note(struct mt_profile *profile, const struct note *note) {
    const char *process = mt_profile_text(profile, note->process);
    char others[64] = "", *text;
    if (note->n > 1)
        snprintf(others, sizeof others, " and %" PRIu32 " other%s like it", note->n - 1,
                 note->n > 2 ? "s" : "");
    if (asprintf(&text, "process %s%s: %s", process, others, mt_profile_text(profile, note->text)) <
        0)
        return -MEMTRACK_ENOMEM;
    int rc = mt_profile_add_note(profile, text);
    free(text);
    return rc;
}

struct mt_profile *mt_merge_finish(struct mt_merge *merge) {
    struct mt_profile *profile = merge->n_profiles ? merge->into : NULL;
    int rc = profile ? 0 : -MEMTRACK_ENOTFOUND;
    for (size_t i = 0; rc == 0 && i < merge->n_notes; i++)
        rc = finish_note(profile, &merge->notes[i]);
    if (rc == 0 && merge->part.finish)
        rc = merge->part.finish(merge->part.context, profile);
    if (rc == 0) {
        profile->info.n_processes =
            merge->n_processes < UINT32_MAX ? (uint32_t)merge->n_processes : UINT32_MAX;
        merge->into = NULL;
    }
    mt_merge_free(merge);
    return rc == 0 ? profile : NULL;
}
