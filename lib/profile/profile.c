/* SPDX-License-Identifier: MIT */
/*
 * The profile model: plain arrays that double as they grow, so that a pass over 300,000 samples is
 * a walk through memory and an element costs nothing beside its struct. Frames of all samples share
 * one array (a pointer per sample would cost more than the shorter stacks). Functions alone are
 * deduplicated here, through an index beside the array, because symbolizing meets each of them
 * thousands of times; mappings, locations and samples are unique by where they come from.
 */
#include "profile/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "profile/strings.h"

enum { FIRST_SLOTS = 128 };

struct mt_function_index {
    uint32_t *slots; /* function index + 1, 0: empty */
    size_t mask;
};

static void free_info(struct mt_profile_info *info) {
    free(info->command);
    free(info->metadata);
    free(info->notes);
    free(info->wrappers);
    free(info->allocator_stats);
    free(info->threads);
    free(info->ticks);
    free(info->changes);
    free(info->marks);
    free(info->ages);
    mt_profile_scopes_free(&info->scopes);
    mt_profile_lines_free(&info->lines);
}

void mt_profile_free(struct mt_profile *profile) {
    if (!profile)
        return;
    mt_strings_free(profile->strings);
    if (profile->function_index) {
        free(profile->function_index->slots);
        free(profile->function_index);
    }
    free(profile->mappings);
    free(profile->functions);
    free(profile->lines);
    free(profile->locations);
    free(profile->frames);
    free(profile->samples);
    free(profile->line_texts.items);
    free_info(&profile->info);
    for (size_t i = 0; i < profile->n_members; i++) {
        profile->members[i]->strings = NULL; /* these are the whole's */
        mt_profile_free(profile->members[i]);
    }
    free(profile->members);
    free(profile);
}

mt_string mt_profile_intern(struct mt_profile *profile, const char *text) {
    return mt_strings_intern(profile->strings, text, strlen(text));
}

mt_string mt_profile_intern_n(struct mt_profile *profile, const char *text, size_t bytes) {
    return mt_strings_intern(profile->strings, text, bytes);
}

const char *mt_profile_text(const struct mt_profile *profile, mt_string string) {
    return mt_strings_text(profile->strings, string);
}

/* Makes room for n more elements behind *array, which holds count of them. The element's size is
 * in bytes. */
static int reserve(void *array, size_t *capacity, size_t count, size_t n, size_t element_bytes) {
    if (n > UINT32_MAX - 1 || count > UINT32_MAX - 1 - n)
        return -MEMTRACK_ELIMIT;
    return mt_array_reserve(array, capacity, count + n, element_bytes) ? 0 : -MEMTRACK_ENOMEM;
}

#define RESERVE(profile, array, n)                                                                 \
    reserve(&(profile)->array, &(profile)->capacity.array, (profile)->n_##array, (n),              \
            sizeof *(profile)->array)

/* No array of a profile is NULL, however empty: "lines + location->first_line" is then always a
 * pointer into one, which it would not be with NULL (adding 0 to NULL is undefined). */
static int reserve_first(struct mt_profile *profile) {
    return RESERVE(profile, mappings, 1) < 0 || RESERVE(profile, functions, 1) < 0 ||
                   RESERVE(profile, lines, 1) < 0 || RESERVE(profile, locations, 1) < 0 ||
                   RESERVE(profile, frames, 1) < 0 || RESERVE(profile, samples, 1) < 0
               ? -MEMTRACK_ENOMEM
               : 0;
}

struct mt_profile *mt_profile_add_member(struct mt_profile *profile) {
    if (!mt_array_grow(&profile->members, profile->n_members, sizeof(struct mt_profile *)))
        return NULL;
    struct mt_profile *member = calloc(1, sizeof *member);
    if (!member)
        return NULL;
    member->strings = profile->strings;
    if (reserve_first(member) < 0) {
        member->strings = NULL;
        mt_profile_free(member);
        return NULL;
    }
    profile->members[profile->n_members++] = member;
    return member;
}

struct mt_profile *mt_profile_new(void) {
    struct mt_profile *profile = calloc(1, sizeof *profile);
    if (!profile)
        return NULL;
    profile->strings = mt_strings_new();
    profile->function_index = calloc(1, sizeof *profile->function_index);
    if (!profile->strings || !profile->function_index || reserve_first(profile) < 0) {
        mt_profile_free(profile);
        return NULL;
    }
    return profile;
}

int mt_profile_reserve_frames(struct mt_profile *profile, size_t n) {
    return RESERVE(profile, frames, n);
}

void mt_profile_expect(struct mt_profile *profile, size_t n_samples, size_t n_frames) {
    (void)RESERVE(profile, frames, n_frames);
    (void)RESERVE(profile, samples, n_samples);
}

int64_t mt_profile_add_mapping(struct mt_profile *profile, const struct mt_mapping *mapping) {
    int status = RESERVE(profile, mappings, 1);
    if (status < 0)
        return status;
    profile->mappings[profile->n_mappings] = *mapping;
    return (int64_t)profile->n_mappings++;
}

static size_t function_hash(const struct mt_function *function) {
    uint64_t hash = mt_hash_mix(0, function->name); /* not of both at once: they are mostly equal */
    hash = mt_hash_mix(hash, function->system_name);
    hash = mt_hash_mix(hash, function->file);
    hash = mt_hash_mix(hash, (uint64_t)function->start_line);
    hash = mt_hash_mix(hash, function->address);
    return (size_t)hash;
}

static bool function_equal(const struct mt_function *a, const struct mt_function *b) {
    return a->name == b->name && a->system_name == b->system_name && a->file == b->file &&
           a->start_line == b->start_line && a->address == b->address;
}

static int grow_function_index(struct mt_profile *profile) {
    struct mt_function_index *index = profile->function_index;
    size_t n_slots = index->slots ? (index->mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; index->slots && i <= index->mask; i++) {
        if (!index->slots[i])
            continue;
        size_t slot = function_hash(&profile->functions[index->slots[i] - 1]) & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = index->slots[i];
    }
    free(index->slots);
    index->slots = slots;
    index->mask = n_slots - 1;
    return 0;
}

int mt_profile_index_functions(struct mt_profile *profile) {
    struct mt_function_index *index = profile->function_index;
    size_t n_slots = FIRST_SLOTS;
    while (n_slots <= 2 * profile->n_functions)
        n_slots *= 2;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < profile->n_functions; i++) {
        size_t slot = function_hash(&profile->functions[i]) & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = i + 1;
    }
    free(index->slots);
    index->slots = slots;
    index->mask = n_slots - 1;
    return 0;
}

int64_t mt_profile_add_function(struct mt_profile *profile, const struct mt_function *function) {
    struct mt_function_index *index = profile->function_index;
    if (!index->slots || profile->n_functions * 2 > index->mask) {
        int status = grow_function_index(profile);
        if (status < 0)
            return status;
    }
    size_t slot = function_hash(function) & index->mask;
    for (; index->slots[slot]; slot = (slot + 1) & index->mask)
        if (function_equal(&profile->functions[index->slots[slot] - 1], function))
            return index->slots[slot] - 1;
    int status = RESERVE(profile, functions, 1);
    if (status < 0)
        return status;
    profile->functions[profile->n_functions] = *function;
    index->slots[slot] = (uint32_t)++profile->n_functions;
    return (int64_t)profile->n_functions - 1;
}

int64_t mt_profile_add_lines(struct mt_profile *profile, const struct mt_line *lines, size_t n) {
    int status = RESERVE(profile, lines, n);
    if (status < 0)
        return status;
    if (n)
        memcpy(&profile->lines[profile->n_lines], lines, n * sizeof *lines);
    profile->n_lines += n;
    return (int64_t)(profile->n_lines - n);
}

int64_t mt_profile_add_location(struct mt_profile *profile, const struct mt_location *location) {
    int status = RESERVE(profile, locations, 1);
    if (status < 0)
        return status;
    profile->locations[profile->n_locations] = *location;
    return (int64_t)profile->n_locations++;
}

int64_t mt_profile_add_sample(struct mt_profile *profile, const struct mt_sample *sample,
                              const uint32_t *frames, size_t n_frames) {
    int status = RESERVE(profile, frames, n_frames);
    if (status == 0)
        status = RESERVE(profile, samples, 1);
    if (status < 0)
        return status;
    if (n_frames && frames != profile->frames + profile->n_frames)
        memcpy(&profile->frames[profile->n_frames], frames, n_frames * sizeof *frames);
    struct mt_sample *added = &profile->samples[profile->n_samples];
    *added = *sample;
    added->first_frame = (uint32_t)profile->n_frames;
    added->n_frames = (uint32_t)n_frames;
    profile->n_frames += n_frames;
    return (int64_t)profile->n_samples++;
}

int mt_profile_add_note(struct mt_profile *profile, const char *text) {
    struct mt_profile_info *info = &profile->info;
    mt_string note = mt_profile_intern(profile, text);
    if (note == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < info->n_notes; i++)
        if (info->notes[i] == note)
            return 0;
    if (!mt_array_grow(&info->notes, info->n_notes, sizeof *info->notes))
        return -MEMTRACK_ENOMEM;
    info->notes[info->n_notes++] = note;
    return 0;
}

int mt_profile_add_wrapper(struct mt_profile *profile, const char *pattern) {
    struct mt_profile_info *info = &profile->info;
    if (!*pattern)
        return 0;
    mt_string wrapper = mt_profile_intern(profile, pattern);
    if (wrapper == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < info->n_wrappers; i++)
        if (info->wrappers[i] == wrapper)
            return 0;
    if (info->n_wrappers == MT_PROFILE_WRAPPERS || strlen(pattern) > MT_PROFILE_WRAPPER_BYTES)
        return -MEMTRACK_ELIMIT;
    if (!mt_array_grow(&info->wrappers, info->n_wrappers, sizeof *info->wrappers))
        return -MEMTRACK_ENOMEM;
    info->wrappers[info->n_wrappers++] = wrapper;
    return 0;
}

int mt_profile_add_mark(struct mt_profile *profile, uint64_t time_ns, const char *name,
                        enum mt_mark_kind kind) {
    struct mt_profile_info *info = &profile->info;
    mt_string text = mt_profile_intern(profile, name);
    if (text == UINT32_MAX || !mt_array_grow(&info->marks, info->n_marks, sizeof *info->marks))
        return -MEMTRACK_ENOMEM;
    info->marks[info->n_marks++] = (struct mt_mark){.time_ns = time_ns, .name = text, .kind = kind};
    return 0;
}

int mt_profile_add_metadata(struct mt_profile *profile, const struct mt_scope_key *metadata) {
    struct mt_profile_info *info = &profile->info;
    if (!mt_array_grow(&info->metadata, info->n_metadata, sizeof *info->metadata))
        return -MEMTRACK_ENOMEM;
    info->metadata[info->n_metadata++] = *metadata;
    return 0;
}

static uint64_t column_sum(const struct mt_profile *profile, enum mt_value value) {
    int64_t sum = 0;
    for (size_t i = 0; i < profile->n_samples; i++)
        if (__builtin_add_overflow(sum, profile->samples[i].value[value], &sum))
            return INT64_MAX;
    return sum > 0 ? (uint64_t)sum : 0; /* a profile of differences can sum to less than nothing */
}

void mt_profile_sum_totals(struct mt_profile *profile) {
    struct mt_totals *totals = &profile->info.totals;
    totals->live_bytes = column_sum(profile, MT_VALUE_LIVE_BYTES);
    totals->live_blocks = column_sum(profile, MT_VALUE_LIVE_BLOCKS);
    totals->peak_bytes = column_sum(profile, MT_VALUE_PEAK_BYTES);
    totals->peak_blocks = column_sum(profile, MT_VALUE_PEAK_BLOCKS);
    totals->total_bytes = column_sum(profile, MT_VALUE_TOTAL_BYTES);
    totals->total_blocks = column_sum(profile, MT_VALUE_TOTAL_BLOCKS);
    totals->temporary_blocks = column_sum(profile, MT_VALUE_TEMPORARY_BLOCKS);
    if (totals->total_bytes >= totals->live_bytes && totals->total_blocks >= totals->live_blocks) {
        totals->freed_bytes = totals->total_bytes - totals->live_bytes;
        totals->freed_blocks = totals->total_blocks - totals->live_blocks;
    }
}

const char *mt_profile_no_axis_hint(const struct mt_profile *profile) {
    if (!profile->info.is_memtrack)
        return "Another tool wrote it, without one. Record a run instead: memtrack run PROG.";
    if (profile->info.running)
        return "Nobody kept its past: memtrack run does, and memtrack serve PID from then on.";
    return "It was made of a ledger or a snapshot, which have none.";
}
