/* SPDX-License-Identifier: MIT */
/*
 * Charging a sample to a frame. From the inside out:
 *
 *   hook  allocator  allocator  library  library  USER  ...        charged: the user's frame
 *   hook  allocator  library    RUNTIME  ...                       charged: the first library frame
 *                                                                  (nobody's line asked for the C++
 *                                                                  run-time's emergency pool)
 *   hook  allocator  system  library  USER  ...                    charged: the user's frame if its
 *                                                                  source is known, or else the
 *                                                                  library of the system
 *   hook  allocator  allocator                                     charged: the innermost that is
 *                                                                  not the tracker's
 *
 *   hook  native USER  ...  managed USER  ...                      charged: managed code (managed.c)
 *
 * What a frame is depends on its function and module alone, so it is found once per entry; a
 * function's last verdict is remembered since most locations of a function lie in one module.
 * Hostile input: every index in the profile is checked here, once, and nowhere behind.
 */
#include "view/rows/frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/loop.h"
#include "view/rows/managed.h"
#include "view/rows/parts.h"
#include "view/rows/patterns.h"
#include "view/rows/system.h"

MT_LOOP_BODY static bool is_sound(const struct mt_profile *profile,
                                  const struct mt_sample *sample) {
    if (sample->first_frame > profile->n_frames ||
        sample->n_frames > profile->n_frames - sample->first_frame)
        return false;
    for (size_t k = 0; k < sample->n_frames; k++)
        if (profile->frames[sample->first_frame + k] >= profile->n_locations)
            return false;
    return true;
}

bool mt_frames_are_sound(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++)
        if (!is_sound(profile, &profile->samples[i]))
            return false;
    return true;
}

static mt_string location_module(const struct mt_profile *profile,
                                 const struct mt_location *location) {
    return location->mapping && location->mapping <= profile->n_mappings
               ? profile->mappings[location->mapping - 1].path
               : 0;
}

static uint32_t location_lines(const struct mt_profile *profile,
                               const struct mt_location *location) {
    size_t first = location->first_line, n = location->n_lines;
    return first <= profile->n_lines && n <= profile->n_lines - first ? location->n_lines : 0;
}

struct verdict { /* of a function in a module */
    mt_string module;
    uint8_t kind_plus_1; /* 0: not judged yet */
};

enum mt_frame_kind mt_frames_judge(const struct mt_frame_text *text,
                                   const struct mt_wrapper_options *wrappers) {
    enum mt_frame_kind kind = mt_wrappers_classify(text, wrappers);
    bool passes = kind == MT_FRAME_USER && !wrappers->keep_system && mt_system_has(text);
    return passes ? MT_FRAME_SYSTEM : kind;
}

static uint8_t judge(const struct mt_profile *profile, const struct mt_function *function,
                     mt_string module, const struct mt_wrapper_options *wrappers) {
    struct mt_frame_text text = {
        .function = function ? mt_profile_text(profile, function->name) : "",
        .system_name = function ? mt_profile_text(profile, function->system_name) : "",
        .file = function ? mt_profile_text(profile, function->file) : "",
        .module = mt_profile_text(profile, module)};
    return (uint8_t)mt_frames_judge(&text, wrappers);
}

static uint8_t entry_kind(const struct mt_profile *profile, const struct mt_frame_entry *entry,
                          struct verdict *verdicts, const struct mt_wrapper_options *wrappers) {
    struct verdict *verdict = &verdicts[entry->function];
    if (!verdict->kind_plus_1 || verdict->module != entry->module) {
        const struct mt_function *function =
            entry->function ? &profile->functions[entry->function - 1] : NULL;
        verdict->kind_plus_1 = (uint8_t)(judge(profile, function, entry->module, wrappers) + 1);
        verdict->module = entry->module;
    }
    return (uint8_t)(verdict->kind_plus_1 - 1);
}

static void add_entries(struct mt_frames *frames, uint32_t l) {
    const struct mt_profile *profile = frames->profile;
    const struct mt_location *location = &profile->locations[l];
    uint32_t n = location_lines(profile, location);
    mt_string module = location_module(profile, location);
    uint8_t place =
        frames->places[location->mapping <= profile->n_mappings ? location->mapping : 0];
    frames->first_entry[l] = (uint32_t)frames->n_entries;
    if (!n)
        frames->entries[frames->n_entries++] =
            (struct mt_frame_entry){.location = l, .module = module, .place = place};
    for (uint32_t i = 0; i < n; i++) {
        const struct mt_line *line = &profile->lines[location->first_line + i];
        frames->entries[frames->n_entries++] = (struct mt_frame_entry){
            .location = l,
            .function = line->function < profile->n_functions ? line->function + 1 : 0,
            .line = line->line > 0 ? line->line : 0,
            .module = module,
            .is_inlined = i + 1 < n,
            .place = place};
    }
}

static void mark_stop(struct mt_landmarks *landmarks, const struct mt_frame_entry *stop) {
    bool is_native = stop->place <= MT_MANAGED_MACHINE;
    landmarks->is_managed = !is_native && stop->kind == MT_FRAME_USER;
    landmarks->yields = is_native && stop->kind == MT_FRAME_USER &&
                        (stop->place == MT_MANAGED_MACHINE || stop->line == 0);
}

static void summarize(struct mt_frames *frames, uint32_t l) {
    struct mt_landmarks *landmarks = &frames->landmarks[l];
    *landmarks = (struct mt_landmarks){.system = MT_NO_ENTRY,
                                       .stop = MT_NO_ENTRY,
                                       .standard_library = MT_NO_ENTRY,
                                       .shown = MT_NO_ENTRY};
    for (uint32_t e = frames->first_entry[l]; e < frames->first_entry[l + 1]; e++) {
        uint8_t kind = frames->entries[e].kind;
        if (kind != MT_FRAME_HOOK && landmarks->shown == MT_NO_ENTRY)
            landmarks->shown = e;
        if ((kind == MT_FRAME_LIBRARY || kind == MT_FRAME_INTERPRETER) &&
            landmarks->standard_library == MT_NO_ENTRY)
            landmarks->standard_library = e;
        if (kind == MT_FRAME_SYSTEM && landmarks->system == MT_NO_ENTRY)
            landmarks->system = e;
        if (kind == MT_FRAME_USER || kind == MT_FRAME_RUNTIME) {
            landmarks->stop = e;
            landmarks->stop_kind = kind;
            mark_stop(landmarks, &frames->entries[e]);
            return;
        }
    }
}

static int allocate(struct mt_frames *frames, const struct mt_profile *profile) {
    size_t n_entries = 0, n = profile->n_locations;
    for (size_t l = 0; l < n; l++) {
        uint32_t lines = location_lines(profile, &profile->locations[l]);
        n_entries += lines ? lines : 1;
    }
    if (n_entries >=
        MT_NO_ENTRY) /* locations may share lines, so this is not bounded by the profile's size */
        return -MEMTRACK_ENOMEM;
    frames->entries = calloc(n_entries + 1, sizeof *frames->entries);
    frames->first_entry = calloc(n + 1, sizeof *frames->first_entry);
    frames->landmarks = calloc(n + 1, sizeof *frames->landmarks);
    frames->places = calloc(profile->n_mappings + 1, sizeof *frames->places);
    return frames->entries && frames->first_entry && frames->landmarks && frames->places
               ? 0
               : -MEMTRACK_ENOMEM;
}

/* Profiles without managed code, and those who want to see all, are spared the search for it. */
static void find_places(struct mt_frames *frames, const struct mt_wrapper_options *wrappers) {
    const struct mt_profile *profile = frames->profile;
    for (size_t m = 1; m <= profile->n_mappings; m++) {
        frames->places[m] =
            (uint8_t)mt_managed_place_of(mt_profile_text(profile, profile->mappings[m - 1].path));
        frames->passes_native |= frames->places[m] >= MT_MANAGED_CODE;
    }
    frames->passes_native &= !wrappers->keep_all && !wrappers->keep_libraries;
}

int mt_frames_init(struct mt_frames *frames, const struct mt_profile *profile,
                   const struct mt_wrapper_options *wrappers) {
    *frames = (struct mt_frames){.profile = profile};
    struct verdict *verdicts = calloc(profile->n_functions + 1, sizeof *verdicts);
    struct mt_patterns patterns;
    int status = mt_patterns_join(&patterns, wrappers, &profile, 1);
    if (status < 0 || !verdicts || allocate(frames, profile) < 0) {
        mt_patterns_free(&patterns);
        free(verdicts);
        mt_frames_free(frames);
        return -MEMTRACK_ENOMEM;
    }
    find_places(frames, wrappers);
    patterns.options.keep_system |= patterns.options.keep_libraries || patterns.options.keep_all ||
                                    !mt_system_is_own_program(profile);
    for (uint32_t l = 0; l < profile->n_locations; l++)
        add_entries(frames, l);
    frames->first_entry[profile->n_locations] = (uint32_t)frames->n_entries;
    for (size_t e = 0; e < frames->n_entries; e++)
        frames->entries[e].kind =
            entry_kind(profile, &frames->entries[e], verdicts, &patterns.options);
    for (uint32_t l = 0; l < profile->n_locations; l++)
        summarize(frames, l);
    mt_patterns_free(&patterns);
    free(verdicts);
    return 0;
}

void mt_frames_pass_on(struct mt_frames *frames, const uint8_t *functions) {
    for (uint32_t l = 0; l < frames->profile->n_locations; l++) {
        bool has_changed = false;
        for (uint32_t e = frames->first_entry[l]; e < frames->first_entry[l + 1]; e++) {
            struct mt_frame_entry *entry = &frames->entries[e];
            if (!functions[entry->function] || !mt_frames_can_be_charged(entry))
                continue;
            entry->kind = MT_FRAME_ALLOCATOR;
            has_changed = true;
        }
        if (has_changed)
            summarize(frames, l);
    }
}

void mt_frames_free(struct mt_frames *frames) {
    free(frames->entries);
    free(frames->first_entry);
    free(frames->landmarks);
    free(frames->inferred);
    free(frames->places);
    free(frames->charges);
    mt_parts_free(frames->digest);
    *frames = (struct mt_frames){0};
}

/* Returns the function of managed code that takes the charge of the native one at position i, which
 * yields it; MT_NO_ENTRY: there is none. */
static uint32_t find_managed(const struct mt_frames *frames, const struct mt_sample *sample,
                             uint32_t i, uint32_t *position) {
    const uint32_t *path = frames->profile->frames + sample->first_frame;
    for (; i < sample->n_frames; i++) {
        const struct mt_landmarks *landmarks = &frames->landmarks[path[i]];
        if (landmarks->is_managed) {
            *position = i;
            return landmarks->stop;
        }
        if (landmarks->stop != MT_NO_ENTRY && !landmarks->yields)
            break;
    }
    return MT_NO_ENTRY;
}

static uint32_t find_charged(const struct mt_frames *frames, const struct mt_sample *sample,
                             uint32_t *position) {
    const uint32_t *path = frames->profile->frames + sample->first_frame;
    uint32_t library = MT_NO_ENTRY, shown = MT_NO_ENTRY, library_position = 0, shown_position = 0;
    bool is_system = false; /* whether the library is one of the system, which says more */
    for (uint32_t i = 0; i < sample->n_frames; i++) {
        const struct mt_landmarks *landmarks = &frames->landmarks[path[i]];
        if (shown == MT_NO_ENTRY && landmarks->shown != MT_NO_ENTRY) {
            shown = landmarks->shown;
            shown_position = i;
        }
        if (library == MT_NO_ENTRY && landmarks->standard_library != MT_NO_ENTRY) {
            library = landmarks->standard_library;
            library_position = i;
        }
        if (!is_system && landmarks->system != MT_NO_ENTRY) {
            library = landmarks->system;
            library_position = i;
            is_system = true;
        }
        if (landmarks->stop == MT_NO_ENTRY)
            continue;
        if (landmarks->stop_kind == MT_FRAME_RUNTIME && library != MT_NO_ENTRY)
            break;
        uint32_t managed = frames->passes_native && landmarks->yields
                               ? find_managed(frames, sample, i + 1, position)
                               : MT_NO_ENTRY;
        if (managed != MT_NO_ENTRY)
            return managed;
        if (is_system && !mt_frames_file(frames, &frames->entries[landmarks->stop]))
            break;
        *position = i;
        return landmarks->stop;
    }
    *position = library != MT_NO_ENTRY ? library_position : shown_position;
    return library != MT_NO_ENTRY ? library : shown;
}

uint32_t mt_frames_charged(const struct mt_frames *frames, const struct mt_sample *sample,
                           uint32_t *position) {
    if (!frames->charges)
        return find_charged(frames, sample, position);
    const struct mt_charge *charge = &frames->charges[sample - frames->profile->samples];
    *position = charge->position;
    return charge->entry;
}

int mt_frames_remember(struct mt_frames *frames) {
    const struct mt_profile *profile = frames->profile;
    struct mt_charge *charges = malloc((profile->n_samples + 1) * sizeof *charges);
    if (!charges)
        return -MEMTRACK_ENOMEM;
    for (size_t s = 0; s < profile->n_samples; s++) {
        charges[s].position = 0;
        charges[s].entry = find_charged(frames, &profile->samples[s], &charges[s].position);
    }
    frames->charges = charges;
    return 0;
}

uint32_t mt_frames_passed_over(const struct mt_frames *frames, const struct mt_sample *sample,
                               uint32_t charged, uint32_t position) {
    const uint32_t *path = frames->profile->frames + sample->first_frame;
    for (uint32_t i = 0; i <= position && i < sample->n_frames; i++) {
        uint32_t entry = frames->landmarks[path[i]].system;
        if (entry != MT_NO_ENTRY)
            return entry == charged ? MT_NO_ENTRY : entry;
    }
    return MT_NO_ENTRY;
}

bool mt_frames_walk_begin(struct mt_frames_walk *walk, const struct mt_frames *frames,
                          const struct mt_sample *sample) {
    uint32_t position = 0, charged = mt_frames_charged(frames, sample, &position);
    if (charged == MT_NO_ENTRY)
        return false;
    const uint32_t *path = frames->profile->frames + sample->first_frame;
    *walk = (struct mt_frames_walk){
        .frames = frames,
        .path = path + position,
        .end = path + sample->n_frames,
        .entry = charged,
        .hides_interpreter = frames->entries[charged].kind != MT_FRAME_INTERPRETER,
    };
    return true;
}

uint32_t mt_frames_walk_next(struct mt_frames_walk *walk) {
    const struct mt_frames *frames = walk->frames;
    while (walk->path < walk->end) {
        if (walk->entry == frames->first_entry[*walk->path + 1]) {
            if (++walk->path < walk->end)
                walk->entry = frames->first_entry[*walk->path];
            continue;
        }
        uint32_t e = walk->entry++;
        uint8_t kind = frames->entries[e].kind;
        if (kind != MT_FRAME_HOOK && (kind != MT_FRAME_INTERPRETER || !walk->hides_interpreter))
            return e;
    }
    return MT_NO_ENTRY;
}

bool mt_frames_is_nameless(const struct mt_frames *frames, const struct mt_frame_entry *entry) {
    const struct mt_function *function = mt_frames_function(frames, entry);
    return !function || (!function->system_name && !function->file &&
                         strncmp(mt_profile_text(frames->profile, function->name), "sub_", 4) == 0);
}

bool mt_frames_can_be_charged(const struct mt_frame_entry *entry) {
    return entry->kind == MT_FRAME_USER || entry->kind == MT_FRAME_SYSTEM;
}

const struct mt_function *mt_frames_function(const struct mt_frames *frames,
                                             const struct mt_frame_entry *entry) {
    return entry->function ? &frames->profile->functions[entry->function - 1] : NULL;
}

mt_string mt_frames_function_name(const struct mt_frames *frames,
                                  const struct mt_frame_entry *entry) {
    const struct mt_function *function = mt_frames_function(frames, entry);
    return function ? function->name : 0;
}

mt_string mt_frames_file(const struct mt_frames *frames, const struct mt_frame_entry *entry) {
    const struct mt_function *function = mt_frames_function(frames, entry);
    return function ? function->file : 0;
}

uint64_t mt_frames_module_address(const struct mt_frames *frames,
                                  const struct mt_frame_entry *entry) {
    const struct mt_profile *profile = frames->profile;
    const struct mt_location *location = &profile->locations[entry->location];
    if (!location->mapping || location->mapping > profile->n_mappings)
        return location->address;
    return location->address - profile->mappings[location->mapping - 1].bias;
}

uint64_t mt_frames_function_offset(const struct mt_frames *frames,
                                   const struct mt_frame_entry *entry) {
    const struct mt_function *function = mt_frames_function(frames, entry);
    uint64_t address = frames->profile->locations[entry->location].address;
    return function && function->address && function->address <= address
               ? address - function->address
               : UINT64_MAX;
}
